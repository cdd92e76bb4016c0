"""Stage 3: what must stand in a finished message, and that each thing missing is found as just that."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from uuid import UUID

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from project_one.advisor.domain import Identity
from project_one.compliance.domain import (
    CATEGORIES,
    MANDATORY,
    AdRecord,
    AdRegime,
    Context,
    Figure,
    Finding,
    Severity,
    Stage,
)
from project_one.compliance.evaluate import evaluate
from project_one.compliance.rendered import MAX_MESSAGE, TAGLINE, check_rendered, report_due_at
from project_one.compliance.rulebook import RulebookError, load, read_policy, shipped
from project_one.compliance.standard import Standard, in_force
from project_one.content.domain import MAX_BODY, Content, Frame, compose
from project_one.content.domain import TAGLINE as CONTENT_TAGLINE
from project_one.content.library import FrameFile, read_library
from project_one.vocabulary.domain import Capacity, ContentClass, Language

BOOK = load()
TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)
LIBRARY = read_library()
CONTENTS = [content for pack in LIBRARY.packs for content in pack.contents]
NAME, DOMAIN, SITE = "Asha Kulkarni", "ashakulkarni.in", "https://www.ashakulkarni.in/about"
NUMBERS = {Capacity.MFD: "ARN-123456", Capacity.IA: "INA000012345", Capacity.RA: "INH000012345"}
W1, W3, W4 = (in_force(BOOK.standard_texts, item, on=TODAY) for item in Standard)
LESSON = "Review your nominee once a year. It helps the family to find the papers when they are needed."
ROLE = {
    Capacity.MFD: TAGLINE,
    Capacity.IA: "SEBI-registered Investment Adviser",
    Capacity.RA: "SEBI-registered Analyst",
}


def context(capacity: Capacity, language: Language | None = Language.EN) -> Context:
    return Context(capacity, NAME, NUMBERS[capacity], DOMAIN, language)


def message(capacity: Capacity, caption: str = LESSON, *, warning: str | None = None) -> str:
    last = warning or (W3 if capacity is Capacity.MFD else W1)[Language.EN]
    return f"From {NAME}, {NUMBERS[capacity]}, {ROLE[capacity]}\n\n{caption}\n\nAbout us: {SITE}\n\n{last}"


def check(text: str, who: Context) -> Sequence[Finding]:
    return check_rendered(text, who, BOOK, on=TODAY, now=NOW).findings


def ids(text: str, who: Context) -> list[str]:
    return [finding.rule_id for finding in check(text, who)]


def _composed(file: FrameFile, content: Content) -> str:
    frame = Frame(
        UUID(int=0), file.slug, file.capacity, file.language, file.wording, file.body, file.warning, file.stop_button
    )
    return compose(frame, content, Identity(NAME, NUMBERS[file.capacity], file.capacity, SITE)).text


@pytest.mark.parametrize("file", LIBRARY.frames, ids=lambda file: file.slug)
def test_a_frame_adds_no_finding_to_any_text_of_the_library(file: FrameFile) -> None:
    passed = 0
    for content in CONTENTS:
        if content.language is not file.language:
            continue
        who = context(file.capacity, file.language)
        of_caption = evaluate(content.paragraph, who, BOOK, on=TODAY, is_framed=True).findings
        said = {(finding.rule_id, finding.quote) for finding in of_caption}
        text = _composed(file, content)
        for declared in (file.language, None):
            found = check(text, replace(who, language=declared))
            assert {(finding.rule_id, finding.quote) for finding in found} <= said, content.topic
            passed += not found
    assert passed > 50


def test_the_result_is_of_this_stage_and_the_same_each_time() -> None:
    text, who = message(Capacity.MFD, "Get guaranteed 15% returns!"), context(Capacity.MFD)
    result = check_rendered(text, who, BOOK, on=TODAY, now=NOW)
    assert (result.stage, result.trouble, result.took_ms) == (Stage.RENDERED, None, 0.0)
    assert result == check_rendered(text, who, BOOK, on=TODAY, now=NOW)
    assert [finding.category for finding in result.findings] == ["guaranteed_return"]


@pytest.mark.parametrize("capacity", Capacity)
def test_a_whole_message_passes(capacity: Capacity) -> None:
    assert ids(message(capacity), context(capacity)) == []


def test_standard_texts_are_those_of_the_content_room() -> None:
    raw = resources.files("project_one.content").joinpath("data", "warnings.yaml").read_text(encoding="utf-8")
    theirs = {(item["id"], item["language"], item["version"]): item["text"].encode() for item in yaml.safe_load(raw)}
    ours = {(item.id.value, item.language.value, item.version): item.text.encode() for item in BOOK.standard_texts}
    assert theirs == {key: text for key, text in ours.items() if key[0] != "W4"}
    assert set(W4) == set(Language)
    assert (CONTENT_TAGLINE, MAX_BODY) == (TAGLINE, MAX_MESSAGE)


def test_a_touched_standard_text_is_refused_with_its_place() -> None:
    policy = shipped()
    policy["standard/texts.yaml"] = policy["standard/texts.yaml"].replace("securities market are", "markets are")
    with pytest.raises(RulebookError, match=r"standard/texts.yaml, line 4: W1 en: .* SHA-256"):
        read_policy(policy)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (NAME, "A. Kulkarni"),
        (NAME, "Natasha Kulkarnis"),
        ("From ", "Good morning\nFrom "),
        ("From ", "\nFrom "),
        ("ARN-123456", "ARN holder"),
        ("ARN-123456", "123456"),
    ],
)
def test_a_first_line_without_her(old: str, new: str) -> None:
    found = check(message(Capacity.MFD).replace(old, new, 1), context(Capacity.MFD))
    assert [finding.rule_id for finding in found] == ["SEBI-ALL-IDENTITY-FIRST-LINE"]
    assert found[0].severity is Severity.BLOCK


@pytest.mark.parametrize(
    ("capacity", "number"),
    [
        (Capacity.MFD, "ARN – 123456"),
        (Capacity.MFD, "arn:123456"),
        (Capacity.MFD, "ARN No. 123456"),
        (Capacity.MFD, "ARN-१२३४५६"),
        (Capacity.MFD, "ＡＲＮ-１２３４５６"),
        (Capacity.IA, "INA 000 012 345"),
        (Capacity.RA, "inh000012345"),
    ],
)
def test_ways_to_write_her_number_and_name(capacity: Capacity, number: str) -> None:
    text = message(capacity).replace(NUMBERS[capacity], number).replace(NAME, "ASHA  Kulkarni")
    assert ids(text, context(capacity)) == []


@pytest.mark.parametrize("number", ["ARN-654321", "ARN-12345", "ARN-0123456", "ARN: 77", "INA000012345", "एआरएन-९९९९९"])
def test_the_number_of_somebody_else(number: str) -> None:
    text = message(Capacity.MFD, f"{LESSON} Written with {number}.")
    found = check(text, context(Capacity.MFD))
    assert [(finding.rule_id, finding.quote) for finding in found] == [("SEBI-ALL-IDENTITY-FIRST-LINE", number)]


def test_a_number_of_another_capacity_is_none() -> None:
    who = replace(context(Capacity.IA), registration_number="ARN-123456")
    text = message(Capacity.IA).replace(NUMBERS[Capacity.IA], "ARN-123456")
    assert "SEBI-ALL-IDENTITY-FIRST-LINE" in ids(text, who)


def test_talk_of_arns_is_not_a_number() -> None:
    assert ids(message(Capacity.MFD, f"{LESSON} An ARN is valid for 3 years."), context(Capacity.MFD)) == []


@pytest.mark.parametrize(
    "line",
    [
        "ARN-123456, SEBI registered, ",
        "ARN-123456, AMFI and SEBI registered, ",
    ],
)
def test_the_identity_line_hides_no_claim(line: str) -> None:
    text = message(Capacity.MFD).replace("ARN-123456, ", line)
    assert ids(text, context(Capacity.MFD)) == ["AMFI-MFD-SEBI-CLAIM"]
    for claim in ("INA000012345, guaranteed 20% returns, ", "INA000012345, INA says guaranteed 2000 returns, "):
        text = message(Capacity.IA).replace("INA000012345, ", claim)
        assert ids(text, context(Capacity.IA)) == ["SEBI-IA-ASSURED-RETURNS"]
    text = message(Capacity.MFD, "ARN says profit of 5000 is guaranteed to you every month.")
    assert ids(text, context(Capacity.MFD)) == ["SEBI-IA-ASSURED-RETURNS"]


@pytest.mark.parametrize("capacity", Capacity)
def test_a_warning_that_is_not_byte_for_byte(capacity: Capacity) -> None:
    exact = (W3 if capacity is Capacity.MFD else W1)[Language.EN]
    expected = "AMFI-MFD-STD-WARNING" if capacity is Capacity.MFD else "SEBI-IA-STD-WARNING"
    for touched in (exact[:-1], exact.replace("are subject", "is subject"), f"Nobody says: {exact}", f"{exact}x"):
        assert ids(message(capacity, warning=touched), context(capacity)) == [expected], touched
    assert ids(message(capacity).replace(exact, ""), context(capacity)) == [expected]


def test_the_warning_of_another_capacity_is_none() -> None:
    assert ids(message(Capacity.MFD, warning=W1[Language.EN]), context(Capacity.MFD)) == ["AMFI-MFD-STD-WARNING"]
    assert ids(message(Capacity.IA, warning=W3[Language.EN]), context(Capacity.IA)) == ["SEBI-IA-STD-WARNING"]


HINDI = "साल में एक बार अपने नामांकन की जाँच कीजिए। इससे परिवार को कागज़ ढूँढने में आसानी होती है।"
MARATHI = "वर्षातून एकदा आपले नामनिर्देशन तपासा. त्यामुळे कुटुंबाला कागदपत्रे शोधणे सोपे होते आणि वेळ वाचतो."
MIXED = f"{HINDI} {LESSON}"
HINGLISH = "Saal mein ek baar apna nominee zaroor dekhiye, isse parivar ko kagaz dhoondhne mein aasani hoti hai."
LANGUAGE = ["SEBI-IA-WARNING-LANGUAGE"]


@pytest.mark.parametrize(
    ("caption", "declared", "warnings", "expected"),
    [
        (HINDI, Language.HI, [Language.HI], []),
        (HINDI, None, [Language.HI], []),
        (MARATHI, None, [Language.MR], []),
        (HINGLISH, None, [Language.HI], []),
        (HINGLISH, Language.EN, [Language.EN], []),
        (HINDI, Language.HI, [Language.EN], LANGUAGE),
        (HINDI, None, [Language.EN], LANGUAGE),
        (HINDI, None, [Language.MR], LANGUAGE),
        (LESSON, Language.EN, [Language.HI], LANGUAGE),
        (HINDI, Language.EN, [Language.EN], LANGUAGE),
        (MARATHI, Language.HI, [Language.HI], LANGUAGE),
        (MIXED, None, [Language.EN, Language.HI], []),
        (MIXED, Language.HI, [Language.EN, Language.HI], []),
        (MIXED, Language.HI, [Language.HI], LANGUAGE),
        (MIXED, Language.EN, [Language.EN], LANGUAGE),
        ("NAV SIP", Language.HI, [Language.HI], []),
    ],
)
def test_the_warning_speaks_the_language_of_the_text(
    caption: str, declared: Language | None, warnings: list[Language], expected: list[str]
) -> None:
    text = f"{NAME}, INA000012345\n{caption}\n{SITE}\n" + "\n".join(W1[language] for language in warnings)
    assert ids(text, context(Capacity.IA, declared)) == expected


@pytest.mark.parametrize("other", ["AMFI Registered Mutual Fund Distributor", f"{TAGLINE}s", f"non-{TAGLINE}", "MFD"])
def test_the_tagline_is_exact(other: str) -> None:
    found = check(message(Capacity.MFD).replace(TAGLINE, other), context(Capacity.MFD))
    assert [(finding.rule_id, finding.severity) for finding in found] == [("AMFI-MFD-TAGLINE", Severity.BLOCK)]


@pytest.mark.parametrize(
    "link",
    [
        "https://ashakulkarni.in",
        "HTTPS://AshaKulkarni.IN/a?b=c#d",
        "https://learn.ashakulkarni.in.",
        "(https://ashakulkarni.in),",
        "https://ａｓｈａkulkarni.in",
    ],
)
def test_links_on_her_domain(link: str) -> None:
    assert ids(message(Capacity.IA).replace(SITE, link), context(Capacity.IA)) == []


@pytest.mark.parametrize(
    "link",
    [
        "",
        "www.ashakulkarni.in",
        "http://ashakulkarni.in",
        "https://notashakulkarni.in",
        "https://ashakulkarni.in.evil.com",
        "https://ashakulkarni.in@evil.com",
        "https://evil.com/ashakulkarni.in",
        "https://evil.com\\@ashakulkarni.in",
        "https://evil.com?https://ashakulkarni.in",
        "https://аshakulkarni.in",
        "https://ashakulkarni.in:port",
        "https://[ashakulkarni.in",
        "https://ashakulkarni%2ein",
    ],
)
def test_links_elsewhere(link: str) -> None:
    assert ids(message(Capacity.IA).replace(SITE, link), context(Capacity.IA)) == ["SEBI-IA-OFFICIAL-LINK"]


def test_who_needs_a_declared_domain() -> None:
    for capacity in (Capacity.IA, Capacity.RA):
        for undeclared in ("", " ", "in"):
            who = replace(context(capacity), declared_domain=undeclared)
            assert ids(message(capacity), who) == ["SEBI-IA-OFFICIAL-LINK"]
    mfd = context(Capacity.MFD)
    text = message(Capacity.MFD).replace(SITE, "on request")
    assert ids(text, replace(mfd, declared_domain="")) == []
    assert ids(text, mfd) == ["SEBI-IA-OFFICIAL-LINK"]
    assert ids(message(Capacity.MFD, f"{LESSON} More: https://www.sebi.gov.in"), mfd) == []


def test_domains_in_other_scripts_and_with_www() -> None:
    who = replace(context(Capacity.IA), declared_domain="आशा.भारत")
    for link in ("https://www.आशा.भारत/", "https://xn--m1b0hya.xn--h2brj9c"):
        assert ids(message(Capacity.IA).replace(SITE, link), who) == []
    who = replace(context(Capacity.IA), declared_domain="https://www.ashakulkarni.in/home")
    assert ids(message(Capacity.IA).replace(SITE, "https://ashakulkarni.in"), who) == []


@pytest.mark.parametrize(
    "name",
    [
        "Asha, Financial Adviser",
        "Kulkarni Advisors",
        "Asha the Planner",
        "Kulkarni Wealth Managers",
        "Asha Kulkarni, IFA",
        "Asha Kulkarni I.F.A.",
        "FinAdvisor Asha",
        "Kulkarni Consultancy",
        "A d v i s o r Asha",
        "आशा, वित्तीय सलाहकार",
        "आशा, आर्थिक सल्लागार",
        "आशा, गुंतवणूक नियोजक",
        "आशा वेल्थ मैनेजर",
        "आशा, गुंतवणूक सल्लागारांचे",
        "Asha, nivesh salahkar",
    ],
)
def test_an_mfd_with_an_advisers_name(name: str) -> None:
    who = replace(context(Capacity.MFD), names={"display_name": NAME, "sign_off": name})
    found = check(message(Capacity.MFD), who)
    assert found == [Finding("AMFI-MFD-ADVISER-NAME", "adviser_posing", Severity.BLOCK, 0, 0, name)]
    assert ids(message(Capacity.IA), replace(context(Capacity.IA), names={"sign_off": name})) == []


@pytest.mark.parametrize(
    "name",
    [
        "",
        NAME,
        "Mutual Fund Distributor",
        TAGLINE,
        "Asha Kulkarni, MFD",
        "Kulkarni Investments",
        "म्यूचुअल फंड वितरक",
        "आशा कुलकर्णी, म्युच्युअल फंड वितरक",
        "Plan your goals with Asha",
    ],
)
def test_names_an_mfd_may_bear(name: str) -> None:
    assert ids(message(Capacity.MFD), replace(context(Capacity.MFD), names={"display_name": name})) == []


@pytest.mark.parametrize(
    ("ad", "expected"),
    [
        (AdRecord(), ["SEBI-IA-APPROVAL-REF"]),
        (AdRecord("BSE/1", None), ["SEBI-IA-APPROVAL-REF"]),
        (AdRecord(" ", TODAY), ["SEBI-IA-APPROVAL-REF"]),
        (AdRecord("BSE/1", TODAY - timedelta(days=1)), ["SEBI-IA-APPROVAL-REF"]),
        (AdRecord("BSE/1", TODAY), []),
    ],
)
def test_an_advertisement_is_approved_before(ad: AdRecord, expected: list[str]) -> None:
    who = replace(context(Capacity.RA), content_class=ContentClass.ADVERTISEMENT, ad=ad)
    assert ids(message(Capacity.RA), who) == expected
    assert ids(message(Capacity.RA), replace(who, content_class=ContentClass.SERVICE)) == []
    assert ids(message(Capacity.MFD), replace(context(Capacity.MFD), content_class=ContentClass.ADVERTISEMENT)) == []


@pytest.mark.parametrize(
    ("issued", "reported", "expected"),
    [
        (None, None, []),
        (NOW - timedelta(hours=24), None, []),
        (NOW - timedelta(hours=24, seconds=1), None, ["SEBI-IA-APPROVAL-REF"]),
        (NOW - timedelta(days=9), NOW - timedelta(days=8), []),
    ],
)
def test_or_reported_after(issued: datetime | None, reported: datetime | None, expected: list[str]) -> None:
    ad = AdRecord(issued_at=issued, reported_at=reported)
    who = replace(context(Capacity.IA), content_class=ContentClass.ADVERTISEMENT, ad_regime=AdRegime.REPORT_24H, ad=ad)
    assert ids(message(Capacity.IA), who) == expected
    assert report_due_at(ad) == (issued + timedelta(hours=24) if issued else None)


@pytest.mark.parametrize(
    ("as_of", "is_old"),
    [
        (TODAY - timedelta(days=31), True),
        (TODAY - timedelta(days=30), True),
        (TODAY - timedelta(days=29), False),
        (TODAY, False),
        (TODAY + timedelta(days=1), False),
        (None, False),
    ],
)
def test_figures_have_an_age(as_of: date | None, *, is_old: bool) -> None:
    text = message(Capacity.IA, f"{LESSON} The index stood at 25,000 then.")
    for quote, start in (("25,000", text.index("25,000")), ("26,000", 0)):
        found = check(text, replace(context(Capacity.IA), figures=[Figure(quote, as_of)]))
        end = start + len(quote) if start else 0
        young = Finding("SEBI-EDU-PRICE-LAG-30D", "price_younger_30d", Severity.BLOCK, start, end, quote)
        assert found == ([] if is_old else [young])


NAMING = "Large firms such as Infosys publish their results four times a year. You can read them on the exchange."


def test_a_named_security_needs_its_line() -> None:
    who = context(Capacity.IA)
    found = check(message(Capacity.IA, NAMING), who)
    assert [(finding.rule_id, finding.quote) for finding in found] == [("SEBI-IA-ILLUSTRATION-DISCLAIMER", "Infosys")]
    for end in ("", "."):
        assert ids(message(Capacity.IA, f"{NAMING}\n{W4[Language.EN]}{end}"), who) == []
    assert ids(message(Capacity.IA, f"{NAMING}\n{W4[Language.HI]}"), who) == ["SEBI-IA-ILLUSTRATION-DISCLAIMER"]
    assert "SEBI-IA-ILLUSTRATION-DISCLAIMER" not in ids(message(Capacity.MFD, NAMING), context(Capacity.MFD))


def test_a_name_or_site_like_a_security_is_no_security() -> None:
    who = replace(context(Capacity.IA), registered_name="Titan Kulkarni", declared_domain="titan.in")
    assert ids(message(Capacity.IA).replace(NAME, "Titan Kulkarni").replace(SITE, "https://titan.in"), who) == []


def test_a_message_has_its_own_length() -> None:
    assert ids(message(Capacity.MFD, (LESSON + " ") * 7), context(Capacity.MFD)) == []
    assert ids(message(Capacity.MFD, (LESSON + " ") * 12), context(Capacity.MFD)) == ["FORMAT-LENGTH"]


def test_what_is_missing_blocks_and_content_keeps_its_severity() -> None:
    for finding in check("Best returns, hurry, offer ends tonight!", context(Capacity.MFD)):
        expected = Severity.BLOCK if finding.category in MANDATORY else CATEGORIES[finding.category][0]
        assert finding.severity is expected


SNIPPETS = [
    NAME,
    "ARN-123456",
    "ARN-",
    "INA",
    "https://",
    "https://a@",
    TAGLINE,
    "\n",
    "।",
    "\u200b",
    W1[Language.EN],
    "१२",
]
TEXTS = st.lists(st.one_of(st.text(max_size=60), st.sampled_from(SNIPPETS)), max_size=12).map("".join)


@settings(max_examples=150, deadline=2000)
@given(TEXTS, st.sampled_from([*Capacity]), st.one_of(st.none(), st.sampled_from([*Language])), TEXTS)
def test_any_text_gets_a_result_with_spans_inside_it(
    text: str, capacity: Capacity, language: Language | None, said: str
) -> None:
    for who in (context(capacity, language), Context(capacity, said, said, said, names={"sign_off": said})):
        for finding in check(text, who):
            assert 0 <= finding.start <= finding.end <= len(text)
            assert finding.quote == text[finding.start : finding.end] or finding.end == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\ud800 \udfff",
        "ARN-123456 " * 5_000,
        "ARN-654321 " * 5_000,
        "EUIN 654321 " * 5_000,
        "https://" * 5_000,
        "https://a.in " * 3_000,
        W3[Language.EN] * 500,
        TAGLINE * 1_000,
        f"{NAME} " * 4_000,
        "arn" + " " * 50_000 + "1",
    ],
)
def test_long_and_strange_texts_are_checked_in_bounded_time(text: str) -> None:
    began = time.perf_counter()
    assert check(text, context(Capacity.MFD))
    assert time.perf_counter() - began < 8
