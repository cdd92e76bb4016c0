"""An answer before it takes the shape of one of the two doors."""

from dataclasses import dataclass
from enum import StrEnum

from project_one_sandbox.openai import tokens
from project_one_sandbox.openai.answering import REFUSED, written
from project_one_sandbox.openai.asked import EFFORTS, Asked
from project_one_sandbox.openai.catalogue import Model, Usage
from project_one_sandbox.openai.faults import Hits, Kind


class End(StrEnum):
    """How it ended. `LENGTH`: in the middle; `FILTER`: by the vendor's filter."""

    WHOLE = "whole"
    LENGTH = "length"
    FILTER = "filter"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Reply:
    """`id`: without the door's prefix. `text`: None where there is a refusal instead. `usage`: None where nothing is billed."""

    id: str
    created: int
    model: str
    text: str | None
    refusal: str | None
    end: End
    usage: Usage | None
    request_id: str

    @property
    def said(self) -> str:
        return self.text or self.refusal or ""


@dataclass(frozen=True, slots=True)
class Said:
    text: str | None
    refusal: str | None
    end: End
    output: int
    reasoning: int


def say(asked: Asked, model: Model, hits: Hits, seed: int) -> Said:
    """What is said within the cap, and the tokens it took. Reasoning comes first and counts."""
    reasoning = EFFORTS[asked.effort or "medium"] if model.is_reasoning else 0
    cap = model.most_output if asked.cap is None else asked.cap
    reasoning = min(reasoning, cap)
    room = cap - reasoning
    if hits.has(Kind.FAILED):
        return Said("", None, End.FAILED, 0, 0)
    if hits.has(Kind.FILTER):
        return Said("", None, End.FILTER, reasoning, reasoning)
    if hits.has(Kind.INCOMPLETE):
        return Said("", None, End.LENGTH, reasoning, reasoning)
    if hits.has(Kind.REFUSAL):
        return Said(None, REFUSED, End.WHOLE, reasoning + min(room, tokens.estimate(REFUSED)), reasoning)
    text = written(asked, hits, seed)
    wanted = tokens.estimate(text)
    if hits.has(Kind.TRUNCATED):
        room = min(room, max(1, wanted // 2))
    if wanted <= room:
        return Said(text, None, End.WHOLE, reasoning + wanted, reasoning)
    return Said(tokens.cut(text, room), None, End.LENGTH, reasoning + room, reasoning)
