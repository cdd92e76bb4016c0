"""One spelling for what looks or sounds the same, with the way back to the original.

Zero-width and direction marks vanish; full-width, mathematical and look-alike letters become plain ones; case, accents,
nukta, chandrabindu, candra vowels, nasal conjuncts and Devanagari digits are made alike. Linear in the text.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache

_CONFUSABLE = str.maketrans(
    "абвгдеёзийкмнорстуххіїјѕԛԝαβγεηικνορτυχωϲ" + "ɡɑոսօᴀʙᴄᴅᴇɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢı",
    "abbrdeeznnkmhopctyxxiijsqwabyenikvoptuxwc" + "ganuoabcdeghijklmnoprstuvwyzi",
)
_ALIKE = {
    "\u0901": "\u0902",  # chandrabindu → anusvara
    "\u0949": "\u093e",
    "\u0911": "\u0906",  # candra o → aa
    "\u0945": "\u0947",
    "\u0972": "\u090f",
    "\u090d": "\u090f",  # candra e → e
    "\u0929": "\u0928",
    "\u0931": "\u0930",
    "\u0934": "\u0933",
    "।": ".",
    "॥": ".",
    "’": "'",
    "‘": "'",
    "ʼ": "'",
    "`": "'",
    "“": '"',
    "”": '"',
    "«": '"',
    "»": '"',
    "„": '"',
    "‐": "-",
    "‑": "-",
    "‒": "-",
    "–": "-",
    "—": "-",
    "−": "-",
    "…": ".",
    "₨": "₹",
}
_NUKTA, _VIRAMA, _ANUSVARA = "\u093c", "\u094d", "\u0902"
_NASAL_BEFORE = {"ङ": "कखगघ", "ञ": "चछजझ", "ण": "टठडढ", "न": "तथदधटठडढसशचजक", "म": "पफबभ"}
_RUNS = re.compile(r"(?P<plain>[ -~\n]+)|(?P<other>[^ -~\n]+)")
_LONGEST_REMEMBERED = 64
_DROPPED = frozenset("\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u2800\u3164\ufeff\uffa0")


@dataclass(frozen=True)
class Folded:
    """`text` for matching; `at[i]`: where its character i stands in the original; one entry more for the end."""

    text: str
    at: list[int]


@cache
def _fold_char(char: str) -> str:
    if char in _ALIKE:
        return _ALIKE[char]
    category = unicodedata.category(char)
    if char in _DROPPED or (category in {"Cf", "Mn"} and not "\u0900" <= char <= "\u097f") or category == "Cs":
        return ""
    if category in {"Zs", "Zl", "Zp"}:
        return " "
    if category == "Cc":
        return "\n" if char in "\n\r\v\f\x85" else " "
    plain = unicodedata.normalize("NFKD", char).translate(_CONFUSABLE).casefold().translate(_CONFUSABLE)
    kept = [
        str(unicodedata.decimal(part)) if unicodedata.category(part) == "Nd" else _ALIKE.get(part, part)
        for part in plain
        if part != _NUKTA and (unicodedata.category(part) != "Mn" or "\u0900" <= part <= "\u097f")
    ]
    return "".join(kept)


def fold(text: str) -> Folded:
    """Fold the whole text."""
    chars: list[str] = []
    at: list[int] = []
    for run in _RUNS.finditer(text):
        start, end = run.span()
        if run.lastgroup == "plain":
            chars.append(run.group().lower().replace("`", "'"))
            at.extend(range(start, end))
        else:
            folded, offsets = (_fold_run if end - start <= _LONGEST_REMEMBERED else _fold_run.__wrapped__)(run.group())
            chars.append(folded)
            at.extend([start + offset for offset in offsets])
    at.append(len(text))
    return Folded("".join(chars), at)


def fold_word(word: str) -> str:
    """A word as it stands in a folded text; for word lists, where nobody asks for the offsets."""
    return word.lower() if word.isascii() and word.isalnum() else fold(word).text


@lru_cache(maxsize=50_000)
def _fold_run(run: str) -> tuple[str, tuple[int, ...]]:
    """A run folded, and where each of its characters stood in it. Words come again and again, so they are remembered."""
    chars: list[str] = []
    at: list[int] = []
    index, end = 0, len(run)
    while index < end:
        char = run[index]
        folded = _fold_char(char)
        step = 1
        if char in _NASAL_BEFORE and run[index + 1 : index + 2] == _VIRAMA and index + 2 < end:
            is_of_its_class = run[index + 2] in _NASAL_BEFORE[char]
            folded, step = (_ANUSVARA, 2) if is_of_its_class else (folded, 1)
        chars.append(folded)
        at.extend([index] * len(folded))
        index += step
    return "".join(chars), tuple(at)
