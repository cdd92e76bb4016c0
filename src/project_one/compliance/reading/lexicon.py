"""Words and phrases by concept, in every register: `data/lexicon/*.yaml`.

An entry is a word, `stem*` for a word with any ending, `several_words` for a phrase, and `word~` for a word whose
misspellings by one letter count too. Entries are folded like the texts they are looked up in.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from project_one.compliance.reading.fold import fold_word
from project_one.compliance.reading.tokens import Token

_LEAST_STEM = 2
_LEAST_FUZZY = 7
_MOST_FUZZY = 40  # letters; longer ones are no misspelt words, and their shortenings would be many
_CACHE = 50_000
_LONGEST_ENDING, _SHORTEST_STEM = 4, 3

Form = tuple[str, bool]  # a folded word, and whether any ending may follow


@dataclass(frozen=True)
class Phrase:
    forms: tuple[Form, ...]
    concept: str


_Shelf = tuple[dict[str, list[Phrase]], list[Phrase]]


class Occurrence(NamedTuple):
    """A concept in a text: tokens `first` to `last`."""

    first: int
    last: int


_ALONE = [Occurrence(index, index) for index in range(2_000)]  # made once: most occurrences are single words


class Lexicon:
    """Looks words up. Every lookup is a few dictionary reads; words are remembered."""

    def __init__(self, entries: Mapping[str, Iterable[str]]) -> None:
        self._exact: dict[str, set[str]] = {}
        self._stems: dict[str, set[str]] = {}
        self._fuzzy: dict[str, set[str]] = {}
        self._phrases: dict[str, list[Phrase]] = {}
        self._stem_phrases: dict[str, list[Phrase]] = {}
        self._cache: dict[str, frozenset[str]] = {}
        self._whole: set[str] = set()
        self._whole_stems: set[str] = set()
        self._phrase_cache: dict[str, _Shelf] = {}
        self.concepts_known = frozenset(entries)
        for concept, forms in entries.items():
            for form in forms:
                self._add(concept, form)
        self._lengths = sorted({len(stem) for stem in (*self._stems, *self._stem_phrases)}, reverse=True)

    def _add(self, concept: str, form: str) -> None:
        words = [fold_word(part).strip() for part in form.split("_")]
        forms = tuple((word.rstrip("*~"), word.endswith("*")) for word in words if word.rstrip("*~"))
        for part, part_is_stem in forms:
            (self._whole_stems if part_is_stem else self._whole).add(part)
        if len(forms) > 1:
            first, is_stem = next(iter(forms))
            shelf = self._stem_phrases if is_stem else self._phrases
            shelf.setdefault(first, []).append(Phrase(forms, concept))
            return
        word, is_stem = next(iter(forms))
        (self._stems if is_stem else self._exact).setdefault(word, set()).add(concept)
        if words[0].endswith("~") and len(word) >= _LEAST_FUZZY:
            for short in _shortened(word):
                self._fuzzy.setdefault(short, set()).add(concept)

    def concepts(self, word: str) -> frozenset[str]:
        """What a folded word means."""
        known = self._cache.get(word)
        if known is None:
            known = frozenset(self._look_up(word))
            if len(self._cache) < _CACHE:
                self._cache[word] = known
        return known

    def _look_up(self, word: str) -> set[str]:
        found = set(self._exact.get(word, ()))
        for length in self._lengths:
            if _LEAST_STEM <= length <= len(word):
                found |= self._stems.get(word[:length], set())
        if not found and _LEAST_FUZZY - 1 <= len(word) <= _MOST_FUZZY and word.isascii():
            for short in _shortened(word):
                found |= self._fuzzy.get(short, set())
        return found

    def is_known(self, word: str) -> bool:
        return bool(self.concepts(word))

    def is_exact(self, word: str) -> bool:
        return word in self._whole

    def is_whole(self, word: str) -> bool:
        """Whether it is one word we know, and not two written together."""
        if word in self._whole:
            return True
        endings = range(min(_LONGEST_ENDING, len(word) - _SHORTEST_STEM) + 1)
        return any(word[: len(word) - ending] in self._whole_stems for ending in endings)

    def plain(self, word: str) -> str:
        """The word without letters that were stretched, if that makes it one we know."""
        squeezed = squeeze(word)
        return squeezed if squeezed != word and not self.is_whole(word) and self.is_whole(squeezed) else word

    def occurrences(self, tokens: Sequence[Token]) -> dict[str, list[Occurrence]]:
        """Every concept of the text with its places, in order."""
        found: dict[str, list[Occurrence]] = {}
        last = len(tokens) - 1
        for index, token in enumerate(tokens):
            if token.concepts:
                alone = _ALONE[index] if index < len(_ALONE) else Occurrence(index, index)
                for concept in token.concepts:
                    found.setdefault(concept, []).append(alone)
            if token.kind == "word" and index < last:
                by_second, open_ones = self._phrases_at(token.text)
                if not by_second and not open_ones:
                    continue
                for phrase in (*by_second.get(tokens[index + 1].text, ()), *open_ones):
                    end = _phrase_end(phrase, tokens, index)
                    if end is not None:
                        found.setdefault(phrase.concept, []).append(Occurrence(index, end))
        return found

    def _phrases_at(self, word: str) -> _Shelf:
        """Phrases that begin with it: by their second word, and those whose second word is a stem."""
        known = self._phrase_cache.get(word)
        if known is None:
            phrases = [*self._phrases.get(word, ())]
            for length in self._lengths:
                if length <= len(word):
                    phrases += self._stem_phrases.get(word[:length], ())
            by_second: dict[str, list[Phrase]] = {}
            open_ones: list[Phrase] = []
            for phrase in phrases:
                second, is_stem = phrase.forms[1]
                if is_stem:
                    open_ones.append(phrase)
                else:
                    by_second.setdefault(second, []).append(phrase)
            known = (by_second, open_ones)
            if len(self._phrase_cache) < _CACHE:
                self._phrase_cache[word] = known
        return known


def _phrase_end(phrase: Phrase, tokens: Sequence[Token], index: int) -> int | None:
    position = index
    for word, is_stem in phrase.forms[1:]:
        position += 1
        if position >= len(tokens):
            return None
        token = tokens[position]
        if not (token.text == word or (is_stem and token.text.startswith(word))):
            return None
        if token.sentence != tokens[index].sentence:
            return None
    return position


def _shortened(word: str) -> Iterator[str]:
    for index in range(len(word)):
        yield word[:index] + word[index + 1 :]
    yield word


def squeeze(word: str) -> str:
    """freeee → free: a letter three times or more is written once."""
    out: list[str] = []
    run = 0
    for index, char in enumerate(word):
        run = run + 1 if index and char == word[index - 1] else 1
        if run <= 2:  # noqa: PLR2004
            out.append(char)
        elif out and len(out) > 1 and out[-1] == out[-2] == char:
            out.pop()
    return "".join(out)
