"""Tokens, clauses and sentences of a folded text, with the tricks that cut words apart undone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from project_one.compliance.reading.fold import Folded


class Words(Protocol):
    """What reading asks of the lexicon."""

    def concepts(self, word: str) -> frozenset[str]: ...

    def is_known(self, word: str) -> bool: ...

    def is_exact(self, word: str) -> bool: ...

    def is_whole(self, word: str) -> bool: ...

    def plain(self, word: str) -> str: ...


_DEVANAGARI = "\u0900-\u0963\u0970-\u097f"
_TOKEN = re.compile(
    rf"(?P<word>[a-z]+(?:'[a-z]+)*|[{_DEVANAGARI}]+)"
    r"|(?P<num>\d+(?:,\d+)*(?:\.\d+)?)"
    r"|(?P<space>[ \t]+)|(?P<line>\n+)|(?P<other>.)",
    re.DOTALL,
)
_LEET = str.maketrans("@4310$57!|", "aaeiossti" + "l")
_LEET_SIGN = re.compile(r"[@4310$57!|]")
_LETTER = re.compile(r"[a-z]")
_LEET_WORD = re.compile(r"[a-z0-9@$!|]{3,40}")
_SENTENCE_END = frozenset(".!?\n")
_CLAUSE_END = frozenset(",;:()|•\u2022-\"'")
_GLUE = frozenset("-_.*~·•/\\+'\"|^=,")
_PIECES = 5
_SHORT_FORMS = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "dr",
        "rs",
        "no",
        "st",
        "smt",
        "shri",
        "approx",
        "vs",
        "nos",
        "cr",
        "ltd",
        "pvt",
        "श्री",
        "सौ",
        "डॉ",
        "रु",
        "क्र",
        "श्रीमती",
        "डा",
    ]
)
_LONGEST_CLUSTER = 4
_MOST_LETTERS = 48  # of one run of spaced letters
_LEAST_JOINED, _LEAST_SPACED = 4, 6


@dataclass(slots=True)
class Token:
    """`text`: folded. `start`, `end`: in the original. `kind`: word, num or mark."""

    text: str
    kind: str
    start: int
    end: int
    sentence: int = 0
    clause: int = 0
    concepts: frozenset[str] = frozenset()
    is_after_space: bool = False


@dataclass
class Reading:
    """A text as tokens. `questions`: sentences that end with a question mark. `quoted`: token index → inside quotation."""

    tokens: list[Token]
    questions: set[int] = field(default_factory=set[int])
    quoted: set[int] = field(default_factory=set[int])


class _Raw(NamedTuple):
    text: str
    kind: str
    start: int  # folded offsets
    end: int


def _scan(text: str) -> list[_Raw]:
    make = tuple.__new__  # a third faster than the class itself, and this is the hottest line of all
    return [make(_Raw, (m[0], m.lastgroup, *m.span())) for m in _TOKEN.finditer(text)]


def _deleet(text: str, words: Words) -> list[tuple[int, int, str]]:
    """Words written with digits and signs, if the plain word is one we know."""
    found: list[tuple[int, int, str]] = []
    for match in _LEET_WORD.finditer(text):
        chunk = match.group().rstrip("!|")
        if chunk.isalpha() or chunk.isdigit() or _LEET_SIGN.search(chunk) is None or _LETTER.search(chunk) is None:
            continue
        plain = chunk.translate(_LEET)
        for word in (plain, plain.replace("i", "l")):
            if word.isalpha() and words.is_whole(word):
                found.append((match.start(), match.start() + len(chunk), word))
                break
    return found


def _segment(joined: str, words: Words) -> list[tuple[int, int]] | None:
    """Cut a string of glued letters into words we know, longest first; None if it holds none."""
    found: list[tuple[int, int]] = []
    start = 0
    while start < len(joined):
        ends = range(min(len(joined), start + 20), start + 2, -1)
        end = next((end for end in ends if words.is_exact(joined[start:end])), None)
        end = end or next((end for end in ends if words.is_whole(joined[start:end])), None)
        if end is None:
            start += 1
        else:
            found.append((start, end))
            start = end
    return found or None


def _clusters(word: str) -> int:
    """Written syllables of a Devanagari word, letters of a Latin one."""
    if word[0] < "\u0900":
        return len(word)
    return sum(1 for char in word if "\u0904" <= char <= "\u0939" or char >= "\u0958") - word.count("\u094d")


def _is_glue(text: str) -> bool:
    return all(char in _GLUE or not (char.isalnum() or char.isspace() or char in ".!?") for char in text)


def _mend(raws: list[_Raw], words: Words) -> list[_Raw]:
    """Put words together again that were spaced out, hyphenated, cut by signs, emojis or line ends."""
    out: list[_Raw] = []
    index, last = 0, len(raws) - 2
    is_known = words.is_known
    while index < len(raws):
        raw = raws[index]
        if raw.kind != "word":
            out.append(raw)
            index += 1
            continue
        is_letter = len(raw.text) <= _LONGEST_CLUSTER and _clusters(raw.text) == 1
        if not is_letter and index < last and raws[index + 1].kind == "space" and is_known(raw.text):
            out.append(raw)
            index += 1
            continue
        spelled = _spelled(raws, index, words) if is_letter else None
        if spelled is not None:
            parts, index = spelled
            out.extend(parts)
            continue
        joined = None if _stands_alone(raws, index, words) else _joined(raws, index, words)
        if joined is not None:
            word, index = joined
            out.append(word)
            continue
        out.append(raw)
        index += 1
    return out


def _stands_alone(raws: Sequence[_Raw], index: int, words: Words) -> bool:
    """A word among words, of which it or the next is known: nothing to mend. Most words are such."""
    if index + 2 >= len(raws):
        return True
    after, following = raws[index + 1], raws[index + 2]
    return after.kind == "space" and (
        following.kind != "word" or words.is_known(raws[index].text) or words.is_known(following.text)
    )


def _spelled(raws: Sequence[_Raw], index: int, words: Words) -> tuple[list[_Raw], int] | None:
    """g u a r a n t e e d"""
    letters: list[_Raw] = []
    end = index
    while end < len(raws) and len(letters) < _MOST_LETTERS:
        raw = raws[end]
        if raw.kind == "word" and _clusters(raw.text) == 1:
            letters.append(raw)
        elif raw.kind == "word" or raw.kind == "num" or (raw.kind == "other" and not _is_glue(raw.text)):
            break
        end += 1
    if len(letters) < 4:  # noqa: PLR2004  fewer happen in plain text
        return None
    joined = "".join(raw.text for raw in letters)
    starts = [offset for raw in letters for offset in range(raw.start, raw.start + len(raw.text))]
    cuts = _segment(joined, words)
    if cuts is None or sum(b - a for a, b in cuts) < len(joined) * 0.6:
        return list(raws[index:end]), end  # letters, but no words
    parts = [_Raw(joined[a:b], "word", starts[a], starts[b - 1] + 1) for a, b in cuts]
    while end > index and raws[end - 1].kind in {"space", "line"}:
        end -= 1
    return parts, end


def _joined(raws: Sequence[_Raw], index: int, words: Words) -> tuple[_Raw, int] | None:
    """guar-anteed, guar🔥anteed, guaran teed"""
    first = raws[index]
    if raws[index + 1].kind == "word":
        return None
    is_first_known = words.is_known(first.text)
    text, pieces, position, was_spaced = first.text, 1, index + 1, False
    while pieces < _PIECES and position < len(raws):
        gap = ""
        while position < len(raws) and raws[position].kind in {"other", "space", "line"}:
            gap += raws[position].text
            position += 1
            if len(gap) > 4:  # noqa: PLR2004
                return None
        if position >= len(raws) or raws[position].kind != "word" or not gap:
            return None
        piece = raws[position]
        is_spaced = any(char.isspace() for char in gap)
        if is_spaced and (is_first_known or gap.strip() not in {"", "-"} or words.is_known(piece.text)):
            return None
        if not is_spaced and not _is_glue(gap):
            return None
        if is_spaced and _is_plain_devanagari(first.text, words) and words.is_exact(piece.text):
            return None
        was_spaced = was_spaced or (is_spaced and gap != "\n")
        if is_first_known and words.is_known(piece.text):
            return None  # two words with a hyphen between
        text += piece.text
        pieces += 1
        position += 1
        if len(text) >= (_LEAST_SPACED if was_spaced else _LEAST_JOINED) and words.is_whole(text):
            return _Raw(text, "word", first.start, piece.end), position
    return None


def _is_plain_devanagari(word: str, words: Words) -> bool:
    """A whole word of its own: with its neighbour it makes no third one, though stems might let it."""
    return not word.isascii() and _clusters(word) > 1 and words.is_exact(word)


def read(folded: Folded, words: Words, contrast: frozenset[str]) -> Reading:
    """Tokens with their sentence and clause. `contrast`: words that begin a new clause."""
    raws = _scan(folded.text)
    leet = {start: (end, word) for start, end, word in _deleet(folded.text, words)}
    if leet:
        raws = _with_leet(raws, leet)
    raws = _mend(raws, words)
    tokens: list[Token] = []
    questions: set[int] = set()
    quoted: set[int] = set()
    sentence = clause = 0
    is_quoted = False
    is_after_space = True
    last = len(raws) - 1
    for index, raw in enumerate(raws):
        if raw.kind == "space":
            is_after_space = True
            continue
        if raw.text == "." and _is_inside(raws, index):
            is_after_space = True
            continue
        if raw.kind == "line" or raw.text in _SENTENCE_END:
            if raw.text == "?":
                questions.add(sentence)
            is_after_space = True
            if tokens and tokens[-1].sentence == sentence:
                sentence += 1
                clause += 1
            is_quoted = is_quoted and raw.kind != "line"
            continue
        if raw.text == '"':
            is_quoted = not is_quoted
        if raw.text in _CLAUSE_END:
            is_dash = raw.text == "-" and not (
                index and index < last and raws[index - 1].kind == raws[index + 1].kind == "space"
            )
            if not is_dash and raw.text not in {"'"}:
                clause += 1
            is_after_space = True
            continue
        if raw.kind == "word" and raw.text in contrast:
            clause += 1
        kind = raw.kind if raw.kind != "other" else "mark"
        written = raw.text
        known_as = words.concepts(written) if kind == "word" else frozenset[str]()
        if kind == "word" and not known_as:
            written = words.plain(written)
            known_as = words.concepts(written)
        token = Token(
            written, kind, folded.at[raw.start], _end(folded, raw.end), sentence, clause, known_as, is_after_space
        )
        is_after_space = False
        if is_quoted:
            quoted.add(len(tokens))
        tokens.append(token)
    return Reading(tokens, questions, quoted)


def _is_inside(raws: Sequence[_Raw], index: int) -> bool:
    """A stop that ends no sentence: after a short form, or before a figure."""
    before = raws[index - 1] if index else None
    after = raws[index + 1] if index + 1 < len(raws) else None
    is_short = before is not None and before.text in _SHORT_FORMS
    return is_short or (after is not None and after.kind == "num" and before is not None and before.kind != "space")


def _end(folded: Folded, end: int) -> int:
    return folded.at[end - 1] + 1 if end else 0


def _with_leet(raws: list[_Raw], leet: dict[int, tuple[int, str]]) -> list[_Raw]:
    out: list[_Raw] = []
    skip_until = -1
    for raw in raws:
        if raw.start < skip_until:
            continue
        if raw.start in leet:
            skip_until, word = leet[raw.start]
            out.append(_Raw(word, "word", raw.start, skip_until))
            continue
        out.append(raw)
    return out
