"""Who speaks in a rendered message: the registered name and the number of that advisor on its first line. Pure."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from project_one.compliance.domain import Context
from project_one.compliance.reading.fold import Folded
from project_one.vocabulary.domain import Capacity

_FORM = {
    Capacity.MFD: re.compile(r"arn-?(\d{1,7})", re.ASCII),
    Capacity.IA: re.compile(r"ina-?(\d{9})", re.ASCII),
    Capacity.RA: re.compile(r"inh-?(\d{9})", re.ASCII),
}
"""Numbers by capacity. Source: regulation reference 1.1."""

_BREAK = re.compile("[\n\r\v\f\x85\u2028\u2029]")
_GAP = r"[ :.#()-]{0,3}(?:(?:no|number|code|क्रमांक|नंबर|संख्या)[ :.#-]{0,3})?"
_BEFORE_DIGITS = {prefix: re.compile(rf"(?<![^\W_]){prefix}{_GAP}(?=\d)", re.ASCII) for prefix in ("arn", "ina", "inh")}
_ANY_NUMBER = re.compile(
    rf"(?<![a-z0-9])(?:(?P<arn>arn|एआरएन){_GAP}(?P<arn_digits>\d{{4,7}}|(?:(?<=[-:.#])|(?<=[-:.#] ))\d{{1,3}})(?!\d)"
    rf"|(?P<sebi>in[ah]){_GAP}(?P<sebi_digits>\d(?: ?\d){{8}})(?!\d))",
    re.ASCII,
)
_LABEL = re.compile(r"(?<![a-z0-9])(?:arn|एआरएन|euin|in[ah])(?=[^\d\n]{0,24}\d)")


def first_line(text: str) -> str:
    return _BREAK.split(text, maxsplit=1)[0]


def plain(text: str) -> str:
    """For comparison: NFKC, one case, ASCII digits and hyphens, single spaces, nothing invisible."""
    if text.isascii():
        return " ".join(text.lower().split())
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join("".join(map(_plain_char, folded)).split())


@cache
def _plain_char(char: str) -> str:
    if char.isspace():
        return " "
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if category == "Pd" or char == "\u2212":
        return "-"
    return "" if category == "Cf" else char


def own_number(context: Context) -> tuple[str, str] | None:
    """Prefix and digits of her number; None when it is not of her capacity's form."""
    written = re.sub(r"[ :.]", "", plain(context.registration_number))
    match = _FORM[context.capacity].fullmatch(written)
    return (written[:3], match[1]) if match else None


def has_identity(text: str, context: Context) -> bool:
    """Whether the first line carries her registered name and her number.

    Source: circular of 26 Feb 2026, in force since 1 May 2026.
    """
    line, name, own = plain(first_line(text)), plain(context.registered_name), own_number(context)
    if not name or own is None:
        return False
    return _stands_in(name, line) and next(_own_places(line, *own), None) is not None


def _own_places(text: str, prefix: str, digits: str) -> Iterator[tuple[int, int]]:
    """Where a number stands in folded text: its digits may have single spaces between, and no digit follows."""
    start = text.find(prefix)
    while start >= 0:
        match = _BEFORE_DIGITS[prefix].match(text, start)
        start = text.find(prefix, start + 1)
        if match is None:
            continue
        position = match.end()
        for digit in digits:
            position += position > match.end() and text[position : position + 1] == " "
            if text[position : position + 1] != digit:
                break
            position += 1
        else:
            if not text[position : position + 1].isdigit():
                yield match.start(), position


def _stands_in(name: str, line: str) -> bool:
    """As words of their own: Asha Rao does not stand in Natasha Raote."""
    start = line.find(name)
    while start >= 0:
        end = start + len(name)
        if not _is_of_word(line[start - 1 : start]) and not _is_of_word(line[end : end + 1]):
            return True
        start = line.find(name, start + 1)
    return False


def _is_of_word(char: str) -> bool:
    return bool(char) and unicodedata.category(char)[0] in "LMN"


def own_spans(text: str, folded: Folded, context: Context) -> list[tuple[int, int]]:
    """Where her name (on the first line), her number and the label of any number stand in the original.

    The footer of a caption is what stands around a number: without labels no words of a message can pass for one.
    """
    spans = [_original(folded, *match.span()) for match in _LABEL.finditer(folded.text)]
    own = own_number(context)
    if own is not None:
        spans += [_original(folded, *place) for place in _own_places(folded.text, *own)]
    words = plain(context.registered_name).split()
    if words:
        pattern = re.compile(r"(?<!\w)" + r"\s{1,8}".join(map(re.escape, words)) + r"(?!\w)", re.IGNORECASE)
        spans += [match.span() for match in pattern.finditer(first_line(text))]
    return spans


def foreign_numbers(folded: Folded, context: Context) -> Iterator[tuple[int, int]]:
    """Registration numbers that are not hers, as spans of the original."""
    own = own_number(context)
    for match in _ANY_NUMBER.finditer(folded.text):
        prefix = "arn" if match["arn"] else match["sebi"]
        digits = (match["arn_digits"] or match["sebi_digits"]).replace(" ", "")
        if (prefix, digits) != own:
            yield _original(folded, *match.span())


def _original(folded: Folded, start: int, end: int) -> tuple[int, int]:
    return folded.at[start], folded.at[end - 1] + 1
