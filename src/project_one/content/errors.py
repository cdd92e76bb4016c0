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
