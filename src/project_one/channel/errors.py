"""What the channel refuses."""

from project_one.kernel.errors import DomainError, Kind


class NumberUnknownError(DomainError):
    code = "channel.number-unknown"
    kind = Kind.NOT_FOUND
    title = "Unknown number"


class NumberNotStoppedError(DomainError):
    code = "channel.number-not-stopped"
    kind = Kind.CONFLICT
    title = "Number not stopped"
