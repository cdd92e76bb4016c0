"""Stage 1: the rules over a caption with its footer. Pure and deterministic."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from project_one.compliance.checks import format_findings, personal_findings
from project_one.compliance.domain import CATEGORIES, Context, Finding, Severity, Verdict, judge
from project_one.compliance.footer import Footer, body_spans, find_footer
from project_one.compliance.link import links
from project_one.compliance.match import Polarity, Text, find
from project_one.compliance.reading.fold import Folded, fold
from project_one.compliance.reading.language import register_of
from project_one.compliance.reading.lexicon import Occurrence
from project_one.compliance.reading.names import named_occurrences, person_occurrences
from project_one.compliance.reading.numbers import number_occurrences
from project_one.compliance.reading.tokens import Token, read
from project_one.compliance.rulebook import Rulebook, RulePattern
from project_one.compliance.weigher import Weighed, Weigher
from project_one.vocabulary.domain import Capacity

_CONTRAST = frozenset(
    [
        "but",
        "however",
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


READS_LIKE = 0.48
"""From this share on a text is shown to a person though no pattern found anything."""

SURELY = 0.7
"""The same for an adviser whose text reads most like those of distributors who pose as one."""

INNOCENT = ((0.4, 0.4), (0.05, 0.8))
"""A weighed rule is wrong where the whole text stays below the first share and the finding's own clause below the second:
the surer the text, the more like a claim its clause may sound. Innocent words far away do not make a claim innocent."""


CURT = 7
"""A sentence of fewer words says all it has to say, and too little to be weighed against what a pattern found in it."""


@dataclass(frozen=True)
class Caption:
    """A text as the rules see it: whole, without its footer, and the words that are weighed."""

    folded: Folded
    whole: Text
    body: Text
    footer: Footer
    spoken: list[Token]


def read_caption(text: str, context: Context, rulebook: Rulebook) -> Caption:
    """Fold and cut a text, and find what its words mean and where it speaks of its sender."""
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
    spoken = [token for index, token in enumerate(tokens) if index not in footer.tokens]
    return Caption(folded, whole, body, footer, spoken)


def body_tokens(text: str, context: Context, rulebook: Rulebook) -> list[Token]:
    """The words of a text that are weighed: all but its footer and what stands around the registration number."""
    return _weighed(text, read_caption(text, context, rulebook), context)


def _weighed(text: str, found: Caption, context: Context) -> list[Token]:
    """The words that are weighed: neither sender, warning nor web address."""
    footer = found.footer
    outside = footer.tokens | footer.identity | footer.rest
    addresses = list(links(text))
    unsaid = frozenset[str]() if context.capacity is Capacity.MFD else frozenset(_POSING)  # an adviser may say so
    return [
        token
        for index, token in enumerate(found.whole.tokens)
        if index not in outside
        and unsaid.isdisjoint(token.concepts)
        and not any(start <= token.start < end for start, end in addresses)
    ]


def evaluate(text: str, context: Context, rulebook: Rulebook, *, on: date, is_framed: bool = False) -> Verdict:
    """The verdict of the rules in force on that day. `text`: a caption; identity and warning may stand anywhere.

    `is_framed`: identity and warning come from a frame around this text and are looked for in the rendered message.
    """
    found = read_caption(text, context, rulebook)
    footer = found.footer
    findings = [
        *_content_findings(text, found, context, rulebook, on=on),
        *_posing_sign_off(text, found.whole, footer, context),
        *format_findings(text, body_spans(text, found.whole.tokens, footer)),
        *personal_findings(text, found.folded),
    ]
    if not is_framed and not footer.has_identity:
        findings.append(_missing("SEBI-ALL-IDENTITY-FIRST-LINE", "missing_identity"))
    if not is_framed and not footer.has_warning:
        rule_id = "AMFI-MFD-STD-WARNING" if context.capacity == "MFD" else "SEBI-IA-STD-WARNING"
        findings.append(_missing(rule_id, "missing_warning"))
    return judge(findings, register_of(found.spoken or found.whole.tokens))


def _content_findings(text: str, found: Caption, context: Context, rulebook: Rulebook, *, on: date) -> list[Finding]:
    """What patterns find and the weigher does not find innocent; else what it would show a person by itself."""
    pairs = list(rule_findings(text, found.body, context, rulebook, on=on))
    weigher, told = rulebook.weigher, rulebook.weighed
    if weigher is None or told is None:
        return [finding for _, finding in pairs]
    tokens = _weighed(text, found, context)
    weighed = weigher.weigh(tokens)
    kept = [
        finding
        for _, finding in pairs
        if not (rulebook.told[finding.rule_id].is_weighed and _is_innocent(finding, weighed, tokens, weigher))
    ]
    if kept or weighed.is_short or weighed.share < READS_LIKE or not told.is_in_force(on):
        return kept
    sentence = [token for token in tokens if token.sentence == weighed.sentence]
    start, end, kind = sentence[0].start, sentence[-1].end, weigher.kind(sentence)
    may_say_so = kind == "adviser_posing" and context.capacity is not Capacity.MFD
    if may_say_so:
        kind = weigher.kind(sentence, without="adviser_posing")
    if (may_say_so and weighed.share < SURELY) or (kind == "past_performance" and "CAVEAT" in found.body.concepts):
        return kept
    # never more than a review: a likeness is a reason to look, not to refuse
    return [Finding(told.id, kind, Severity.REVIEW, start, end, text[start:end])]


def _is_innocent(finding: Finding, whole: Weighed, tokens: Sequence[Token], weigher: Weigher) -> bool:
    """Whether the text, and the clause of the finding taken alone, speak against it."""
    found = [token for token in tokens if finding.start <= token.start < finding.end]
    sentences, clauses = {token.sentence for token in found}, {token.clause for token in found}
    if whole.is_short or sum(token.sentence in sentences for token in tokens) < CURT:
        return False
    clause = [token for token in tokens if token.clause in clauses]
    return bool(clause) and any(whole.share < text and weigher.weigh(clause).share < alone for text, alone in INNOCENT)


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


def rule_findings(
    text: str, body: Text, context: Context, rulebook: Rulebook, *, on: date
) -> Iterator[tuple[RulePattern, Finding]]:
    """What the patterns alone find, each with the pattern that found it."""
    for rule, item in rulebook.patterns_for(body.concepts):
        if context.capacity not in rule.capacities or not rule.is_in_force(on):
            continue
        for place in find(item.pattern, body):
            start, end = body.tokens[place.first].start, body.tokens[place.last].end
            is_quoted = place.first in body.reading.quoted and item.pattern.polarity is Polarity.CLAIM
            severity = Severity.REVIEW if is_quoted else item.severity  # a person reads whose words they are
            yield item, Finding(rule.id, item.category, severity, start, end, text[start:end])
