"""Stage 1: the rules over a caption with its footer. Pure and deterministic."""

from collections.abc import Iterator, Sequence
from datetime import date

from project_one.compliance.checks import format_findings, personal_findings
from project_one.compliance.domain import CATEGORIES, Context, Finding, Severity, Verdict, judge
from project_one.compliance.footer import Footer, find_footer
from project_one.compliance.match import Polarity, Text, find
from project_one.compliance.reading.fold import fold
from project_one.compliance.reading.language import register_of
from project_one.compliance.reading.lexicon import Occurrence
from project_one.compliance.reading.names import named_occurrences, person_occurrences
from project_one.compliance.reading.numbers import number_occurrences
from project_one.compliance.reading.tokens import Token, read
from project_one.compliance.rulebook import Rulebook
from project_one.vocabulary.domain import Capacity

_CONTRAST = frozenset(
    [
        "but",
        "however",
        "yet",
        "although",
        "lekin",
        "magar",
        "par",
        "parantu",
        "pan",
        "parantu",
        "tarihi",
        "lekin",
        "लेकिन",
        "मगर",
        "किंतु",
        "परंतु",
        "पण",
        "मात्र",
        "तरीही",
    ]
)


def evaluate(text: str, context: Context, rulebook: Rulebook, *, on: date, is_framed: bool = False) -> Verdict:
    """The verdict of the rules in force on that day. `text`: a caption; identity and warning may stand anywhere.

    `is_framed`: identity and warning come from a frame around this text and are looked for in the rendered message.
    """
    lexicon = rulebook.lexicon
    folded = fold(text)
    reading = read(folded, lexicon, _CONTRAST)
    tokens = reading.tokens
    concepts: dict[str, list[Occurrence]] = lexicon.occurrences(tokens)
    for concept, places in number_occurrences(tokens).items():
        concepts[concept] = places
    listed = [*concepts.get("AMC_NAME", ()), *concepts.get("STOCK_NAME", ())]
    concepts["NAMED"] = named_occurrences(text, tokens, listed)
    concepts["PERSON"] = person_occurrences(text, tokens)
    whole = Text(reading, {name: places for name, places in concepts.items() if places})
    footer = find_footer(whole, folded, context.capacity, rulebook.warning_halves)
    body = Text(reading, whole.concepts, footer.tokens)
    findings = [*_rule_findings(text, body, context, rulebook, on=on)]
    findings += _posing_sign_off(text, whole, footer, context)
    findings += format_findings(text, _body_spans(text, tokens, footer.tokens))
    findings += personal_findings(text, folded)
    if not is_framed and not footer.has_identity:
        findings.append(_missing("SEBI-ALL-IDENTITY-FIRST-LINE", "missing_identity"))
    if not is_framed and not footer.has_warning:
        rule_id = "AMFI-MFD-STD-WARNING" if context.capacity == "MFD" else "SEBI-IA-STD-WARNING"
        findings.append(_missing(rule_id, "missing_warning"))
    spoken = [token for index, token in enumerate(tokens) if index not in footer.tokens]
    return judge(findings, register_of(spoken or tokens))


_POSING = ("ADVISER_WORD", "ADVISER_SELF")
_NOT_OF_HER = ("CONSULT_A", "NEG_VERB", "NEG_DET", "NEG_POST")


def _posing_sign_off(text: str, whole: Text, footer: Footer, context: Context) -> Iterator[Finding]:
    """A distributor who signs as an adviser: in a sign-off the bare word is enough (AMFI Code 5(g))."""
    if context.capacity is not Capacity.MFD or any(_within(name, whole, footer.identity) for name in _NOT_OF_HER):
        return
    for place in [place for name in _POSING for place in _within(name, whole, footer.identity)][:1]:
        start, end = whole.tokens[place.first].start, whole.tokens[place.last].end
        severity = CATEGORIES["adviser_posing"][0]
        yield Finding("AMFI-MFD-ADVISER-NAME", "adviser_posing", severity, start, end, text[start:end])


def _within(concept: str, text: Text, tokens: frozenset[int]) -> list[Occurrence]:
    return [place for place in text.concepts.get(concept, ()) if place.first in tokens]


def _missing(rule_id: str, category: str) -> Finding:
    return Finding(rule_id, category, CATEGORIES[category][0], 0, 0, "")


def _rule_findings(text: str, body: Text, context: Context, rulebook: Rulebook, *, on: date) -> Iterator[Finding]:
    for rule, item in rulebook.patterns_for(body.concepts):
        if context.capacity not in rule.capacities or not _is_in_force(rule.effective_from, rule.effective_until, on):
            continue
        for place in find(item.pattern, body):
            start, end = body.tokens[place.first].start, body.tokens[place.last].end
            is_quoted = place.first in body.reading.quoted and item.pattern.polarity is Polarity.CLAIM
            severity = Severity.REVIEW if is_quoted else item.severity  # a person reads whose words they are
            yield Finding(rule.id, item.category, severity, start, end, text[start:end])


def _is_in_force(start: date, until: date | None, on: date) -> bool:
    return start <= on and (until is None or on <= until)


def _body_spans(text: str, tokens: Sequence[Token], footer: frozenset[int]) -> list[tuple[int, int]]:
    """Parts of the text between footers."""
    spans: list[tuple[int, int]] = []
    start = 0
    for index, token in enumerate(tokens):
        if index in footer:
            if token.start > start:
                spans.append((start, token.start))
            start = max(start, token.end)
    if start < len(text):
        spans.append((start, len(text)))
    return spans
