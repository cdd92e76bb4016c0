"""An advisor held against her line in a public register. Pure."""

import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from project_one.vocabulary.domain import Capacity

_TITLES = frozenset({"mr", "mrs", "ms", "miss", "dr", "shri", "smt", "kum", "prof"})
_SPELLINGS = {"pvt": "private", "ltd": "limited", "co": "company", "and": "&"}


class Register(StrEnum):
    AMFI = "amfi"
    SEBI_IA = "sebi-ia"
    SEBI_RA = "sebi-ra"


CAPACITY_OF = {Register.AMFI: Capacity.MFD, Register.SEBI_IA: Capacity.IA, Register.SEBI_RA: Capacity.RA}
REGISTER_OF = {capacity: register for register, capacity in CAPACITY_OF.items()}


class MatchResult(StrEnum):
    MATCHED = "matched"
    NAME_DIFFERS = "name-differs"
    NOT_FOUND = "not-found"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Entry:
    """A line of a register. `valid_until`: None for perpetual or not shown; `row_hash`: of the line as it came."""

    number: str
    name: str
    trade_name: str
    city: str
    valid_from: date | None
    valid_until: date | None
    row_hash: str


@dataclass(frozen=True)
class Snapshot:
    """A register as imported, and the day it showed."""

    snapshot_id: UUID
    register: Register
    as_of: date


def words(name: str) -> frozenset[str]:
    """The words of a name without case, accents, titles and punctuation; order does not count."""
    folded = unicodedata.normalize("NFKC", name).casefold().replace("m/s", " ")
    kept = "".join(char if unicodedata.category(char)[0] in "LMN" or char == "&" else " " for char in folded)
    return frozenset(_SPELLINGS.get(word, word) for word in kept.split()) - _TITLES


def match(registered_name: str, entry: Entry | None, today: date) -> MatchResult:
    """The number has been compared exactly; `entry` is what the register shows under it. A trade name is no registered name."""
    if entry is None:
        return MatchResult.NOT_FOUND
    if entry.valid_until is not None and entry.valid_until < today:
        return MatchResult.EXPIRED
    return MatchResult.MATCHED if words(registered_name) == words(entry.name) else MatchResult.NAME_DIFFERS
