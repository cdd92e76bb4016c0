"""How many calls may be asked twice: one for every two, saved up to a small store."""

_EARNED, _STORE = 0.5, 25.0


class HedgeAllowance:
    """At no moment more than half as many second tries as calls."""

    def __init__(self) -> None:
        self._saved = 0.0

    def count_call(self) -> None:
        self._saved = min(_STORE, self._saved + _EARNED)

    def take(self) -> bool:
        if self._saved < 1:
            return False
        self._saved -= 1
        return True
