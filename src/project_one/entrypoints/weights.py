"""`project-one weights`: train the weigher from the labelled texts of the repository. Seeded: the same texts, the same file."""

import math
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import project_one
from project_one.compliance.domain import ADVISOR_TYPES, Context
from project_one.compliance.evaluate import body_tokens
from project_one.compliance.model import ASKED_OF_MODEL
from project_one.compliance.reading.tokens import Token
from project_one.compliance.regression import each_example
from project_one.compliance.rulebook import Rulebook, load, shipped
from project_one.compliance.weigher import LEAST_SIZE, Weigher, Weight, Weights, features, written
from project_one.compliance.wordings import every_neutral
from project_one.content.library import read_library
from project_one.entrypoints.evaluation import bank_lines, cases
from project_one.vocabulary.domain import Capacity

TARGET = Path(project_one.__file__).parent / "compliance" / "data" / "weights" / "weights.tsv"
_ROUNDS, _LOOSE, _SEED = 30, 3.0, 7
_SLOPE = 3.0  # of the share over the margin
_CONTENT = frozenset(ASKED_OF_MODEL) - {"client_data"}  # what is counted or found by its form is not weighed
_LEAST_TEXTS = 2  # in which a feature must stand
_TYPICAL = 120  # features kept per category


@dataclass(frozen=True)
class Sample:
    """One labelled text. `categories`: empty for a compliant one."""

    tokens: Sequence[Token]
    categories: tuple[str, ...]


def samples(rulebook: Rulebook) -> Iterator[Sample]:
    """Development texts, an opened exam, the bank, the library and the rules' own examples; never what is measured with."""
    for case in [*cases("dev"), *cases("exam-2")]:
        found = tuple(sorted({name for name, _ in case.findings if name in _CONTENT}))
        if found or not case.is_violating:
            yield Sample(body_tokens(case.text, Context(case.capacity), rulebook), found)
    for raw in bank_lines():
        context = Context(ADVISOR_TYPES[raw["advisor_type"]])
        if raw["category"] is None or raw["category"] in _CONTENT:
            categories = (raw["category"],) if raw["category"] else ()
            yield Sample(body_tokens(raw["text"], context, rulebook), categories)
    for pack in read_library().packs:
        for content in pack.contents:
            yield Sample(body_tokens(content.paragraph, Context(pack.capacities[0]), rulebook), ())
    for text in every_neutral():
        yield Sample(body_tokens(text, Context(Capacity.MFD), rulebook), ())
    category_of = {rule.id: rule.category for rule in rulebook.rules}
    for rule_id, kind, text in each_example(shipped()):
        tokens = body_tokens(text, Context(Capacity.MFD), rulebook)
        if kind == "near" or category_of[rule_id] in _CONTENT:
            yield Sample(tokens, (category_of[rule_id],) if kind == "hits" else ())


def train(texts: Sequence[Sample]) -> Weigher:
    """A linear support vector machine over vectors of rarity, of length one at most."""
    named = [features(text.tokens) for text in texts]
    counts = Counter(name for names in named for name in names)
    rarity = {
        name: round(math.log((1 + len(texts)) / (1 + count)) + 1, 2)
        for name, count in sorted(counts.items())
        if count >= _LEAST_TEXTS + name.startswith("k ")  # what is said at a distance must come a third time
    }
    vectors = [_vector(names, rarity) for names in named]
    pull = _fitted(vectors, [1 if text.categories else -1 for text in texts])
    weights = Weights((name, Weight(value, round(_SLOPE * pull[name], 3))) for name, value in rarity.items())
    return Weigher(0.0, weights, _kinds(texts, vectors))  # a text that tells nothing stands in the middle


def _vector(names: Sequence[str], rarity: dict[str, float]) -> list[tuple[str, float]]:
    known = [(name, rarity[name]) for name in names if name in rarity]
    size = math.sqrt(max(sum(value * value for _, value in known), LEAST_SIZE))
    return [(name, value / size) for name, value in known]


def _fitted(vectors: Sequence[list[tuple[str, float]]], signs: Sequence[int]) -> dict[str, float]:
    """Pull per feature, by descent on one text's multiplier at a time.

    Source: Hsieh and others, A Dual Coordinate Descent Method for Large-scale Linear SVM, 2008, squared hinge loss.
    """
    lot = random.Random(_SEED)  # noqa: S311
    order = list(range(len(vectors)))
    pull: dict[str, float] = {name: 0.0 for vector in vectors for name, _ in vector}
    multipliers = [0.0] * len(vectors)
    ease = 0.5 / _LOOSE
    lengths = [sum(value * value for _, value in vector) + ease for vector in vectors]
    for _ in range(_ROUNDS):
        lot.shuffle(order)
        for index in order:
            vector, sign, old = vectors[index], signs[index], multipliers[index]
            slope = sign * sum(pull[name] * value for name, value in vector) - 1 + ease * old
            new = max(0.0, old - slope / lengths[index])
            if new != old:
                multipliers[index] = new
                step = sign * (new - old)
                for name, value in vector:
                    pull[name] += step * value
    return pull


def _kinds(texts: Sequence[Sample], vectors: Sequence[list[tuple[str, float]]]) -> dict[str, dict[str, float]]:
    """Features that stand in the texts of a category more than in all."""
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    everywhere: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for text, vector in zip(texts, vectors, strict=True):
        for name, value in vector:
            everywhere[name] += value  # pyright: ignore[reportArgumentType]
        for category in text.categories:
            sizes[category] += 1
            for name, value in vector:
                sums[category][name] += value  # pyright: ignore[reportArgumentType]
    found: dict[str, dict[str, float]] = {}
    for category, total in sums.items():
        excess = {
            name: 100 * (value / sizes[category] - everywhere[name] / len(texts)) for name, value in total.items()
        }
        best = sorted(excess, key=lambda name: (-excess[name], name))[:_TYPICAL]
        found[category] = {name: round(excess[name], 2) for name in best}
    return found


def run(*, check: bool) -> int:
    """Write the file of weights, or say whether it is the one these texts give."""
    texts = list(samples(load()))
    refused = sum(bool(text.categories) for text in texts)
    note = (f"Trained by `project-one weights` from {len(texts)} texts, {refused} of them refused.",)
    made = written(train(texts), note)
    if check:
        is_same = TARGET.read_text(encoding="utf-8") == made
        sys.stdout.write(
            "The weights are those of the labelled texts.\n"
            if is_same
            else "The weights are not those of the labelled texts, word lists and rules; run project-one weights.\n"
        )
        return 0 if is_same else 1
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(made, encoding="utf-8")
    sys.stdout.write(f"{len(texts)} texts, {made.count(chr(10))} lines written.\n")
    return 0
