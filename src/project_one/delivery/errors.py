"""What delivery refuses."""

from project_one.kernel.errors import DomainError, Kind


class MorningUnknownError(DomainError):
    code = "delivery.morning-unknown"
    kind = Kind.NOT_FOUND
    title = "Unknown morning"


class MorningAlreadyReleasedError(DomainError):
    code = "delivery.morning-already-released"
    kind = Kind.CONFLICT
    title = "Morning already released"


class MorningNotStoppedError(DomainError):
    code = "delivery.morning-not-stopped"
    kind = Kind.CONFLICT
    title = "Morning not stopped"


class MessageUnknownError(DomainError):
    code = "delivery.message-unknown"
    kind = Kind.NOT_FOUND
    title = "No message"


class CertificateUnknownError(DomainError):
    code = "delivery.certificate-unknown"
    kind = Kind.NOT_FOUND
    title = "No certificate"


class RangeInvalidError(DomainError):
    code = "delivery.range-invalid"
    kind = Kind.INVALID
    title = "Not a range of dates"
