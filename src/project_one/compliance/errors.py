"""What the engine refuses."""

from project_one.kernel.errors import DomainError, Kind


class StageUnavailableError(DomainError):
    code = "compliance.stage-unavailable"
    kind = Kind.INVALID
    title = "Stage not available"
