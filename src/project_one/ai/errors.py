"""What the room refuses."""

from project_one.kernel.errors import DomainError, Kind


class BudgetInvalidError(DomainError):
    code = "ai.budget-invalid"
    kind = Kind.INVALID
    title = "Not a budget"
