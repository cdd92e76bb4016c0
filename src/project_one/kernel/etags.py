"""Who edits names the version she read: `ETag` out, `If-Match` in."""

from typing import Annotated

from fastapi import Header

from project_one.kernel.errors import DomainError, Kind

IfMatch = Annotated[
    str | None, Header(alias="If-Match", max_length=64, description="The `ETag` of what you read, quotes included.")
]


class VersionMissingError(DomainError):
    code = "request.if-match-missing"
    kind = Kind.VERSION_MISSING
    title = "Version missing"


class VersionStaleError(DomainError):
    code = "request.version-stale"
    kind = Kind.STALE
    title = "Changed meanwhile"


def etag(version: int) -> str:
    return f'"{version}"'


def require_match(if_match: str | None, version: int) -> None:
    """Raises VersionMissingError without a version, VersionStaleError when the row has moved on."""
    if if_match is None:
        message = "Send the ETag of the version you read as If-Match."
        raise VersionMissingError(message)
    if if_match.strip() != etag(version):
        message = "Somebody changed it after you read it; read it again and repeat your change."
        raise VersionStaleError(message)
