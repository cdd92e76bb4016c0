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
