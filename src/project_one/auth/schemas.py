"""HTTP bodies of access."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from project_one.auth.domain import Permission, Role

Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500), Field(examples=["Laptop was stolen."])
]
KeyName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80, pattern=r"^[^\x00-\x1f]*$"),
    Field(examples=["Monthly report"]),
]


class Scope(StrEnum):
    """What an API key may be given."""

    EXPORT = Permission.EXPORT.value
    DELIVERY_READ = Permission.DELIVERY_READ.value
    PACK_READ = Permission.PACK_READ.value


class MeOut(BaseModel):
    """`actor`: how the audit trail names you. `firm_id`: the firm you act for, null for staff and the unaffiliated.

    `waits_for_seat`: your firm has more members than seats; you act for it once one comes free.
    """

    actor: str = Field(examples=["user:019373e2-0000-7000-8000-000000000001"])
    user_id: UUID | None
    firm_id: UUID | None
    is_staff: bool
    roles: list[Role] = Field(examples=[["reviewer"]])
    permissions: list[Permission] = Field(examples=[["content:pack:read", "content:pack:review"]])
    session_id: str | None = Field(examples=["sess_2g7np7Hrk0SN6kj5EDMLDaKNL0S"])
    waits_for_seat: bool


class RevokeIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Reason


class RevokedOut(BaseModel):
    session_id: str = Field(examples=["sess_2g7np7Hrk0SN6kj5EDMLDaKNL0S"])
    is_revoked: bool


class KeyIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: KeyName
    scopes: Annotated[set[Scope], Field(min_length=1, examples=[["export:own", "delivery:message:read"]])]
    expires_at: Annotated[
        AwareDatetime, Field(description="At most a year ahead.", examples=["2027-06-30T18:30:00+00:00"])
    ]


class KeyOut(BaseModel):
    """`prefix`: how the key begins, to tell keys apart."""

    id: UUID
    name: str = Field(examples=["Monthly report"])
    prefix: str = Field(examples=["p1_Xb72kQwz"])
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


class MadeKeyOut(KeyOut):
    """`key`: shown this once and never again."""

    key: str = Field(examples=["p1_Xb72kQwzN6kj5EDMLDaKNL0SXb72kQwzN6kj5EDMLDa"])
