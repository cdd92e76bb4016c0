"""What the content room refuses."""

from project_one.kernel.errors import DomainError, Kind


class LibraryDamagedError(DomainError):
    code = "content.library-damaged"
    kind = Kind.INVALID
    title = "Library file damaged"


class ContentUnknownError(DomainError):
    code = "content.unknown"
    kind = Kind.NOT_FOUND
    title = "Unknown content"


class LibraryPackUnknownError(DomainError):
    code = "library.pack-unknown"
    kind = Kind.NOT_FOUND
    title = "Unknown pack of the library"


class LibraryTextUnfitError(DomainError):
    code = "library.text-unfit"
    kind = Kind.INVALID
    title = "No frame can carry this text"


class LibraryTextBlockedError(DomainError):
    code = "library.text-blocked"
    kind = Kind.INVALID
    title = "The rules block this text"


class LibraryTextChangedError(DomainError):
    code = "library.text-changed"
    kind = Kind.CONFLICT
    title = "Not the text you read"


class LibraryAuthorError(DomainError):
    code = "library.four-eyes"
    kind = Kind.FORBIDDEN
    title = "Another person must do this"


class ExportLinkInvalidError(DomainError):
    code = "export.link-invalid"
    kind = Kind.NOT_FOUND
    title = "No such export"


class ExportLinkExpiredError(DomainError):
    code = "export.link-expired"
    kind = Kind.GONE
    title = "The link has expired"


class PackUnknownError(DomainError):
    code = "content.pack-unknown"
    kind = Kind.NOT_FOUND
    title = "Unknown pack"


class PackStateError(DomainError):
    code = "content.pack-state"
    kind = Kind.CONFLICT
    title = "Not possible in this state"


class PackIncompleteError(DomainError):
    code = "content.pack-incomplete"
    kind = Kind.CONFLICT
    title = "The pack is not complete"


class DayQuotaError(DomainError):
    code = "content.day-quota"
    kind = Kind.FORBIDDEN
    title = "No more packs today"


class PackBlockedError(DomainError):
    code = "content.pack-blocked"
    kind = Kind.CONFLICT
    title = "The rules block this text"


class PackChangedError(DomainError):
    code = "content.pack-changed"
    kind = Kind.CONFLICT
    title = "Not the text that was read"


class DayTakenError(DomainError):
    code = "content.day-taken"
    kind = Kind.CONFLICT
    title = "Another pack has this day"


class DayInvalidError(DomainError):
    code = "content.day-invalid"
    kind = Kind.INVALID
    title = "Not a day for this pack"


class ReviewerNotAllowedError(DomainError):
    code = "content.reviewer-not-allowed"
    kind = Kind.FORBIDDEN
    title = "Another person must review this"


class PersonNeededError(DomainError):
    code = "content.person-needed"
    kind = Kind.FORBIDDEN
    title = "A person with an account must do this"


class RevisionUnknownError(DomainError):
    code = "content.revision-unknown"
    kind = Kind.NOT_FOUND
    title = "Unknown revision"


class PackTemplateUnknownError(DomainError):
    code = "content.template-unknown"
    kind = Kind.NOT_FOUND
    title = "Unknown template"


class PackTemplateTakenError(DomainError):
    code = "content.template-taken"
    kind = Kind.CONFLICT
    title = "A template has this name"


class AiRunUnknownError(DomainError):
    code = "content.ai-run-unknown"
    kind = Kind.NOT_FOUND
    title = "Unknown run"


class CapacityNotHeldError(DomainError):
    code = "content.capacity-not-held"
    kind = Kind.CONFLICT
    title = "Nobody in the firm speaks in this capacity"
