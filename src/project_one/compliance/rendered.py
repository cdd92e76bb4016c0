"""Stage 3: the rules over the message as its reader gets it, with everything that must stand in it. Pure, deterministic."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice

from project_one.compliance.domain import (
    CATEGORIES,
    MANDATORY,
    AdRecord,
    AdRegime,
    Context,
    Finding,
    Register,
    Severity,
    Stage,
    StageResult,
)
from project_one.compliance.evaluate import evaluate
from project_one.compliance.identity import first_line, foreign_numbers, has_identity, own_spans
from project_one.compliance.link import declared_host, has_official_link, links
from project_one.compliance.reading.fold import fold
from project_one.compliance.reading.language import register_of
from project_one.compliance.reading.tokens import Token, read
from project_one.compliance.rulebook import Rulebook
from project_one.compliance.standard import WARNING_OF, Standard, blanked, in_force, places
from project_one.vocabulary.domain import Capacity, ContentClass, Language

TAGLINE = "AMFI-registered Mutual Fund Distributor"
"""Source: AMFI MC for MFDs, paragraph 1.3.6 and Code of Conduct 5(g)."""

PRICE_LAG_DAYS = 30
"""Source: circular HO/47/17/12(11)2025-MRD-POD3/I/11107/2026 of 8 May 2026, in force since 1 July 2026."""

REPORT_WITHIN = timedelta(hours=24)
"""Source: Common Advertisement Code as approved on 24 September 2026."""

MAX_MESSAGE = 1024
"""UTF-16 units. Source: body of a WhatsApp template."""

_SPOKEN = {
    Register.EN: Language.EN,
    Register.HI: Language.HI,
    Register.MR: Language.MR,
    Register.HI_LATN: Language.HI,
    Register.MR_LATN: Language.MR,
}
_MARKS = {Register.EN: "LANG_EN", Register.HI: "LANG_HI", Register.MR: "LANG_MR"}
_IDENTITY = "SEBI-ALL-IDENTITY-FIRST-LINE"
_MOST_NUMBERS = 5  # of other advisors that are told
_POSING = ("ADVISER_WORD", "ADVISER_SELF")


def check_rendered(text: str, context: Context, rulebook: Rulebook, *, on: date, now: datetime) -> StageResult:
    """What is wrong with a message as it would be sent on that day. `now`: aware; only the 24 hours of a report use it."""
    findings = [
        *check_parts(text, context, rulebook, on=on),
        *check_sender(text, context, rulebook, on=on, now=now),
    ]
    findings.sort(key=lambda item: (item.start, item.end, item.rule_id, item.quote))
    return StageResult(Stage.RENDERED, findings, None, took_ms=0.0)


def check_parts(text: str, context: Context, rulebook: Rulebook, *, on: date) -> list[Finding]:
    """What frame and content say together: the same for every sender of one capacity, whose name and number are not read."""
    message = _read(text, context, rulebook, on=on)
    return [
        *_content(message, rulebook, on=on),
        *_foreign(message),
        *_warning(message, on=on),
        *_tagline(message),
        *_figures(message, on=on),
        *_illustration(message, on=on),
    ]


def check_sender(text: str, context: Context, rulebook: Rulebook, *, on: date, now: datetime) -> list[Finding]:
    """What this sender must have in it: her identity on the first line, her link, her names and papers."""
    return [
        *_identity(text, context),
        *_link(text, context),
        *_names(context, rulebook),
        *_papers(context, on=on, now=now),
    ]


def report_due_at(ad: AdRecord) -> datetime | None:
    """Until when an issued advertisement must be reported under REPORT_24H; None before its issue."""
    return None if ad.issued_at is None else ad.issued_at + REPORT_WITHIN


@dataclass(frozen=True)
class _Message:
    """`content`: the text with name, number, tagline and standard texts blanked, so that rules read all that is left.

    `body`: its tokens after the first line, without web addresses; `register`: None when it has no words. Spans hold
    in `text` and `content` alike.
    """

    text: str
    content: str
    context: Context
    rulebook: Rulebook
    body: Sequence[Token]
    register: Register | None


def _read(text: str, context: Context, rulebook: Rulebook, *, on: date) -> _Message:
    prescribed = {word for item in Standard for word in in_force(rulebook.standard_texts, item, on=on).values()}
    spans = [place for words in prescribed for place in places(words, text)]
    spans += own_spans(text, fold(text), context)
    if context.capacity is Capacity.MFD:
        spans += _tagline_places(text)
    content = blanked(text, spans)
    spoken = blanked(content, [(0, len(first_line(text))), *links(content)])
    body = read(fold(spoken), rulebook.lexicon, frozenset()).tokens
    register = register_of(body) if any(token.kind == "word" for token in body) else None
    return _Message(text, content, context, rulebook, body, register)


def _found(rule_id: str, category: str, text: str, start: int = 0, end: int = 0) -> Finding:
    """A finding of this stage: what must stand in a message blocks when it does not."""
    severity = Severity.BLOCK if category in MANDATORY else CATEGORIES[category][0]
    return Finding(rule_id, category, severity, start, end, text[start:end])


def _content(message: _Message, rulebook: Rulebook, *, on: date) -> Iterator[Finding]:
    """The rules of stage 1; over the first line also by itself, which no innocent lesson below it speaks for.

    A caption's length is not a message's: that one is counted here, in UTF-16 units.
    """
    whole = evaluate(message.content, message.context, rulebook, on=on, is_framed=True).findings
    opening = evaluate(first_line(message.content), message.context, rulebook, on=on, is_framed=True).findings
    seen = {(finding.category, finding.start) for finding in whole}
    for finding in [*whole, *(item for item in opening if (item.category, item.start) not in seen)]:
        if finding.category == "length":
            continue
        severity = Severity.BLOCK if finding.category in MANDATORY else finding.severity
        yield replace(finding, severity=severity, quote=message.text[finding.start : finding.end])
    if len(message.text.encode("utf-16-le", "surrogatepass")) > 2 * MAX_MESSAGE:
        yield _found("FORMAT-LENGTH", "length", message.text, 0, len(message.text))


def _identity(text: str, context: Context) -> Iterator[Finding]:
    if not has_identity(text, context):
        yield _found(_IDENTITY, "missing_identity", text)


def _foreign(message: _Message) -> Iterator[Finding]:
    for start, end in islice(foreign_numbers(fold(message.text), message.context), _MOST_NUMBERS):
        yield _found(_IDENTITY, "missing_identity", message.text, start, end)


def _warning(message: _Message, *, on: date) -> Iterator[Finding]:
    """The warning of her capacity in each language due, and a body in the language it is said to be in.

    Source: regulation reference 1.4, 2.2 and 5.1 (a mixed message carries English and the other).
    """
    context = message.context
    known = in_force(message.rulebook.standard_texts, WARNING_OF[context.capacity], on=on)
    found = {language: found for language, words in known.items() if (found := places(words, message.text))}
    due = _languages_due(message)
    if not found:
        rule_id = "AMFI-MFD-STD-WARNING" if context.capacity is Capacity.MFD else "SEBI-IA-STD-WARNING"
        yield _found(rule_id, "missing_warning", message.text)
    elif not due <= set(found) or _is_in_other_language(message):
        start, end = min(span for spans in found.values() for span in spans)
        yield _found("SEBI-IA-WARNING-LANGUAGE", "missing_warning", message.text, start, end)


def _languages_due(message: _Message) -> frozenset[Language]:
    """What is declared counts before what is detected; a mixed body needs English and the language it is mixed with."""
    register, declared = message.register, message.context.language
    if register is not Register.MIX:
        return frozenset({declared or _SPOKEN.get(register or Register.EN, Language.EN)})
    if declared is None or declared is Language.EN:
        return frozenset({Language.EN, _mixed_with(message.body)})
    return frozenset({Language.EN, declared})


def _mixed_with(body: Sequence[Token]) -> Language:
    devanagari = [token for token in body if token.kind == "word" and token.text[0] >= "\u0900"]
    return _SPOKEN[register_of(devanagari)]


def _is_in_other_language(message: _Message) -> bool:
    """Declared in one language and evidently written in another; romanised and mixed texts are nobody's."""
    register, declared = message.register, message.context.language
    if declared is None or register is None or register not in _MARKS or _SPOKEN[register] is declared:
        return False
    marks = {other: sum(mark in token.concepts for token in message.body) for other, mark in _MARKS.items()}
    said = next(other for other in _MARKS if _SPOKEN[other] is declared)
    return marks[register] > marks[said]


def _tagline(message: _Message) -> Iterator[Finding]:
    if message.context.capacity is Capacity.MFD and not _tagline_places(message.text):
        yield _found("AMFI-MFD-TAGLINE", "missing_tagline", message.text)


def _tagline_places(text: str) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    start = text.find(TAGLINE)
    while start >= 0:
        end = start + len(TAGLINE)
        around = text[start - 1 : start] + text[end : end + 1]
        if not any(char.isalnum() or char in "-_" for char in around):
            spans.append((start, end))
        start = text.find(TAGLINE, end)
    return spans


def _link(text: str, context: Context) -> Iterator[Finding]:
    is_due = context.capacity is not Capacity.MFD or declared_host(context.declared_domain) is not None
    if is_due and not has_official_link(text, context.declared_domain):
        yield _found("SEBI-IA-OFFICIAL-LINK", "missing_link", text)


def _names(context: Context, rulebook: Rulebook) -> Iterator[Finding]:
    """A distributor's names: the bare word is enough. Source: IA Regulations 3(3); AMFI Code of Conduct 5(g)."""
    if context.capacity is not Capacity.MFD:
        return
    for field in sorted(context.names):
        if _is_posing(context.names[field], rulebook):
            yield Finding(
                "AMFI-MFD-ADVISER-NAME", "adviser_posing", CATEGORIES["adviser_posing"][0], 0, 0, context.names[field]
            )


def _is_posing(name: str, rulebook: Rulebook) -> bool:
    folded = fold(name.replace(".", " "))
    for lexicon, concepts in ((rulebook.lexicon, _POSING), (rulebook.name_words, ("NAME_WORD",))):
        tokens = read(folded, lexicon, frozenset()).tokens
        if not lexicon.occurrences(tokens).keys().isdisjoint(concepts):
            return True
    return any(part in folded.text for part in rulebook.name_parts)


def _papers(context: Context, *, on: date, now: datetime) -> Iterator[Finding]:
    """An advertisement's approval before issue, or its report within 24 hours of it. Source: regulation reference 2.3."""
    if context.content_class is not ContentClass.ADVERTISEMENT or context.capacity is Capacity.MFD:
        return
    ad = context.ad
    if context.ad_regime is AdRegime.PRIOR_APPROVAL:
        is_covered = bool(ad.reference.strip()) and ad.valid_until is not None and ad.valid_until >= on
    else:
        due = report_due_at(ad)
        is_covered = due is None or ad.reported_at is not None or now <= due
    if not is_covered:
        yield _found("SEBI-IA-APPROVAL-REF", "expired_approval", "")


def _figures(message: _Message, *, on: date) -> Iterator[Finding]:
    newest = on - timedelta(days=PRICE_LAG_DAYS)
    rule_id, category = "SEBI-EDU-PRICE-LAG-30D", "price_younger_30d"
    for figure in message.context.figures:
        if figure.as_of is not None and figure.as_of <= newest:
            continue
        start = message.text.find(figure.quote)
        if figure.quote and start >= 0:
            yield _found(rule_id, category, message.text, start, start + len(figure.quote))
        else:
            yield Finding(rule_id, category, CATEGORIES[category][0], 0, 0, figure.quote)


def _illustration(message: _Message, *, on: date) -> Iterator[Finding]:
    """W4 in a language of the text when an IA or RA names a security. Source: IA-MC paragraph 10.1(b)(vii)."""
    named = message.rulebook.lexicon.occurrences(message.body).get("STOCK_NAME", ())
    if message.context.capacity is Capacity.MFD or not named:
        return
    known = in_force(message.rulebook.standard_texts, Standard.ILLUSTRATION, on=on)
    if any(places(known[language], message.text) for language in _languages_due(message) if language in known):
        return
    start, end = message.body[named[0].first].start, message.body[named[0].last].end
    yield _found("SEBI-IA-ILLUSTRATION-DISCLAIMER", "missing_warning", message.text, start, end)
