"""What is counted or computed, not phrased: format limits and personal data of clients."""

import re
import unicodedata
from collections.abc import Iterator

from project_one.compliance.domain import CATEGORIES, Finding
from project_one.compliance.reading.acronyms import ACRONYMS
from project_one.compliance.reading.fold import Folded

MAX_CAPTION, MAX_EMOJIS, MAX_HASHTAGS, MAX_CAPITALS = 500, 3, 2, 3

_EMOJI = re.compile(
    "(?:[\U0001f1e6-\U0001f1ff]{2})|(?:[\u2600-\u27bf\u2b05-\u2b55\u231a-\u23ff\U0001f000-\U0001faff]"
    "(?:\ufe0f|[\U0001f3fb-\U0001f3ff]|\u200d[\u2600-\u27bf\U0001f000-\U0001faff]\ufe0f?)*)"
)
_HASHTAG = re.compile("(?<![\\w#])#[\\w\u0900-\u0963\u200c\u200d]+")  # signs of Devanagari are no word characters
_CAPITALS = re.compile(r"[A-Z][A-Z'’]+")
_MAYBE_SHOUTED = re.compile(r"(?:[A-Z][A-Z'’]+[^A-Za-z]+){3}[A-Z]{2}")


_PAN_END = re.compile(r"\d{4}[a-z](?![a-z0-9])")  # digits are rarer than letters, so they are looked for first
_PAN = re.compile(r"(?<![a-z0-9])[a-z]{5}\d{4}[a-z]")
_PAN_LETTERS = 5
_AADHAAR = re.compile(r"(?<![\d.,])[2-9]\d{3}[ -]?\d{4}[ -]?\d{4}(?![\d.,]*\d)")
_AADHAAR_NAMED = re.compile(r"(?:aadhaar|aadhar|adhar|uidai|आधार)[^\d\n]{0,24}(\d{4}[ -]?\d{4}[ -]?\d{4})(?!\d)")
_PHONE = re.compile(r"(?<![\d.,/-])(?:\+?91[ -]?|0)?[6-9]\d{4}[ -]?\d{5}(?![\d]|[.,]\d)")
_ACCOUNT = re.compile(
    r"(?:a/c|acct|account|ac no|khata|folio|फोलिओ|फोलियो|खाता|खाते|demat)[^\d\n]{0,24}(\d[\d -]{5,18}\d(?:/\d{1,3})?)"
)
_HANDLE = re.compile(
    r"(?<![\w.@])[a-z0-9][a-z0-9._-]{1,60}@(?:ok[a-z]+|[a-z]*bank|[a-z]*pay[a-z]*|ybl|ibl|axl|apl|upi|sbi|icici|hdfc|pnb|kotak"
    r"|cnrb|barodampay|airtel|jio|jupiteraxis|fbl|idfc[a-z]*|rbl|uboi|unionbank|yes[a-z]*|valid[a-z]+|waaxis|wasbi|wahdfc[a-z]*)"
    r"(?![\w.]*\w)"
)
_OWN_HANDLE = re.compile(r"[a-z0-9._-]+\.(?:ia|ra|mf)@valid[a-z]+")
_CLIENT_PHONE = re.compile(
    r"client|customer|investor|ग्राहक|निवेशक|गुंतवणूकदार|grahak|his number|her number|'s number|'s mobile|'s phone"
    r"|unka n|unse |उनका|उनसे|उनके न|त्यांचा|त्यांच्या|tyancha|tyanchya|(?:जी|ji|yanna|यांना) (?:का|ka|cha|चा|ke|के|से|se)"
)

_D = (
    "0123456789",
    "1234067895",
    "2340178956",
    "3401289567",
    "4012395678",
    "5987604321",
    "6598710432",
    "7659821043",
    "8765932104",
    "9876543210",
)
_P = ("0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258")


def is_verhoeff(digits: str) -> bool:
    """Whether the last digit is the Verhoeff check of the others, as in an Aadhaar number."""
    check = 0
    for position, digit in enumerate(reversed(digits)):
        check = int(_D[check][int(_P[position % 8][int(digit)])])
    return check == 0


def _finding(rule_id: str, category: str, start: int, end: int, text: str) -> Finding:
    return Finding(rule_id, category, CATEGORIES[category][0], start, end, text[start:end])


def format_findings(text: str, body: list[tuple[int, int]]) -> Iterator[Finding]:
    """Limits of a caption. `body`: spans of the text that are not footer."""
    length = sum(len(text[start:end].strip()) for start, end in body)
    if length > MAX_CAPTION:
        yield _finding("FORMAT-LENGTH", "length", 0, len(text), text)
    signs, tags = emojis(text), hashtags(text)
    if len(signs) > MAX_EMOJIS:
        yield _finding("FORMAT-EMOJI", "emoji", signs[MAX_EMOJIS][0], signs[-1][1], text)
    if len(tags) > MAX_HASHTAGS:
        yield _finding("FORMAT-HASHTAG", "hashtag", tags[MAX_HASHTAGS][0], tags[-1][1], text)
    yield from _shouting(text, body)


def emojis(text: str) -> list[tuple[int, int]]:
    """Spans of the emojis that count; ticks and phones are plain signs."""
    return [match.span() for match in _EMOJI.finditer(text) if not _is_plain_sign(match.group())]


def hashtags(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in _HASHTAG.finditer(text)]


def _is_plain_sign(sign: str) -> bool:
    return sign[0] in "✓✔✅☎✆➤➡▪▫●" and unicodedata.category(sign[0]) == "So" and sign[0] in "☎✆✓✔"


def _shouting(text: str, body: list[tuple[int, int]]) -> Iterator[Finding]:
    for start, end in body:
        if _MAYBE_SHOUTED.search(text, start, end) is None:
            continue
        first, last, capitals, shouted = start, start, 0, 0
        for match in re.finditer(r"\S+", text[start:end]):
            word = match.group().strip(".,!?;:()*_\"'|-–—")
            if _CAPITALS.fullmatch(word):
                first = start + match.start() if capitals == 0 else first
                last, capitals, shouted = start + match.end(), capitals + 1, shouted + (word not in ACRONYMS)
                if capitals > MAX_CAPITALS and shouted > MAX_CAPITALS:
                    yield _finding("FORMAT-SHOUTING", "shouting", first, last, text)
                    return
            elif any(char.isalpha() for char in word) or not word:
                capitals = shouted = 0


def personal_findings(text: str, folded: Folded) -> Iterator[Finding]:
    """Client data: PAN, Aadhaar (with its check digit), account and folio numbers, payment handles, a client's phone."""
    for rule_id, start, end in _personal_spans(folded.text):
        yield _finding(rule_id, "client_data", folded.at[start], folded.at[end - 1] + 1, text)


def _personal_spans(folded: str) -> Iterator[tuple[str, int, int]]:
    for end in _PAN_END.finditer(folded):
        match = _PAN.match(folded, max(0, end.start() - _PAN_LETTERS))
        if match is not None:
            yield "DATA-PAN", match.start(), match.end()
    for match in _AADHAAR.finditer(folded):
        if is_verhoeff(re.sub(r"\D", "", match.group())):
            yield "DATA-AADHAAR", match.start(), match.end()
    for match in _AADHAAR_NAMED.finditer(folded):
        yield "DATA-AADHAAR", match.start(1), match.end(1)
    for match in _ACCOUNT.finditer(folded):
        yield "DATA-ACCOUNT", match.start(1), match.end(1)
    for match in _HANDLE.finditer(folded) if "@" in folded else ():
        if not _OWN_HANDLE.fullmatch(match.group()):
            yield "DATA-PAYMENT-HANDLE", match.start(), match.end()
    for match in _PHONE.finditer(folded):
        if _CLIENT_PHONE.search(folded[max(0, match.start() - 40) : match.end() + 25]):
            yield "DATA-CLIENT-PHONE", match.start(), match.end()
