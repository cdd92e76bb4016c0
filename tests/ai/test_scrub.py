"""What may not leave does not leave, and what a caption is about stays."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from project_one.ai.fold import fold
from project_one.ai.identifiers import Personal, has_verhoeff_sum
from project_one.ai.leaks import leak
from project_one.ai.scrub import scrub

NAMES = frozenset({"Ramesh Sharma", "R. K. Iyer", "रमेश", "आशा पाटील", "Zoë"})


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("Call 9876543210 now", "Call [phone] now"),
        ("+91 98765 43210", "[phone]"),
        ("+91-98765-43210, today", "[phone], today"),
        ("(+91) 98765-43210", "[phone]"),
        ("0091 9876543210", "[phone]"),
        ("098765 43210", "[phone]"),
        ("फोन ९८७६५४३२१०", "फोन [phone]"),
        ("९८७६५ ४३२१०", "[phone]"),
        ("9 8 7 6 5 4 3 2 1 0", "[phone]"),
        ("9.8.7.6.5.4.3.2.1.0", "[phone]"),
        ("98765.43210", "[phone]"),
        ("98765,43210", "[phone]"),
        ("98\u200b765\u200b43210", "[phone]"),
        ("９８７６５４３２１０", "[phone]"),
        ("022-26543210", "[phone]"),
        ("+91 20 26543210", "[phone]"),
        ("a.b+c@example.co.in.", "[email]."),
        ("pay to ramesh@okaxis", "pay to [email]"),
        ("asha [at] example [dot] com", "[email]"),
        ("PAN abcpe1234f", "PAN [pan]"),
        ("ABCPE 1234 F", "[pan]"),
        ("2341 2341 2346", "[aadhaar]"),
        ("२३४१ २३४१ २३४६", "[aadhaar]"),
        ("234123412346", "[aadhaar]"),
        ("a/c 12345678901", "a/c [account]"),
        ("4111 1111 1111 1111", "[account]"),
        ("ARN-123456", "[registration]"),
        ("ARN No. 12345 | EUIN E123456", "[registration] | [registration]"),
        ("SEBI RA INH000001234", "SEBI RA [registration]"),
        ("INA 000012345", "[registration]"),
        ("says ramesh  sharma's son", "says [name]'s son"),
        ("R K Iyer and R.K.Iyer", "[name] and [name]"),
        ("रमेशने सांगितले", "[name]ने सांगितले"),
        ("आशा पाटील यांचे मत", "[name] यांचे मत"),
        ("ZOE\u0308 asks", "[name] asks"),
        (json.dumps("रमेश says"), '"[name] says"'),
    ],
)
def test_personal_data_is_replaced(written: str, left: str) -> None:
    scrubbed = scrub(written, NAMES)
    assert scrubbed.text == left
    assert leak({"caption": scrubbed.text}, NAMES) is None


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("98-76.54 (32)10", Personal.PHONE),
        ("+91 98.765.432.10", Personal.PHONE),
        ("९८७६५४३२१०", Personal.PHONE),
        ("2341-2341-2346", Personal.AADHAAR),
        ("acc 123456789", Personal.ACCOUNT),
        ("x@y", Personal.EMAIL),
        ("abcpe1234f", Personal.PAN),
        ("ARN 12345", Personal.REGISTRATION),
        ("inh000001234", Personal.REGISTRATION),
        ("(Ramesh) Sharma", Personal.NAME),
        ("रमेश, बोलो", Personal.NAME),
    ],
)
def test_the_second_look_finds_by_itself(written: str, kind: Personal) -> None:
    assert leak({"topic": "[phone]", "caption": written}, NAMES) is kind


@pytest.mark.parametrize(
    "caption",
    [
        "₹5,000 a month for 15 years at 12.5% makes ₹25,22,880.",
        "Rs. 100000000 and ₹1,00,00,000 and INR 999999999",
        "2019 2020 2021 2022",
        "Nifty 24,350.75 (+1.2%), Sensex 80123.45",
        "8.5 9.2 7.1 6.5 5.5",
        "FY 2025-26, 15/08/2026, 10:30",
        "500 1000 2000 5000",
        "सेंसेक्स ८०,१२३ और ₹५,००० महीना",
        "Start @ 500, SIP@500",
        "आशा है, आशाएँ; Rameshwaram; रमेशचंद्र",
        "1234567890 crore",
        "Section 80C, 80CCD(1B), ₹1.5 lakh",
    ],
)
def test_what_captions_are_about_stays(caption: str) -> None:
    assert scrub(caption, NAMES).text == caption
    assert leak({"caption": caption}, NAMES) is None


@given(
    st.integers(1, 99_999_999),
    st.sampled_from(["₹{}", "₹ {:,}", "Rs {}", "Rs. {:,}", "{} rupees", "INR {}/-", "{:,} रुपये"]),
    st.integers(1900, 2099),
    st.decimals(0, 100, places=2),
)
def test_amounts_years_and_percentages_survive(amount: int, form: str, year: int, percent: object) -> None:
    caption = f"In {year}: {form.format(amount)}, {percent}% more."
    assert scrub(caption).text == caption
    assert leak({"caption": caption}, frozenset()) is None


_JOINTS = st.sampled_from(["", " ", "-", ".", "  ", " - ", "\u2011", "\u00a0"])
_SCRIPTS = st.sampled_from(["0123456789", "०१२३४५६७८९", "０１２３４５６７８９"])


@given(
    st.from_regex(r"[6-9][0-9]{9}", fullmatch=True),
    st.sampled_from([(5, 10), (4, 7, 10), (3, 6, 10), (2, 4, 6, 8, 10), (10,), tuple(range(1, 11))]),
    _JOINTS,
    _SCRIPTS,
    st.sampled_from(["", "+91", "+91 ", "0", "91-"]),
    st.sampled_from(["Call {}", "फोन: {} पर", "{}", "({})", "a{}b"]),
)
def test_no_writing_of_a_phone_gets_out(
    number: str, cuts: tuple[int, ...], joint: str, script: str, prefix: str, around: str
) -> None:
    groups = [number[start:end] for start, end in zip((0, *cuts), cuts, strict=False)]
    phone = (prefix + joint.join(groups)).translate({ord(str(index)): digit for index, digit in enumerate(script)})
    scrubbed = scrub(around.format(phone))
    assert not any(char.isdecimal() for char in scrubbed.text)
    assert scrubbed.original_span(0, len(scrubbed.text)) == (0, len(scrubbed.original))


@given(st.text(max_size=60), st.sampled_from(["9876543210", "a@b.in", "ABCPE1234F", "रमेश"]), st.text(max_size=60))
def test_places_lead_back_to_the_original(before: str, secret: str, after: str) -> None:
    text = f"{before} {secret} {after}"
    scrubbed = scrub(text, NAMES)
    rebuilt, last = "", 0
    for piece in scrubbed.pieces:
        assert scrubbed.text[piece.placed :].startswith(piece.placeholder)
        assert scrubbed.original_span(piece.placed, piece.placed + len(piece.placeholder)) == (piece.start, piece.end)
        rebuilt += text[last : piece.start] + text[piece.start : piece.end]
        last = piece.end
    assert rebuilt + text[last:] == text
    for place, char in enumerate(scrubbed.text):
        start, end = scrubbed.original_span(place, place + 1)
        inside = any(piece.placed <= place < piece.placed + len(piece.placeholder) for piece in scrubbed.pieces)
        assert inside or text[start:end] == char


def test_a_quote_leads_back_whatever_its_spaces_and_case() -> None:
    scrubbed = scrub("Ask  Ramesh Sharma:\n100% SAFE, call 98765 43210!", NAMES)
    assert scrubbed.in_original("[name]:\n100% SAFE") == "Ramesh Sharma:\n100% SAFE"
    assert (
        scrubbed.in_original("ask [name]: 100% safe, call [phone]")
        == "Ask  Ramesh Sharma:\n100% SAFE, call 98765 43210"
    )
    assert scrubbed.in_original("never said") is None
    assert scrubbed.in_original("  ") is None


@given(st.text(max_size=80))
def test_folding_keeps_places(text: str) -> None:
    folded = fold(text)
    spans = [folded.span(index, index + 1) for index in range(len(folded.text))]
    assert spans == sorted(spans)
    assert all(0 <= start < end <= len(text) for start, end in spans)


def test_the_check_digit_of_aadhaar() -> None:
    assert has_verhoeff_sum("234123412346")
    assert sum(has_verhoeff_sum(f"23412341234{digit}") for digit in range(10)) == 1


@pytest.mark.parametrize(
    "text", ["a" * 16_000, " " * 16_000, "9" * 16_000, "1 " * 8_000, "arn " * 4_000, "@" * 16_000, "(at" * 5_000]
)
def test_long_and_dull_texts_take_no_time(text: str) -> None:
    import time

    began = time.process_time()
    leak({"caption": scrub(text, NAMES).text}, NAMES)
    assert time.process_time() - began < 1.5
