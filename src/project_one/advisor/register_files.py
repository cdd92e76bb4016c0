"""Reading a public register from the file it was downloaded as: CSV or XLSX in, entries and a report out."""

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import yaml
from python_calamine import CalamineError, CalamineWorkbook

from project_one.advisor.errors import NumberInvalidError, RegisterTooLargeError, RegisterUnreadableError
from project_one.advisor.matching import CAPACITY_OF, Entry, Register
from project_one.advisor.numbers import registration_number
from project_one.kernel.canonical import canonical_json, sha256_hex

MOST_BYTES = 64 * 1024 * 1024
_MOST_UNPACKED = 512 * 1024 * 1024
_MOST_LISTED = 100
_HEADER_WITHIN = 20  # lines; the registers put a title above their columns
_FIELDS = ("number", "name", "trade_name", "city", "valid_from", "valid_until", "validity")
_SEBI = {
    "number": ("registration no", "registration number", "reg no"),
    "name": ("name",),
    "trade_name": ("trade name",),
    "city": ("city",),
    "validity": ("validity",),
    "valid_from": ("from date", "valid from"),
    "valid_until": ("to date", "valid to", "valid till"),
}
_COLUMNS: Mapping[Register, Mapping[str, Sequence[str]]] = {
    Register.AMFI: {
        "number": ("arn", "arn no", "arn number"),
        "name": ("arn holder s name", "arn holder name", "name", "holder", "arn holder"),
        "city": ("city",),
        "valid_from": ("arn valid from", "valid from"),
        "valid_until": ("arn valid till", "valid till", "arn valid upto"),
    },
    Register.SEBI_IA: _SEBI,
    Register.SEBI_RA: _SEBI,
}
_DATES = ("%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y", "%d.%m.%Y", "%d-%b-%Y", "%d %b %Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y")
_UNTIL = re.compile(r"\s+(?:-|–|to)\s+", re.IGNORECASE)
_FOR_EVER = frozenset({"", "-", "perpetual", "na", "n.a."})


@dataclass(frozen=True)
class RegisterFile:
    """`duplicates`, `unreadable`: line numbers of the file with what is wrong; at most a hundred of each are listed."""

    entries: Sequence[Entry]
    sha256: str
    duplicate_count: int = 0
    unreadable_count: int = 0
    duplicates: Sequence[str] = field(default_factory=tuple[str, ...])
    unreadable: Sequence[str] = field(default_factory=tuple[str, ...])


def read_mapping(text: str) -> dict[str, str]:
    """Our field to the file's column, from YAML: `number: Regn. No.`. Raises RegisterUnreadableError."""
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError:
        raw = None
    if (
        not isinstance(raw, dict)
        or not set(raw) <= set(_FIELDS)
        or not all(isinstance(item, str) for item in raw.values())
    ):
        message = f"A mapping file is YAML of field to column name; the fields are {', '.join(_FIELDS)}."
        raise RegisterUnreadableError(message)
    return {str(name): str(column) for name, column in raw.items()}


def read_register(data: bytes, register: Register, mapping: Mapping[str, str] | None = None) -> RegisterFile:
    """Blocks; call it off the event loop for big files. Raises RegisterUnreadableError, RegisterTooLargeError.

    Of two lines with one number the one that is valid longer counts; both are reported. A line with an unreadable
    number or date is reported and left out: half a line is no evidence.
    """
    lines = _lines(data)
    at, columns = _header(lines, register, mapping or {})
    found: dict[str, Entry] = {}
    duplicates: list[str] = []
    unreadable: list[str] = []
    for number, line in enumerate(lines[at + 1 :], start=at + 2):
        if not any(line):
            continue
        try:
            entry = _entry(line, columns, register)
        except (NumberInvalidError, ValueError) as error:
            unreadable.append(
                f"line {number}: {'no registration number' if isinstance(error, NumberInvalidError) else error}"
            )
            continue
        known = found.get(entry.number)
        if known is not None:
            duplicates.append(f"line {number}: {entry.number} stands there twice")
        if known is None or _lasts(entry) > _lasts(known):
            found[entry.number] = entry
    if not found:
        message = "The file has no line with a readable registration number; is it the right register?"
        raise RegisterUnreadableError(message)
    return RegisterFile(
        tuple(found.values()),
        sha256_hex(data),
        len(duplicates),
        len(unreadable),
        tuple(duplicates[:_MOST_LISTED]),
        tuple(unreadable[:_MOST_LISTED]),
    )


def _lasts(entry: Entry) -> date:
    return entry.valid_until or date.max


def _lines(data: bytes) -> list[list[str]]:
    if len(data) > MOST_BYTES:
        message = f"A register file may have {MOST_BYTES // 1024 // 1024} MB."
        raise RegisterTooLargeError(message)
    if data.startswith(b"PK"):
        return list(_sheet(data))
    try:
        text = data.decode("utf-8-sig")
        return [[cell.strip() for cell in line] for line in csv.reader(io.StringIO(text, newline=""))]
    except (UnicodeDecodeError, csv.Error):
        message = "The file is neither XLSX nor CSV in UTF-8; save it as one of them."
        raise RegisterUnreadableError(message) from None


def _sheet(data: bytes) -> Iterator[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(item.file_size for item in archive.infolist())
        if unpacked > _MOST_UNPACKED:
            message = "The workbook unpacks to more than 512 MB; save the register alone."
            raise RegisterTooLargeError(message)
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0)
        for line in sheet.iter_rows():
            yield [_cell(item) for item in line]
    except (CalamineError, zipfile.BadZipFile):
        message = "The workbook cannot be opened; save it again as XLSX or CSV."
        raise RegisterUnreadableError(message) from None


def _cell(value: object) -> str:
    """Dates as ISO, whole numbers without a point."""
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _plain(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold()
    return " ".join("".join(char if char.isalnum() else " " for char in folded).split())


def _header(
    lines: Sequence[Sequence[str]], register: Register, mapping: Mapping[str, str]
) -> tuple[int, Mapping[str, int]]:
    """Where the column names stand, and the column of each field."""
    wanted = {**_COLUMNS[register], **{name: (column,) for name, column in mapping.items()}}
    for at, line in enumerate(lines[:_HEADER_WITHIN]):
        names = [_plain(cell) for cell in line]
        columns: dict[str, int] = {}
        for field_name, aliases in wanted.items():
            known = next((names.index(_plain(alias)) for alias in aliases if _plain(alias) in names), None)
            if known is not None:
                columns[field_name] = known
        if {"number", "name"} <= set(columns) and columns.keys() & {"valid_until", "validity"}:
            return at, columns
    first = ", ".join(cell for cell in (lines[0] if lines else ()) if cell)[:200]
    message = (
        f"No line names the number, the name and the validity of {register}; the file begins with: {first or 'nothing'}. "
        "Name its columns in a mapping file."
    )
    raise RegisterUnreadableError(message)


def _entry(line: Sequence[str], columns: Mapping[str, int], register: Register) -> Entry:
    def cell(name: str) -> str:
        at = columns.get(name)
        return line[at] if at is not None and at < len(line) else ""

    capacity = CAPACITY_OF[register]
    typed = cell("number")
    if register is Register.AMFI and typed.isdecimal():
        typed = f"ARN-{typed}"
    entry = Entry(
        number=registration_number(capacity, typed),
        name=" ".join(cell("name").split()),
        trade_name=" ".join(cell("trade_name").split()),
        city=cell("city"),
        valid_from=_date(cell("valid_from")),
        valid_until=_date(cell("valid_until")),
        row_hash=sha256_hex(canonical_json(list(line))),
    )
    if not entry.name:
        message = "no name"
        raise ValueError(message)
    if "validity" not in columns:
        return entry
    since, _, until = _UNTIL.sub("\x00", cell("validity"), count=1).partition("\x00")
    return replace(entry, valid_from=_date(since), valid_until=_date(until))


def _date(text: str) -> date | None:
    """A day, or None for perpetual and nothing. Raises ValueError."""
    cleaned = " ".join(text.split())
    if cleaned.casefold() in _FOR_EVER:
        return None
    for shape in _DATES:
        try:
            return datetime.strptime(cleaned, shape).date()  # noqa: DTZ007  a calendar day of the register
        except ValueError:
            continue
    message = f"no date: {cleaned[:40]!r}"
    raise ValueError(message)
