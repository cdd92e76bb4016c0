"""`project-one lint`: for people with colours and remedies, for machines as JSON lines. Needs no installation."""

import sys
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.text import Text

from project_one.compliance.domain import Band, Context, Finding, Register, Severity, Verdict
from project_one.compliance.evaluate import evaluate
from project_one.compliance.rulebook import Rulebook, load
from project_one.entrypoints.up.places import UpError
from project_one.kernel.clock import business_date, shifted_clock
from project_one.vocabulary.domain import Capacity

_CAPACITY = {"MFD": Capacity.MFD, "RIA": Capacity.IA, "IA": Capacity.IA, "RA": Capacity.RA}
_MAX_CHARACTERS = 100_000
_READER = {Register.HI: "hi", Register.MR: "mr", Register.HI_LATN: "hi", Register.MR_LATN: "mr"}
_COLOUR = {Severity.BLOCK: "bold red", Severity.REVIEW: "yellow", Severity.WARN: "cyan"}
_BAND_COLOUR = {Band.BLOCK: "bold red", Band.REVIEW: "bold yellow", Band.PASS: "bold green"}


class LineInvalidError(ValueError):
    """A line that cannot be checked; the text says why and what to write instead."""


def lint(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Text files, one caption each; - reads standard input.")
    ] = None,
    *,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="JSON objects, one a line, in and out.")] = False,
    advisor_type: Annotated[str, typer.Option(help="For whom the files speak: MFD, RIA or RA.")] = "MFD",
) -> None:
    """Check captions against the rules. Exit code 1 when a line is bad or a file must not be sent."""
    rulebook = load()
    today = business_date(shifted_clock(timedelta())())
    if jsonl:
        raise typer.Exit(lint_lines(sys.stdin.buffer, sys.stdout.buffer, rulebook, on=today))
    if advisor_type not in _CAPACITY:
        message = f"{advisor_type!r} is no advisor type; write MFD, RIA or RA."
        raise UpError(message)
    if not files:
        message = "Name the files to check, - for standard input, or use --jsonl."
        raise UpError(message)
    console = Console(highlight=False)
    worst = Band.PASS
    for path in files:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8", errors="replace")
        verdict = evaluate(text, Context(_CAPACITY[advisor_type]), rulebook, on=today)
        _show(console, str(path), text, verdict, rulebook)
        worst = max(worst, verdict.band, key=list(Band).index)
    raise typer.Exit(0 if worst is Band.PASS else 1)


def lint_lines(lines: Iterable[bytes], out: Any, rulebook: Rulebook, *, on: date) -> int:
    """One verdict a line; a bad line gives an error object, and 1 at the end."""
    code = 0
    for number, raw in enumerate(lines, start=1):
        if not raw.strip():
            continue
        try:
            answer = _answer(raw, rulebook, on=on)
        except LineInvalidError as error:
            code = 1
            answer = {"line": number, "error": str(error)} | _id_of(raw)
        out.write(orjson.dumps(answer) + b"\n")
    out.flush()
    return code


def _id_of(raw: bytes) -> dict[str, Any]:
    try:
        parsed = orjson.loads(raw)
    except ValueError:
        return {}
    return {"id": parsed["id"]} if isinstance(parsed, dict) and "id" in parsed else {}


def _answer(raw: bytes, rulebook: Rulebook, *, on: date) -> dict[str, Any]:
    try:
        item = orjson.loads(raw)
    except ValueError:
        import json

        try:
            item = json.loads(raw)  # lone surrogates, which people's tools do write
        except (ValueError, RecursionError) as error:
            message = f"this is not JSON ({error})"
            raise LineInvalidError(message) from None
    if not isinstance(item, Mapping):
        message = "a line must be a JSON object"
        raise LineInvalidError(message)
    text, kind = item.get("text"), item.get("advisor_type")
    if not isinstance(text, str):
        message = "text must be a string"
        raise LineInvalidError(message)
    if len(text) > _MAX_CHARACTERS:
        message = f"text has {len(text)} characters; at most {_MAX_CHARACTERS} are checked"
        raise LineInvalidError(message)
    if not isinstance(kind, str) or kind not in _CAPACITY:
        message = "advisor_type must be MFD, RIA or RA"
        raise LineInvalidError(message)
    verdict = evaluate(text, Context(_CAPACITY[kind]), rulebook, on=on)
    return {
        "id": item.get("id"),
        "verdict": verdict.band.value,
        "risk_score": verdict.risk_score,
        "language": verdict.register.value,
        "findings": [_finding(finding) for finding in verdict.findings],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule_id": finding.rule_id,
        "category": finding.category,
        "severity": finding.severity.value,
        "start": finding.start,
        "end": finding.end,
        "quote": finding.quote.encode("utf-8", "replace").decode(),
    }


def _show(console: Console, name: str, text: str, verdict: Verdict, rulebook: Rulebook) -> None:
    title = Text(f"{name}: ")
    title.append(verdict.band.value.upper(), style=_BAND_COLOUR[verdict.band])
    title.append(f"  score {verdict.risk_score}, {verdict.register.value}")
    console.print(title)
    shown = Text(text.encode("utf-8", "replace").decode())
    for finding in verdict.findings:
        shown.stylize(_COLOUR[finding.severity], finding.start, finding.end)
    console.print(shown)
    language = _READER.get(verdict.register, "en")
    rules = {rule.id: rule for rule in rulebook.rules}
    for finding in verdict.findings:
        rule = rules.get(finding.rule_id)
        line = Text("  ")
        line.append(f"{finding.severity.value} {finding.category}", style=_COLOUR[finding.severity])
        line.append(f" ({finding.rule_id})")
        if finding.quote:
            line.append(f" “{finding.quote[:80]}”")
        console.print(line)
        if rule is not None:
            console.print(Text(f"      {rule.message[language]} {rule.remedy[language]}"))
    console.print()
