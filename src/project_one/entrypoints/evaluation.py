"""`make eval`: the engine against the labelled corpus, by language, category and difficulty, plain and under evasion."""

import hashlib
import json
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import project_one
from project_one.compliance.domain import ADVISOR_TYPES, CATEGORIES, Context, Verdict
from project_one.compliance.evaluate import evaluate, read_caption, rule_findings
from project_one.compliance.match import Pattern
from project_one.compliance.mutations import mutations
from project_one.compliance.regression import each_example
from project_one.compliance.rulebook import Rulebook, load, shipped
from project_one.vocabulary.domain import Capacity

EVALUATION = Path(project_one.__file__).parents[2] / "evaluation"
ON = date(2026, 11, 24)
HALVES = ("dev", "exam-2", "test", "exam-3")
"""The first two are opened: the engine is trained on them."""


@dataclass(frozen=True)
class Case:
    """One labelled text. `findings`: category and quote (empty for what is missing)."""

    id: str
    half: str
    language: str
    capacity: Capacity
    text: str
    verdict: str
    difficulty: str
    findings: Sequence[tuple[str, str]]

    @property
    def is_violating(self) -> bool:
        return self.verdict != "pass"


def cases(half: str) -> list[Case]:
    found: list[Case] = []
    for path in sorted((EVALUATION / "corpus").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            raw = json.loads(line)
            if raw["half"] == half:
                found.append(
                    Case(
                        raw["id"],
                        raw["half"],
                        raw["language"],
                        ADVISOR_TYPES[raw["advisor_type"]],
                        raw["text"],
                        raw["verdict"],
                        raw["difficulty"],
                        [(item["category"], item["quote"]) for item in raw["findings"]],
                    )
                )
    return found


def paraphrases() -> list[Case]:
    """Claims in other words, each beside an allowed text of nearly the same words; the engine is not trained on them."""
    found: list[Case] = []
    for path in sorted((EVALUATION / "paraphrases").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            raw = json.loads(line)
            category = raw["category"]
            verdict = CATEGORIES[category][0].value if category else "pass"
            findings = [(category, "")] if category else []
            capacity = ADVISOR_TYPES[raw["advisor_type"]]
            found.append(Case(raw["id"], "", path.stem, capacity, raw["text"], verdict, "", findings))
    return found


def bank() -> Iterator[tuple[str, Capacity]]:
    """The texts for development: sentences and captions of one category or none."""
    for raw in bank_lines():
        yield raw["text"], ADVISOR_TYPES[raw["advisor_type"]]


def bank_lines() -> Iterator[dict[str, Any]]:
    """As they stand in the files: `id`, `text`, `category` (None: allowed), `advisor_type`."""
    for path in sorted((EVALUATION / "bank").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


def frozen_digests() -> dict[str, dict[str, Any]]:
    """What the exam texts of each file hash to now."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted((EVALUATION / "corpus").glob("*.jsonl")):
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if json.loads(line)["half"] != "dev"]
        found[path.name] = {"texts": len(lines), "sha256": hashlib.sha256("\n".join(lines).encode()).hexdigest()}
    for path in sorted((EVALUATION / "paraphrases").glob("*.jsonl")):
        lines = path.read_text(encoding="utf-8").splitlines()
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        found[f"paraphrases/{path.name}"] = {"texts": len(lines), "sha256": digest}
    return found


@dataclass
class Tally:
    """Counts of one group of texts."""

    found: int = 0
    missed: int = 0
    wrong: int = 0
    clean: int = 0
    to_block: int = 0
    stopped: int = 0

    def add(self, case: Case, verdict: Verdict) -> None:
        is_flagged = verdict.band.value != "pass"
        self.found += case.is_violating and is_flagged
        self.missed += case.is_violating and not is_flagged
        self.wrong += not case.is_violating and is_flagged
        self.clean += not case.is_violating and not is_flagged
        self.to_block += case.verdict == "block"
        self.stopped += case.verdict == "block" and is_flagged

    def figures(self) -> dict[str, float | int]:
        recall = _share(self.found, self.found + self.missed)
        precision = _share(self.found, self.found + self.wrong)
        return {
            "texts": self.found + self.missed + self.wrong + self.clean,
            "recall": recall,
            "precision": precision,
            "f1": round(2 * recall * precision / (recall + precision), 3) if recall + precision else 0.0,
            "false_positive_rate": _share(self.wrong, self.wrong + self.clean),
            "blocked_or_reviewed": _share(self.stopped, self.to_block),
        }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 3) if whole else 1.0


def measure(rulebook: Rulebook, texts: Sequence[Case]) -> dict[str, Any]:
    """Every figure of one half."""
    groups: dict[str, dict[str, Tally]] = {"language": defaultdict(Tally), "difficulty": defaultdict(Tally)}
    total, categories, spans, confusions = Tally(), defaultdict[str, Counter[str]](Counter), Counter[str](), list[str]()
    times: list[float] = []
    right_language = 0
    for case in texts:
        began = time.perf_counter()
        verdict = evaluate(case.text, Context(case.capacity), rulebook, on=ON)
        times.append(time.perf_counter() - began)
        for tally in (total, groups["language"][case.language], groups["difficulty"][case.difficulty]):
            tally.add(case, verdict)
        right_language += verdict.register.value == case.language
        got = {finding.category for finding in verdict.findings}
        wanted = {category for category, _ in case.findings}
        for category in got | wanted:
            kind = "found" if category in got & wanted else "missed" if category in wanted else "extra"
            categories[category][kind] += 1
        _count_spans(case, verdict, spans)
        if (verdict.band.value != "pass") != case.is_violating:
            confusions.append(f"{case.id}: {case.verdict}, got {verdict.band.value} {sorted(got)}")
    return {
        "total": total.figures(),
        **{name: {key: tally.figures() for key, tally in sorted(group.items())} for name, group in groups.items()},
        "category": {name: dict(counts) for name, counts in sorted(categories.items())},
        "spans_touching": _share(spans["touching"], spans["all"]),
        "language_right": _share(right_language, len(texts)),
        "rules_per_s": round(len(times) / sum(times)),
        "rules_p99_ms": round(statistics.quantiles(times, n=100)[98] * 1000, 2),
        "confusions": confusions,
    }


def _count_spans(case: Case, verdict: Verdict, spans: Counter[str]) -> None:
    """Of the labelled evidence whose category was found: how often a finding touches it."""
    for category, quote in case.findings:
        start = case.text.find(quote)
        same = [finding for finding in verdict.findings if finding.category == category]
        if quote and same:
            spans["all"] += 1
            spans["touching"] += any(item.start < start + len(quote) and start < item.end for item in same)


def measure_evasions(rulebook: Rulebook, texts: Sequence[Case]) -> dict[str, dict[str, float | int]]:
    """Each evasion on the labelled evidence of each violating text that is caught when plain: share still caught."""
    tried, caught = Counter[str](), Counter[str]()
    for case in texts:
        context = Context(case.capacity)
        if not case.is_violating or evaluate(case.text, context, rulebook, on=ON).band.value == "pass":
            continue
        for _, quote in case.findings[:1]:
            if not quote:
                continue
            for name, changed in mutations(quote).items():
                tried[name] += 1
                text = case.text.replace(quote, changed)
                caught[name] += evaluate(text, context, rulebook, on=ON).band.value != "pass"
    return {name: {"texts": tried[name], "recall": _share(caught[name], tried[name])} for name in sorted(tried)}


def measure_paraphrases(rulebook: Rulebook, texts: Sequence[Case]) -> dict[str, dict[str, float | int]]:
    """Of each category the share that is caught, and of the allowed twins (`allowed`) the share that is flagged."""
    asked, flagged = Counter[str](), Counter[str]()
    for case in texts:
        verdict = evaluate(case.text, Context(case.capacity), rulebook, on=ON, is_framed=True)
        for name in ("all", case.findings[0][0]) if case.is_violating else ("allowed",):
            asked[name] += 1
            flagged[name] += verdict.band.value != "pass"
    return {name: {"texts": asked[name], "flagged": _share(flagged[name], asked[name])} for name in sorted(asked)}


def only_on_own_examples(rulebook: Rulebook, texts: Iterable[tuple[str, Capacity]]) -> list[str]:
    """Patterns that find something in the rules' own examples and in no other text."""
    there = {_pattern_name(rule.id, item.pattern): rule for rule in rulebook.rules for item in rule.patterns}
    on_examples = _fired(rulebook, ((text, Capacity.MFD) for _, _, text in each_example(shipped())))
    return sorted(there.keys() & on_examples - _fired(rulebook, texts))


def _pattern_name(rule_id: str, pattern: Pattern) -> str:
    parts = ["|".join(pattern.elements[0])]
    for (link, distance), element in zip(pattern.links, pattern.elements[1:], strict=True):
        parts += [f"{link}{distance}", "|".join(element)]
    return f"{rule_id}: {' '.join(parts)}"


def _fired(rulebook: Rulebook, texts: Iterable[tuple[str, Capacity]]) -> set[str]:
    found: set[str] = set()
    for text, capacity in texts:
        context = Context(capacity)
        body = read_caption(text, context, rulebook).body
        found |= {
            _pattern_name(finding.rule_id, item.pattern)
            for item, finding in rule_findings(text, body, context, rulebook, on=ON)
        }
    return found


def run(*, as_json: bool) -> int:
    """Print all of it."""
    rulebook = load()
    report: dict[str, Any] = {half: measure(rulebook, cases(half)) for half in HALVES}
    report["evasions"] = measure_evasions(rulebook, cases("test"))
    report["paraphrases"] = measure_paraphrases(rulebook, paraphrases())
    others = [
        (case.text, case.capacity) for case in [*paraphrases(), *(item for half in HALVES for item in cases(half))]
    ]
    report["only_on_own_examples"] = only_on_own_examples(rulebook, [*others, *bank()])
    frozen = json.loads((EVALUATION / "frozen.json").read_text())
    now = frozen_digests()
    report["test_half_is_frozen"] = all(now.get(name) == row for name, row in frozen.items())
    if as_json:
        sys.stdout.write(json.dumps(report) + "\n")
        return 0
    for half in HALVES:
        _print_half(half, report[half])
    sys.stdout.write("\nevasions on the test half (of what is caught when plain)\n")
    for name, row in report["evasions"].items():
        sys.stdout.write(f"  {name:14} {row['recall']:.3f} of {row['texts']}\n")
    sys.stdout.write("\nparaphrases by category (flagged)\n")
    for name, row in report["paraphrases"].items():
        sys.stdout.write(f"  {name:24} {row['flagged']:.3f} of {row['texts']}\n")
    sys.stdout.write(
        f"\npatterns that find something only in their own examples: {len(report['only_on_own_examples'])}\n"
    )
    sys.stdout.writelines(f"  {name}\n" for name in report["only_on_own_examples"])
    sys.stdout.write(f"\ntest half frozen: {report['test_half_is_frozen']}\n")
    return 0


def _print_half(half: str, report: Mapping[str, Any]) -> None:
    out = sys.stdout.write
    out(f"\n{half}\n")
    rows = {"all": report["total"], **report["language"], **report["difficulty"]}
    for name, row in rows.items():
        out(
            f"  {name:9} texts {row['texts']:3}  recall {row['recall']:.3f}  precision {row['precision']:.3f}  f1 {row['f1']:.3f}"
            f"  false positives {row['false_positive_rate']:.3f}  blocks stopped {row['blocked_or_reviewed']:.3f}\n"
        )
    for name, counts in report["category"].items():
        out(
            f"    {name:24} found {counts.get('found', 0)} missed {counts.get('missed', 0)} extra {counts.get('extra', 0)}\n"
        )
    for name in ("spans_touching", "language_right", "rules_per_s", "rules_p99_ms"):
        out(f"  {name}: {report[name]}\n")
    for line in report["confusions"]:
        out(f"    {line}\n")
