"""What auth refuses."""

from project_one.kernel.errors import DomainError, Kind


class NotAuthenticatedError(DomainError):
    code = "auth.not-authenticated"
    kind = Kind.UNAUTHENTICATED
    title = "Not authenticated"


class TokenForgedError(NotAuthenticatedError):
    code = "auth.token-forged"
    title = "Token not genuine"


class TokenExpiredError(NotAuthenticatedError):
    code = "auth.token-expired"
    title = "Token expired"


class TokenEarlyError(NotAuthenticatedError):
    code = "auth.token-early"
    title = "Token not valid yet"


class TokenPartyError(NotAuthenticatedError):
    code = "auth.token-party"
    title = "Token of another application"


class TokenPendingError(NotAuthenticatedError):
    code = "auth.token-pending"
    title = "Sign-up not complete"


class TokenVersionError(NotAuthenticatedError):
    code = "auth.token-version"
    title = "Token of another version"


class SessionRevokedError(NotAuthenticatedError):
    code = "auth.session-revoked"
    title = "Session revoked"


class AccountClosedError(NotAuthenticatedError):
    code = "auth.account-closed"
    title = "Account closed"


class KeyInvalidError(NotAuthenticatedError):
    code = "auth.key-invalid"
    title = "API key not valid"


class KeyExpiredError(NotAuthenticatedError):
    code = "auth.key-expired"
    title = "API key expired"


class SigningKeysUnavailableError(DomainError):
    code = "auth.signing-keys-unavailable"
    kind = Kind.UNAVAILABLE
    title = "Sign-in not available"


class NotPermittedError(DomainError):
    code = "auth.not-permitted"
    kind = Kind.FORBIDDEN
    title = "Not permitted"


class SeatNeededError(NotPermittedError):
    code = "auth.seat-needed"
    title = "No seat in the firm"


class KeyUnknownError(DomainError):
    code = "auth.key-unknown"
    kind = Kind.NOT_FOUND
    title = "Unknown API key"


class KeyLifetimeError(DomainError):
    code = "auth.key-lifetime"
    kind = Kind.INVALID
    title = "API key lives too long"


class StaffRoleInvalidError(DomainError):
    code = "auth.staff-role-invalid"
    kind = Kind.INVALID
    title = "Not a role of staff"


class UserClosedError(DomainError):
    code = "auth.user-closed"
    kind = Kind.CONFLICT
    title = "The user is deleted"


class MemberAlreadyError(DomainError):
    code = "auth.member-already"
    kind = Kind.CONFLICT
    title = "Already a member of a firm"
