"""What the engine refuses."""

from project_one.kernel.errors import DomainError, Kind


class StageUnavailableError(DomainError):
    code = "compliance.stage-unavailable"
    kind = Kind.INVALID
    title = "Stage not available"


class PolicyUnknownError(DomainError):
    code = "compliance.policy-unknown"
    kind = Kind.NOT_FOUND
    title = "Unknown policy version"


class PolicyVersionInvalidError(DomainError):
    code = "compliance.policy-version-invalid"
    kind = Kind.INVALID
    title = "No such policy version to check against"


class PolicyInvalidError(DomainError):
    code = "compliance.policy-invalid"
    kind = Kind.INVALID
    title = "Policy files are wrong"


class PolicyStateError(DomainError):
    code = "compliance.policy-state"
    kind = Kind.CONFLICT
    title = "Not possible in this state"


class FourEyesError(DomainError):
    code = "compliance.four-eyes"
    kind = Kind.FORBIDDEN
    title = "Another person must do this"


class NotOverridableError(DomainError):
    code = "compliance.not-overridable"
    kind = Kind.CONFLICT
    title = "Cannot be overridden"


class OverrideUnknownError(DomainError):
    code = "compliance.override-unknown"
    kind = Kind.NOT_FOUND
    title = "Unknown override"
