"""A policy against its own examples: each hit found by its rule, each near-miss left alone. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import yaml

from project_one.compliance.domain import Context, Register
from project_one.compliance.evaluate import evaluate
from project_one.compliance.rulebook import Rulebook, RulebookError
from project_one.vocabulary.domain import Capacity

LEAST_EXAMPLES = 5  # of each kind, per rule and register
_KINDS = {"hits": True, "near": False}


@dataclass(frozen=True)
class Regression:
    """`checked`: how many examples were run; `failures`: a line for each thing that is not as it should be."""

    checked: int
    failures: tuple[str, ...]

    @property
    def is_passed(self) -> bool:
        return self.checked > 0 and not self.failures


def run_regression(policy: Mapping[str, str], rulebook: Rulebook, *, on: date) -> Regression:
    """Every example of every register, on a day on which each rule is read as if in force. Raises RulebookError."""
    checked, failures = 0, list[str]()
    for name in sorted(policy):
        if not name.startswith("examples/"):
            continue
        register = name.removeprefix("examples/").removesuffix(".yaml")
        examples = _examples(name, policy[name])
        failures += [f"{register}: {line}" for line in _incomplete(examples, rulebook, on=on)]
        for rule_id, kind, text in _each(examples):
            checked += 1
            found = evaluate(text, Context(Capacity.MFD), rulebook, on=on).findings
            if any(finding.rule_id == rule_id for finding in found) is not _KINDS[kind]:
                failures.append(f"{register}: {rule_id} {kind}: {text}")
    missing = [register.value for register in Register if f"examples/{register}.yaml" not in policy]
    if missing:
        failures.append(f"the policy has no examples in {', '.join(missing)}")
    return Regression(checked, tuple(failures))


def _examples(name: str, text: str) -> dict[str, dict[str, list[str]]]:
    try:
        raw: Any = yaml.safe_load(text)
        return {
            str(rule_id): {str(kind): [str(item) for item in texts] for kind, texts in kinds.items()}
            for rule_id, kinds in raw.items()
        }
    except (yaml.YAMLError, AttributeError, TypeError) as error:
        message = f"{name}: {error}"
        raise RulebookError(message) from error


def each_example(policy: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Rule id, `hits` or `near`, and text of every example of a policy."""
    for name in sorted(policy):
        if name.startswith("examples/"):
            yield from _each(_examples(name, policy[name]))


def _incomplete(examples: Mapping[str, Mapping[str, list[str]]], rulebook: Rulebook, *, on: date) -> Iterator[str]:
    known = {rule.id for rule in rulebook.rules}
    in_force = {rule.id for rule in rulebook.rules if rule.effective_until is None or on <= rule.effective_until}
    yield from (f"{rule_id} is no rule of this policy" for rule_id in sorted(set(examples) - known))
    for rule_id in sorted(in_force):
        for kind in _KINDS:
            count = len(examples.get(rule_id, {}).get(kind, ()))
            if count < LEAST_EXAMPLES:
                yield f"{rule_id} has {count} {kind}, {LEAST_EXAMPLES} are needed"


def _each(examples: Mapping[str, Mapping[str, list[str]]]) -> Iterator[tuple[str, str, str]]:
    for rule_id, kinds in examples.items():
        for kind in _KINDS:
            for text in kinds.get(kind, ()):
                yield rule_id, kind, text
