"""The rules as data: `data/rules/*.yaml`, read once and checked as they are read.

Refused, with file and line: an unknown key, a doubled id, a rule without examples, a category or concept that does not
exist, a line that is not a pattern. Patterns are lines over concepts, so that none can be worse than linear in a text.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

import yaml

from project_one.compliance.domain import CATEGORIES, LIKENESS, Severity
from project_one.compliance.match import Pattern, PatternInvalidError, Polarity, Scope, parse
from project_one.compliance.reading.fold import fold
from project_one.compliance.reading.lexicon import Lexicon
from project_one.compliance.standard import StandardText, standard_text
from project_one.compliance.weigher import Weigher, read_weights
from project_one.vocabulary.domain import Capacity

_RULE_KEYS = frozenset(
    {"id", "category", "severity", "basis", "from", "until", "capacities", "message", "remedy", "patterns", "weighed"}
)
_PATTERN_KEYS = frozenset(
    {"find", "scope", "polarity", "unless", "needs", "severity", "category", "within", "cleared-by"}
)
_WITHIN = 8
_READER_LANGUAGES = ("en", "hi", "mr")
BUILT_IN = frozenset({"PERCENT", "MONEY", "SPAN_OF_TIME", "NUM", "YEAR", "NAMED", "PERSON"})


class RulebookError(Exception):
    """A rule file is wrong; names file and line."""


@dataclass(frozen=True)
class RulePattern:
    pattern: Pattern
    severity: Severity
    category: str


@dataclass(frozen=True)
class Rule:
    """`basis`: the reference's id of the outside rule and its paragraph. Messages and remedies in the reader's language.

    `is_weighed`: its patterns are wide and count unless the weigher finds the text innocent; others count always.
    """

    id: str
    category: str
    severity: Severity
    basis: str
    effective_from: date
    effective_until: date | None
    capacities: frozenset[Capacity]
    message: Mapping[str, str]
    remedy: Mapping[str, str]
    patterns: Sequence[RulePattern]
    is_weighed: bool = False

    def is_in_force(self, on: date) -> bool:
        return self.effective_from <= on and (self.effective_until is None or on <= self.effective_until)


@dataclass(frozen=True)
class Rulebook:
    """Everything an evaluation reads. `version`: of the policy files it was read from.

    `standard_texts`: what must stand in a message byte for byte. `name_words`, `name_parts` (folded): what a
    distributor's names may not hold, as words and inside words. `weigher`: None in a policy without weights;
    `weighed`: what its findings say.
    """

    rules: Sequence[Rule]
    lexicon: Lexicon
    warning_halves: Mapping[str, Sequence[Pattern]]
    version: str
    standard_texts: Sequence[StandardText]
    name_words: Lexicon
    name_parts: Sequence[str]
    weigher: Weigher | None = None
    weighed: Rule | None = None
    by_first: Mapping[str, Sequence[tuple[Rule, RulePattern]]] = field(init=False)
    told: Mapping[str, Rule] = field(init=False)

    def __post_init__(self) -> None:
        index: dict[str, list[tuple[Rule, RulePattern]]] = {}
        for rule in self.rules:
            for item in rule.patterns:
                for concept in item.pattern.elements[0]:
                    index.setdefault(concept, []).append((rule, item))
        object.__setattr__(self, "by_first", index)
        object.__setattr__(
            self, "told", {rule.id: rule for rule in [*self.rules, *([self.weighed] if self.weighed else [])]}
        )

    @cached_property
    def patterns_alone(self) -> "Rulebook":
        """Without the weigher, which lets what a pattern finds pass in innocent company: for what nobody has read yet."""
        return replace(self, weigher=None)

    def is_same_on(self, one: date, other: date) -> bool:
        """Whether the same rules and the same standard texts are in force on both days."""
        return all(rule.is_in_force(one) == rule.is_in_force(other) for rule in self.told.values()) and all(
            (text.effective_from <= one) == (text.effective_from <= other) for text in self.standard_texts
        )

    def patterns_for(self, concepts: Iterable[str]) -> list[tuple[Rule, RulePattern]]:
        """Patterns that may match a text with these concepts: each once."""
        found = {id(item): (rule, item) for concept in concepts for rule, item in self.by_first.get(concept, ())}
        return list(found.values())


_FastLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one reads the lexicons five times faster


class _Lined(_FastLoader):
    """Keeps the line on which each mapping begins."""


def _mapping(loader: _Lined, node: yaml.MappingNode) -> dict[str, Any]:
    pairs = loader.construct_pairs(node, deep=True)
    made = {str(key): value for key, value in pairs}
    if len(made) < len(pairs):
        message = f"line {node.start_mark.line + 1}: a key stands twice"
        raise RulebookError(message)
    made["__line__"] = node.start_mark.line + 1
    return made


_Lined.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


POLICY_FILES = (".yaml", ".tsv")
"""Endings of the files a policy is made of."""


def shipped() -> dict[str, str]:
    """The policy files that ship with this release: folder/name to text."""
    return dict(_shipped())


@cache
def _shipped() -> dict[str, str]:
    root = files("project_one.compliance") / "data"
    return {
        f"{folder.name}/{path.name}": path.read_text(encoding="utf-8")
        for folder in root.iterdir()
        if folder.is_dir()
        for path in folder.iterdir()
        if path.name.endswith(POLICY_FILES)
    }


@cache
def load() -> Rulebook:
    """The shipped rulebook. Raises RulebookError."""
    return read_policy(shipped())


def policy_version(policy: Mapping[str, str]) -> str:
    """SHA-256 over names and texts of all files of a policy: the same files are the same version."""
    digest = hashlib.sha256()
    for name in sorted(policy):
        for part in (name, policy[name]):
            raw = part.encode()
            digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.hexdigest()


def read_policy(policy: Mapping[str, str]) -> Rulebook:
    """A rulebook of policy files (folder/name to YAML). Raises RulebookError with file and line."""
    texts = {kind: _of_kind(policy, kind) for kind in ("lexicon", "rules", "footer", "standard", "names")}
    missing = [kind for kind, found in texts.items() if not found]
    if missing:
        message = f"the policy has no files under {', '.join(missing)}"
        raise RulebookError(message)
    entries, literals = dict(_entries(texts["lexicon"])), set[str]()
    known = frozenset(entries)
    rules = list(_rules(texts["rules"], known, literals))
    halves = _halves(texts["footer"], known, literals)
    for literal in literals:
        entries[literal] = [literal.strip('"').replace(" ", "_")]
    names = dict(_entries(texts["names"]))
    return Rulebook(
        rules,
        Lexicon(entries),
        halves,
        policy_version(policy),
        _standard_texts(texts["standard"]),
        Lexicon({"NAME_WORD": names.get("NAME_WORD", [])}),
        sorted({fold(part).text for part in names.get("NAME_PART", [])}),
        *_weigher(policy),
    )


def _weigher(policy: Mapping[str, str]) -> tuple[Weigher | None, Rule | None]:
    weights, told = policy.get("weights/weights.tsv"), policy.get("weights/weighed.yaml")
    if weights is None or told is None:
        return None, None
    try:
        weigher = read_weights(weights)
    except ValueError as error:
        message = f"weights/weights.tsv: {error}"
        raise RulebookError(message) from error
    raw = _parse("weights/weighed.yaml", told)
    try:
        rule = Rule(
            id=LIKENESS,
            category="false_or_misleading",
            severity=Severity.REVIEW,
            basis=raw["basis"],
            effective_from=raw["from"],
            effective_until=raw.get("until"),
            capacities=frozenset(Capacity),
            message=_in_all_languages(raw["message"]),
            remedy=_in_all_languages(raw["remedy"]),
            patterns=(),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        message = f"weights/weighed.yaml: {error}"
        raise RulebookError(message) from error
    return weigher, rule


def _of_kind(policy: Mapping[str, str], kind: str) -> list[tuple[str, str]]:
    return sorted((name, text) for name, text in policy.items() if name.startswith(f"{kind}/"))


def _entries(texts: Sequence[tuple[str, str]]) -> Iterator[tuple[str, list[str]]]:
    merged: dict[str, list[str]] = {}
    for name, text in texts:
        for concept, words in _parse(name, text).items():
            if concept == "__line__":
                continue
            if not isinstance(words, str):
                message = f"{name}: {concept} must be words with spaces between"
                raise RulebookError(message)
            merged.setdefault(concept, []).extend(words.split())
    yield from merged.items()


def read_rules(texts: Sequence[tuple[str, str]], lexicon: Lexicon) -> list[Rule]:
    """Rules of (file name, YAML) pairs. Raises RulebookError with file and line."""
    return list(_rules(texts, lexicon.concepts_known, set()))


def read_lexicon(texts: Sequence[tuple[str, str]]) -> Lexicon:
    return Lexicon(dict(_entries(texts)))


def _parse(name: str, text: str) -> Any:
    try:
        return yaml.load(text, _Lined)  # noqa: S506  a subclass of the safe loader
    except (yaml.YAMLError, RulebookError) as error:
        message = f"{name}: {error}"
        raise RulebookError(message) from error


def _halves(texts: Sequence[tuple[str, str]], known: frozenset[str], literals: set[str]) -> dict[str, list[Pattern]]:
    """Halves of the standard warnings, by name."""
    found: dict[str, list[Pattern]] = {}
    for name, text in texts:
        for half, lines in _parse(name, text).items():
            if half == "__line__":
                continue
            options = [{"find": line, "scope": "sentence", "polarity": "always"} for line in lines]
            try:
                made = [_pattern(item, "missing_warning", Severity.REVIEW, known, literals) for item in options]
            except ValueError as error:
                message = f"{name}: {half}: {error}"
                raise RulebookError(message) from error
            found[half] = [item.pattern for item in made]
    return found


def _standard_texts(texts: Sequence[tuple[str, str]]) -> list[StandardText]:
    """Texts that must stand in a message, each compared with its hash."""
    found: list[StandardText] = []
    for name, text in texts:
        for raw in _parse(name, text):
            where = f"{name}, line {raw.pop('__line__')}"
            try:
                found.append(standard_text(raw))
            except (KeyError, TypeError, ValueError) as error:
                message = f"{where}: {error}"
                raise RulebookError(message) from error
    return found


def _rules(texts: Sequence[tuple[str, str]], known: frozenset[str], literals: set[str]) -> Iterator[Rule]:
    seen: dict[str, str] = {}
    for name, text in texts:
        for raw in _parse(name, text):
            where = f"{name}, line {raw.pop('__line__')}"
            try:
                rule = _rule(raw, known, literals)
            except (PatternInvalidError, KeyError, TypeError, ValueError, AttributeError) as error:
                message = f"{where}: {error}"
                raise RulebookError(message) from error
            if rule.id in seen:
                message = f"{where}: {rule.id} stands already in {seen[rule.id]}"
                raise RulebookError(message)
            seen[rule.id] = where
            yield rule


def _rule(raw: dict[str, Any], known: frozenset[str], literals: set[str]) -> Rule:
    _only(raw, _RULE_KEYS)
    category = raw["category"]
    if category not in CATEGORIES:
        message = f"there is no category {category}"
        raise ValueError(message)
    severity = Severity(raw["severity"]) if "severity" in raw else CATEGORIES[category][0]
    patterns = [_pattern(item, category, severity, known, literals) for item in raw["patterns"]]
    if not patterns:
        message = "a rule needs a pattern"
        raise ValueError(message)
    return Rule(
        id=raw["id"],
        category=category,
        severity=severity,
        basis=raw["basis"],
        effective_from=raw["from"],
        effective_until=raw.get("until"),
        capacities=frozenset(Capacity(item) for item in raw.get("capacities", [*Capacity])),
        message=_in_all_languages(raw["message"]),
        remedy=_in_all_languages(raw["remedy"]),
        patterns=patterns,
        is_weighed=bool(raw.get("weighed", False)),
    )


def _only(raw: dict[str, Any], allowed: frozenset[str]) -> None:
    unknown = sorted(set(raw) - allowed - {"__line__"})
    if unknown:
        message = f"unknown key {', '.join(unknown)}"
        raise ValueError(message)


def _in_all_languages(raw: dict[str, Any]) -> dict[str, str]:
    texts = {language: str(raw[language]) for language in _READER_LANGUAGES}
    _only(raw, frozenset(_READER_LANGUAGES))
    return texts


def _pattern(
    raw: str | dict[str, Any], category: str, severity: Severity, known: frozenset[str], literals: set[str]
) -> RulePattern:
    options = {"find": raw} if isinstance(raw, str) else raw
    _only(options, _PATTERN_KEYS)
    elements, links = parse(options["find"])
    unless, needs, cleared_by = (frozenset(options.get(key, ())) for key in ("unless", "needs", "cleared-by"))
    for name in {name for element in elements for name in element} | unless | needs | cleared_by:
        if name.startswith('"'):
            literals.add(name)
        elif name not in known and name not in BUILT_IN:
            message = f"there is no concept {name}"
            raise ValueError(message)
    own_category = options.get("category", category)
    own_severity = CATEGORIES[own_category][0] if "category" in options else severity
    return RulePattern(
        Pattern(
            elements,
            links,
            Scope(options.get("scope", Scope.CLAUSE)),
            Polarity(options.get("polarity", Polarity.CLAIM)),
            unless,
            needs,
            int(options.get("within", _WITHIN)),
            cleared_by,
        ),
        Severity(options["severity"]) if "severity" in options else own_severity,
        own_category,
    )
