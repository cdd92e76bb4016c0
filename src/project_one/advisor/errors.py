"""What the advisor room refuses."""

from project_one.kernel.errors import DomainError, Kind


class AdvisorUnknownError(DomainError):
    code = "advisor.unknown"
    kind = Kind.NOT_FOUND
    title = "Unknown advisor"
