"""How much a whole text reads like those that people refused: a linear model over words, pairs of words and concepts.

It finds what no pattern describes, and it is asked before a pattern counts. Its weights are data of the policy,
trained from the labelled texts of the repository by `project-one weights`; the same text gives the same figure.
"""

import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import StringIO
from typing import NamedTuple

from project_one.compliance.reading.tokens import Token

_SHORT, _MIDDLE, _LONG = 4, 5, 6  # letters of the beginnings that stand for a word's inflections
_REACH = 3  # words back that a word is read together with
_OPENING = 2  # words that begin a sentence
_PAIRS = "pqkb"  # kinds of features made of two
LEAST_SIZE = 3000.0
"""Of what a text consists of, squared: some fifteen words. What is shorter stays nearer to what is true of any text."""

_SAYS_ENOUGH = 9  # words and figures
_UNSAID = ("LANG_", "W_")  # concepts of languages and footers say nothing about content
_CACHE = 50_000


def logistic(score: float) -> float:
    """Of a score its share, 0 to 1; far scores are cut so that none overflows."""
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, score))))


class WeightsError(ValueError):
    """The file of weights cannot be read; names the line."""


@dataclass(frozen=True, slots=True)
class _Word:
    """What the weigher knows of a word: as written (figures are all alike), its beginning, what it means."""

    text: str
    start: str
    concepts: tuple[str, ...]
    features: tuple[str, ...]


def _word(token: Token) -> _Word:
    text = "0" if token.kind == "num" else token.text
    concepts = tuple(sorted(name for name in token.concepts if not name.startswith(_UNSAID)))
    features = [f"w {text}"]
    if len(text) > _SHORT:
        features.append(f"s {text[:_SHORT]}")
    if len(text) > _LONG:
        features.append(f"l {text[:_LONG]}")
    features += [f"c {concept}" for concept in concepts]
    return _Word(text, text[:_MIDDLE], concepts, tuple(features))


def _together(word: _Word, before: Sequence[_Word]) -> Iterator[str]:
    """What a word and the up to three before it in its sentence stand for together; how the sentence begins."""
    if before:
        nearest = before[-1]
        yield f"p {nearest.text} {word.text}"
        yield f"q {nearest.text[:_SHORT]} {word.text[:_SHORT]}"
        for further in before[:-1]:
            yield f"k {further.start} {word.start}"
    for earlier in before:
        for one in earlier.concepts:
            for other in word.concepts:
                yield f"b {one} {other}"


def _named(tokens: Iterable[Token]) -> Iterator[str]:
    """Every feature; what comes again comes again here."""
    before: list[_Word] = []
    sentence = -1
    count = 0
    for token in tokens:
        word = _word(token)
        if token.sentence != sentence:
            sentence, before, count = token.sentence, [], 0
        yield from word.features
        yield from _together(word, before)
        before.append(word)
        count += 1
        if count <= _OPENING:
            yield "f " + " ".join(item.start for item in before)
        if count > _REACH:
            del before[0]


def features(tokens: Iterable[Token]) -> list[str]:
    """Every feature of a text once, in the order of the text."""
    return list(dict.fromkeys(_named(tokens)))


class Weight(NamedTuple):
    """`rarity`: how much a feature counts at all; `pull`: towards refusal when positive."""

    rarity: float
    pull: float


@dataclass(frozen=True)
class Weighed:
    """`share`: 0 to 1, how surely the text reads like a refused one; `sentence`: the one that speaks most for it.

    `is_short`: too short to be called innocent or like anything.
    """

    share: float
    sentence: int
    is_short: bool = True


_Following = dict[str, Weight]


class _Placed(NamedTuple):
    """A word ready to be weighed: the weights of its own features, and which words or concepts may follow it."""

    text: str
    short: str
    start: str
    concepts: tuple[str, ...]
    own: tuple[Weight, ...]
    next_text: _Following
    next_short: _Following
    next_start: _Following
    next_concept: tuple[_Following, ...]


class Weights:
    """Weights by feature, kept so that a text is weighed fast and in little memory: no name of a pair is put together."""

    def __init__(self, weights: Iterable[tuple[str, Weight]]) -> None:
        self._single: dict[str, Weight] = {}
        self._pairs: dict[str, dict[str, _Following]] = {kind: {} for kind in _PAIRS}
        self.openings: _Following = {}
        self._words: dict[tuple[str, frozenset[str]], _Placed] = {}
        for name, weight in weights:
            kind, what = name[0], name[2:]
            if kind in self._pairs:
                first, _, second = what.partition(" ")
                self._pairs[kind].setdefault(sys.intern(first), {})[sys.intern(second)] = weight
            elif kind == "f":
                self.openings[what] = weight
            else:
                self._single[name] = weight

    def items(self) -> Iterator[tuple[str, Weight]]:
        """Every feature with its weight."""
        yield from self._single.items()
        yield from ((f"f {words}", weight) for words, weight in self.openings.items())
        for kind, firsts in self._pairs.items():
            for first, following in firsts.items():
                yield from ((f"{kind} {first} {second}", weight) for second, weight in following.items())

    def __bool__(self) -> bool:
        return bool(self._single or self.openings or any(self._pairs.values()))

    def word(self, token: Token) -> _Placed:
        key = ("0" if token.kind == "num" else token.text, token.concepts)
        placed = self._words.get(key)
        if placed is None:
            placed = self._placed(_word(token))
            if len(self._words) < _CACHE:
                self._words[key] = placed
        return placed

    def _placed(self, word: _Word) -> _Placed:
        pairs, nothing = self._pairs, dict[str, Weight]()
        short = word.text[:_SHORT]
        return _Placed(
            word.text,
            short,
            word.start,
            word.concepts,
            tuple(self._single[name] for name in word.features if name in self._single),
            pairs["p"].get(word.text, nothing),
            pairs["q"].get(short, nothing),
            pairs["k"].get(word.start, nothing),
            tuple(pairs["b"][concept] for concept in word.concepts if concept in pairs["b"]),
        )


def _following(word: _Placed, before: Sequence[_Placed]) -> Iterator[Weight]:
    """Weights of what the word and those before it stand for together (`_together`, looked up)."""
    if not before:
        return
    nearest = before[-1]
    if entry := nearest.next_text.get(word.text):
        yield entry
    if entry := nearest.next_short.get(word.short):
        yield entry
    for further in before[:-1]:
        if entry := further.next_start.get(word.start):
            yield entry
    if word.concepts:
        for earlier in before:
            for following in earlier.next_concept:
                for other in word.concepts:
                    if entry := following.get(other):
                        yield entry


@dataclass(frozen=True)
class Weigher:
    """`kinds`: for each category the features that are typical of it."""

    bias: float
    weights: Weights
    kinds: Mapping[str, Mapping[str, float]]

    def weigh(self, tokens: Sequence[Token]) -> Weighed:
        """Weigh the words of a text (without its footer): the sum over its `features`, each once."""
        weights = self.weights
        pulls: dict[int, float] = {}
        size = 0.0
        seen: set[int] = set()
        before: list[_Placed] = []
        sentence = -1
        count = 0
        for token in tokens:
            word = weights.word(token)
            if token.sentence != sentence:
                sentence, before, count = token.sentence, [], 0
            found = [*word.own, *_following(word, before)]
            before.append(word)
            count += 1
            if count <= _OPENING and (opening := weights.openings.get(" ".join([item.start for item in before]))):
                found.append(opening)
            for weight in found:
                if id(weight) not in seen:  # each feature has a weight of its own
                    seen.add(id(weight))
                    rarity, pull = weight
                    size += rarity * rarity
                    pulls[sentence] = pulls.get(sentence, 0.0) + rarity * pull
            if count > _REACH:
                del before[0]
        if not size:
            return Weighed(0.0, 0)
        share = logistic(self.bias + sum(pulls.values()) / math.sqrt(max(size, LEAST_SIZE)))
        return Weighed(share, max(pulls, key=lambda sentence: pulls[sentence]), len(tokens) < _SAYS_ENOUGH)

    def kind(self, tokens: Sequence[Token], *, without: str | None = None) -> str:
        """The category whose texts these words are most like; `without`: one that cannot be meant."""
        names = set(features(tokens))
        scores = {
            category: sum(typical.get(name, 0.0) for name in names)
            for category, typical in sorted(self.kinds.items())
            if category != without
        }
        return max(scores, key=lambda category: scores[category])


@lru_cache(maxsize=2)
def read_weights(text: str) -> Weigher:
    """Lines of `bias`, `weight` and `kind` with tabs between. Raises WeightsError.

    Remembered, because a new version of a policy seldom brings new weights, and they are most of what it weighs.
    """
    kinds: dict[str, dict[str, float]] = {}
    biases = [0.0]
    weights = Weights(_weight_lines(text, kinds, biases))
    if not weights or not kinds:
        message = "there are no weights, or no kinds"
        raise WeightsError(message)
    return Weigher(biases[-1], weights, kinds)


def _weight_lines(text: str, kinds: dict[str, dict[str, float]], biases: list[float]) -> Iterator[tuple[str, Weight]]:
    """The lines of weights, one by one; what the other lines say is put into `kinds` and `biases`."""
    same: dict[str, float] = {}  # figures of few digits come again and again
    for number, line in enumerate(StringIO(text), start=1):
        parts = line.rstrip("\n").split("\t")
        if parts[0] == "weight" and len(parts) == 4:  # noqa: PLR2004
            rarity, pull = (same.setdefault(part, float(part)) for part in parts[2:])
            yield parts[1], Weight(rarity, pull)
        elif parts[0] == "kind" and len(parts) == 4:  # noqa: PLR2004
            kinds.setdefault(parts[1], {})[parts[2]] = float(parts[3])
        elif parts[0] == "bias" and len(parts) == 2:  # noqa: PLR2004
            biases.append(float(parts[1]))
        elif line.strip() and not line.startswith("#"):
            message = f"line {number} is neither bias, weight nor kind"
            raise WeightsError(message)


def written(weigher: Weigher, note: Iterable[str]) -> str:
    """The file of weights; `note`: comment lines at its head."""
    lines = [f"# {line}" for line in note]
    lines.append(f"bias\t{weigher.bias:.4f}")
    lines += [f"weight\t{name}\t{item.rarity:.2f}\t{item.pull:.3f}" for name, item in sorted(weigher.weights.items())]
    lines += [
        f"kind\t{category}\t{name}\t{value:.2f}"
        for category, typical in sorted(weigher.kinds.items())
        for name, value in sorted(typical.items())
    ]
    return "\n".join(lines) + "\n"
