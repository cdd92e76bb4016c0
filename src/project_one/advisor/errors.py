"""What the advisor room refuses."""

from project_one.kernel.errors import DomainError, Kind


class AdvisorUnknownError(DomainError):
    code = "advisor.unknown"
    kind = Kind.NOT_FOUND
    title = "Unknown advisor"


class NumberInvalidError(DomainError):
    code = "advisor.registration-number-invalid"
    kind = Kind.INVALID
    title = "Not a registration number"


class PhoneInvalidError(DomainError):
    code = "advisor.phone-invalid"
    kind = Kind.INVALID
    title = "Not an Indian mobile number"


class AccountNeededError(DomainError):
    code = "advisor.account-needed"
    kind = Kind.FORBIDDEN
    title = "An account is needed"


class FirmExistsError(DomainError):
    code = "advisor.firm-exists"
    kind = Kind.CONFLICT
    title = "You have a firm already"


class NumberTakenError(DomainError):
    code = "advisor.registration-number-taken"
    kind = Kind.CONFLICT
    title = "Registration number is registered already"


class PhoneTakenError(DomainError):
    code = "advisor.phone-taken"
    kind = Kind.CONFLICT
    title = "Phone belongs to another advisor"


class RegistrationStateError(DomainError):
    code = "advisor.registration-state"
    kind = Kind.CONFLICT
    title = "Not possible in this state"


class EvidenceMissingError(DomainError):
    code = "advisor.evidence-missing"
    kind = Kind.CONFLICT
    title = "Evidence is missing"


class EntitlementError(DomainError):
    code = "advisor.not-in-tier"
    kind = Kind.FORBIDDEN
    title = "Not part of the booked tier"


class TierNeededError(EntitlementError):
    code = "advisor.tier-needed"
    title = "A larger tier is needed"


class DocumentUnknownError(DomainError):
    code = "advisor.document-unknown"
    kind = Kind.NOT_FOUND
    title = "Unknown document"


class DocumentInvalidError(DomainError):
    code = "advisor.document-invalid"
    kind = Kind.INVALID
    title = "Not a PDF, JPEG or PNG"


class DocumentTooLargeError(DomainError):
    code = "advisor.document-too-large"
    kind = Kind.TOO_LARGE
    title = "Document too large"


class DocumentGoneError(DomainError):
    code = "advisor.document-gone"
    kind = Kind.UNAVAILABLE
    title = "Document cannot be opened"


class DocumentStorageAwayError(DomainError):
    code = "advisor.document-storage-away"
    kind = Kind.UNAVAILABLE
    title = "Document storage away"


class RegisterUnreadableError(DomainError):
    code = "advisor.register-unreadable"
    kind = Kind.INVALID
    title = "Register file cannot be read"


class RegisterTooLargeError(DomainError):
    code = "advisor.register-too-large"
    kind = Kind.TOO_LARGE
    title = "Register file too large"


class SnapshotShrunkError(DomainError):
    code = "advisor.register-shrunk"
    kind = Kind.CONFLICT
    title = "Snapshot lost too many rows"


class PersonForgottenError(DomainError):
    code = "advisor.forgotten"
    kind = Kind.CONFLICT
    title = "This person was forgotten"
