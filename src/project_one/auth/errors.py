"""What auth refuses."""

from project_one.kernel.errors import DomainError, Kind


class NotAuthenticatedError(DomainError):
    code = "auth.not-authenticated"
    kind = Kind.UNAUTHENTICATED
    title = "Not authenticated"


class NotPermittedError(DomainError):
    code = "auth.not-permitted"
    kind = Kind.FORBIDDEN
    title = "Not permitted"
