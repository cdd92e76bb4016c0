"""What may be a key: letters, digits and `-` in parts between `/`, so that none leads out of its folder."""

import re

_KEY = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)*")


def is_key(text: str) -> bool:
    return _KEY.fullmatch(text) is not None


def checked(key: str) -> str:
    """The key itself. Raises ValueError."""
    if not is_key(key):
        message = f"{key!r} is no storage key"
        raise ValueError(message)
    return key
