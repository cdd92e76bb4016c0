"""How much a whole text reads like those that people refused: a linear model over words, pairs of words and concepts.

It finds what no pattern describes, and it is asked before a soft pattern counts. Its weights are data of the policy,
trained from the labelled texts of the repository by `project-one weights`; the same text gives the same figure.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from project_one.compliance.reading.tokens import Token

_SHORT, _LONG = 4, 6  # letters of the beginnings that stand for a word's inflections
LEAST_SIZE = 3000.0
"""Of a text's words and pairs, squared: some thirty words. What is shorter stays nearer to what is true of any text."""

_SAYS_ENOUGH = 0.4 * LEAST_SIZE
_UNSAID = ("LANG_", "W_")  # concepts of languages and footers say nothing about content
_CACHE = 50_000


def logistic(score: float) -> float:
    """Of a score its share, 0 to 1; far scores are cut so that none overflows."""
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, score))))


class WeightsError(ValueError):
    """The file of weights cannot be read; names the line."""


def word_features(token: Token) -> Iterator[str]:
    """What one word stands for: itself, its beginnings, its concepts. Figures are all alike."""
    word = "0" if token.kind == "num" else token.text
    yield f"w {word}"
    if len(word) > _SHORT:
        yield f"s {word[:_SHORT]}"
    if len(word) > _LONG:
        yield f"l {word[:_LONG]}"
    for concept in sorted(token.concepts):
        if not concept.startswith(_UNSAID):
            yield f"c {concept}"


def pair_features(before: Token, token: Token) -> tuple[str, str]:
    """What two neighbours in a sentence stand for: both words, and their beginnings."""
    first = "0" if before.kind == "num" else before.text
    second = "0" if token.kind == "num" else token.text
    return f"p {first} {second}", f"q {first[:_SHORT]} {second[:_SHORT]}"


def _counted(tokens: Sequence[Token]) -> Iterator[tuple[Token, bool, Token | None]]:
    """Each word, whether it counts, and the word before where the pair counts: what comes again counts once."""
    seen: set[str] = set()
    before: Token | None = None
    for token in tokens:
        word = token.text
        is_new = word not in seen
        seen.add(word)
        partner = None
        if before is not None and before.sentence == token.sentence:
            pair = f"{before.text} {word}"
            if pair not in seen:
                seen.add(pair)
                partner = before
        yield token, is_new, partner
        before = token


def features(tokens: Sequence[Token]) -> list[str]:
    """Every feature of a text that counts."""
    found: list[str] = []
    for token, is_new, partner in _counted(tokens):
        if is_new:
            found += word_features(token)
        if partner is not None:
            found += pair_features(partner, token)
    return found


@dataclass(frozen=True)
class Weight:
    """`rarity`: how much a feature counts at all; `pull`: towards refusal when positive."""

    rarity: float
    pull: float


@dataclass(frozen=True)
class Weighed:
    """`share`: 0 to 1, how surely the text reads like a refused one; `sentence`: the one that speaks most for it.

    `is_short`: too short to be called innocent.
    """

    share: float
    sentence: int
    is_short: bool = True


@dataclass(frozen=True)
class Weigher:
    """`kinds`: for each category the features that are typical of it."""

    bias: float
    weights: Mapping[str, Weight]
    kinds: Mapping[str, Mapping[str, float]]
    _words: dict[tuple[str, frozenset[str]], tuple[float, float]] = field(
        default_factory=dict[tuple[str, frozenset[str]], tuple[float, float]], compare=False
    )

    def weigh(self, tokens: Sequence[Token]) -> Weighed:
        """Weigh the words of a text (without its footer)."""
        pulls: dict[int, float] = {}
        size = 0.0
        for token, is_new, partner in _counted(tokens):
            pull, square = self._of_word(token) if is_new else (0.0, 0.0)
            if partner is not None:
                more, larger = self._sums(pair_features(partner, token))
                pull, square = pull + more, square + larger
            size += square
            if pull:
                pulls[token.sentence] = pulls.get(token.sentence, 0.0) + pull
        if not size:
            return Weighed(0.0, 0)
        share = logistic(self.bias + sum(pulls.values()) / math.sqrt(max(size, LEAST_SIZE)))
        return Weighed(share, max(pulls, key=lambda sentence: pulls[sentence], default=0), size < _SAYS_ENOUGH)

    def _of_word(self, token: Token) -> tuple[float, float]:
        key = (token.text if token.kind != "num" else "0", token.concepts)
        known = self._words.get(key)
        if known is None:
            known = self._sums(word_features(token))
            if len(self._words) < _CACHE:
                self._words[key] = known
        return known

    def _sums(self, names: Iterable[str]) -> tuple[float, float]:
        """Pull and squared size of the features among these that have a weight."""
        pull = square = 0.0
        for name in names:
            weight = self.weights.get(name)
            if weight is not None:
                pull += weight.rarity * weight.pull
                square += weight.rarity * weight.rarity
        return pull, square

    def kind(self, tokens: Sequence[Token], *, without: str | None = None) -> str:
        """The category whose texts these words are most like; `without`: one that cannot be meant."""
        names = set(features(tokens))
        scores = {
            category: sum(typical.get(name, 0.0) for name in names)
            for category, typical in sorted(self.kinds.items())
            if category != without
        }
        return max(scores, key=lambda category: scores[category])


def read_weights(text: str) -> Weigher:
    """Lines of `bias`, `weight` and `kind` with tabs between. Raises WeightsError."""
    bias = 0.0
    weights: dict[str, Weight] = {}
    kinds: dict[str, dict[str, float]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line or line.startswith("#"):
            continue
        match line.split("\t"):
            case ["bias", value]:
                bias = float(value)
            case ["weight", name, rarity, pull]:
                weights[name] = Weight(float(rarity), float(pull))
            case ["kind", category, name, value]:
                kinds.setdefault(category, {})[name] = float(value)
            case _:
                message = f"line {number} is neither bias, weight nor kind"
                raise WeightsError(message)
    if not weights or not kinds:
        message = "there are no weights, or no kinds"
        raise WeightsError(message)
    return Weigher(bias, weights, kinds)


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
