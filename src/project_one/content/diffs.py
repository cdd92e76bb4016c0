"""What changed between two texts, word by word. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

_WORD = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True)
class Change:
    """`text` stands in both, only in the newer or only in the older text."""

    op: Literal["equal", "insert", "delete"]
    text: str


def word_diff(older: str, newer: str) -> list[Change]:
    """The way from `older` to `newer`; the parts that are not deleted spell `newer`, those not inserted `older`."""
    before, now = _words(older), _words(newer)
    changes: list[Change] = []
    for op, from_a, to_a, from_b, to_b in SequenceMatcher(None, before, now, autojunk=False).get_opcodes():
        gone, come = "".join(before[from_a:to_a]), "".join(now[from_b:to_b])
        if op == "equal":
            changes.append(Change("equal", come))
            continue
        changes += [item for item in (Change("delete", gone), Change("insert", come)) if item.text]
    return changes


def _words(text: str) -> list[str]:
    """Pieces that join to the text again; a letter keeps its marks, which are no word characters in Devanagari."""
    pieces: list[str] = []
    for piece in _pieces(text):
        is_mark = len(piece) == 1 and not piece.isspace() and not piece.isalnum() and "ऀ" <= piece <= "ॿ"
        glues = pieces and (is_mark or (_ends_in_mark(pieces[-1]) and piece[0].isalnum()))
        if glues and piece not in {"।", "॥"}:
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return pieces


def _pieces(text: str) -> Iterator[str]:
    return (match.group() for match in _WORD.finditer(text))


def _ends_in_mark(piece: str) -> bool:
    last = piece[-1]
    return "ऀ" <= last <= "ॿ" and not last.isalnum() and last not in {"।", "॥"}
