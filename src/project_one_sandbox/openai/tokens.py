"""How many tokens a text has, by estimate, and which prefixes came before."""

from collections import OrderedDict
from hashlib import sha256

_STEP = 128
_LEAST_CACHED = 1_024
_QUARTERS = 4
_KEPT_S = 600.0
_MOST_PREFIXES = 50_000

Owner = tuple[str, ...]


def _quarters(text: str) -> int:
    """An ASCII character is a quarter of a token, any other a half: Devanagari needs more tokens than English."""
    return 2 * len(text) - len(text.encode("ascii", "ignore"))


def estimate(text: str) -> int:
    return -(-_quarters(text) // _QUARTERS)


def cut(text: str, tokens: int) -> str:
    """The longest beginning of `text` with at most so many tokens."""
    room = tokens * _QUARTERS
    for index, char in enumerate(text):
        room -= 1 if char < "\x80" else 2
        if room < 0:
            return text[:index]
    return text


def _marks(prompt: str) -> list[tuple[int, str]]:
    """Length in tokens and hash of every prefix that can be cached."""
    if _quarters(prompt) < _LEAST_CACHED * _QUARTERS:
        return []
    found: list[tuple[int, str]] = []
    digest, start, used, tokens = sha256(), 0, 0, 0
    for index, char in enumerate(prompt, 1):
        used += 1 if char < "\x80" else 2
        if used >= _STEP * _QUARTERS:
            digest.update(prompt[start:index].encode())
            start, used, tokens = index, used - _STEP * _QUARTERS, tokens + _STEP
            if tokens >= _LEAST_CACHED:
                found.append((tokens, digest.hexdigest()))
    return found


class PrefixCache:
    """What it has read lately; ten minutes, divided by the time scale."""

    def __init__(self, scale: float) -> None:
        self._kept = _KEPT_S / scale
        self._until: OrderedDict[tuple[Owner, str], float] = OrderedDict()

    def read(self, owner: Owner, prompt: str, now: float) -> tuple[int, int]:
        """Tokens that were cached, and tokens that are from now on."""
        marks = _marks(prompt)
        cached = max((tokens for tokens, mark in marks if self._until.get((owner, mark), 0.0) > now), default=0)
        for _, mark in marks:
            self._until[owner, mark] = now + self._kept
            self._until.move_to_end((owner, mark))
        while len(self._until) > _MOST_PREFIXES:
            self._until.popitem(last=False)
        longest = marks[-1][0] if marks else 0
        return cached, longest - cached
