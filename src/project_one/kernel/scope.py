"""Whose rows a session sees. Pure."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Scope:
    """For whom a session of the api login reads and writes; the policies of the tables read it. Nobody: no rows at all."""

    tenant: UUID | None = None
    is_staff: bool = False
