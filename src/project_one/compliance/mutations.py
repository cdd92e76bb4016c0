"""The evasions that people use, made mechanically: for measuring the engine, and for its tests. Seeded, pure."""

import random
import re
from collections.abc import Callable, Mapping

_LOOKALIKE = str.maketrans("aeopcxyi", "аеорсхуі")
_LEET = str.maketrans("aeiost", "@31057")
_WORD = re.compile(r"[A-Za-z]{4,}")
_ANY_WORD = re.compile(r"[A-Za-z]{4,}|[\u0904-\u0939\u0958-\u0963\u093e-\u094d\u0902\u0901\u093c]{4,}")


def _on_words(text: str, change: Callable[[str], str], pattern: re.Pattern[str] = _WORD) -> str:
    return pattern.sub(lambda match: change(match.group()), text)


def _split(word: str, glue: str) -> str:
    middle = len(word) // 2
    while 0 < middle < len(word) and word[middle] >= "\u0900" and not "\u0904" <= word[middle] <= "\u0939":
        middle += 1
    if middle >= len(word) or word[middle - 1] == "\u094d":
        return word
    return word[:middle] + glue + word[middle:]


def _full_width(word: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in word)


def _nukta(text: str) -> str:
    return text.replace("ज", "ज\u093c").replace("फ", "फ\u093c") if "\u093c" not in text else text.replace("\u093c", "")


def _doubled(word: str, lot: random.Random) -> str:
    at = lot.randrange(len(word))
    return word[:at] + word[at] * 3 + word[at:]


def mutations(text: str, *, seed: int = 0) -> Mapping[str, str]:
    """The same text under each evasion, by name; one that changes nothing is left out."""
    lot = random.Random(seed)  # noqa: S311
    made = {
        "homoglyphs": _on_words(text, lambda word: word.translate(_LOOKALIKE)),
        "zero-width": _on_words(text, lambda word: _split(word, "\u200b"), _ANY_WORD),
        "soft-hyphen": _on_words(text, lambda word: _split(word, "\u00ad"), _ANY_WORD),
        "spaced": _on_words(text, " ".join),
        "dotted": _on_words(text, ".".join),
        "leet": _on_words(text, lambda word: word.translate(_LEET)),
        "full-width": _on_words(text, _full_width),
        "hyphens": _on_words(text, lambda word: _split(word, "-"), _ANY_WORD),
        "emoji": _on_words(text, lambda word: _split(word, "🔥"), _ANY_WORD),
        "split-lines": _on_words(text, lambda word: _split(word, "\n"), _ANY_WORD),
        "upper": text.upper(),
        "stretched": _on_words(text, lambda word: _doubled(word, lot)),
        "nukta": _nukta(text),
    }
    return {name: changed for name, changed in made.items() if changed != text}
