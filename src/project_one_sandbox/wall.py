"""The wall clock of everything the sandbox tells, in seconds since 1970; a rehearsal of another day moves it as a whole.

Limits and delays run on the monotonic clock and never notice.
"""

import time


class _Wall:
    offset_s = 0.0


def now() -> float:
    """What time it is in the rehearsal."""
    return time.time() + _Wall.offset_s


def move(offset_s: float) -> None:
    """From now on the sandbox lives `offset_s` seconds ahead of the host; negative: behind."""
    _Wall.offset_s = offset_s
