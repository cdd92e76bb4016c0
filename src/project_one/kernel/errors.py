"""Refusals. A room declares one class per thing it refuses; an edge turns it into a status or an exit code."""

from enum import StrEnum
from typing import ClassVar

from project_one.kernel.canonical import Json


class Kind(StrEnum):
    """What sort of refusal it is; `problems.py` knows the HTTP status of each."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not-found"
    CONFLICT = "conflict"
    UNAVAILABLE = "unavailable"
    STALE = "stale"
    VERSION_MISSING = "version-missing"
    TOO_LARGE = "too-large"


class DomainError(Exception):
    """A refusal with a stable code. `detail` tells the reader what is wrong and what to do; `facts` never hold personal data."""

    code: ClassVar[str]
    kind: ClassVar[Kind]
    title: ClassVar[str]

    def __init__(self, detail: str, **facts: Json) -> None:
        super().__init__(detail)
        self.detail = detail
        self.facts = facts


def documented_errors() -> list[type[DomainError]]:
    """Every concrete refusal the imported rooms declare, by code."""
    found: list[type[DomainError]] = []
    waiting = list(DomainError.__subclasses__())
    while waiting:
        cls = waiting.pop()
        waiting.extend(cls.__subclasses__())
        if "code" in vars(cls):
            found.append(cls)
    return sorted(found, key=lambda cls: cls.code)
