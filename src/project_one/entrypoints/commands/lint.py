"""`project-one lint`: for people with colours and remedies, for machines as JSON lines. Needs no installation."""

import json
import os
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from itertools import chain, islice
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import orjson
import typer
from rich.console import Console
from rich.text import Text

from project_one.compliance.domain import ADVISOR_TYPES, Band, Context, Finding, Severity, Verdict, reader_language
from project_one.compliance.evaluate import evaluate
from project_one.compliance.rewrite import Rewrite, rewrite
from project_one.compliance.rulebook import Rulebook, load
from project_one.entrypoints.up.places import UpError
from project_one.kernel.clock import business_date, shifted_clock

_MAX_CHARACTERS = 100_000
_CHUNK = 256
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
    if advisor_type not in ADVISOR_TYPES:
        message = f"{advisor_type!r} is no advisor type; write MFD, RIA or RA."
        raise UpError(message)
    if not files:
        message = "Name the files to check, - for standard input, or use --jsonl."
        raise UpError(message)
    console = Console(highlight=False)
    worst = Band.PASS
    for path in files:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8", errors="replace")
        context = Context(ADVISOR_TYPES[advisor_type])
        verdict = evaluate(text, context, rulebook, on=today)
        _show(console, str(path), text, verdict, rulebook)
        proposed = rewrite(text, context, rulebook, verdict, on=today)
        if proposed is not None:
            _show_rewrite(console, proposed)
        console.print()
        worst = max(worst, verdict.band, key=list(Band).index)
    raise typer.Exit(0 if worst is Band.PASS else 1)


def lint_lines(lines: Iterable[bytes], out: BinaryIO, rulebook: Rulebook, *, on: date) -> int:
    """One verdict a line, in order; a bad line gives an error object, and 1 at the end. Long inputs use every core."""
    chunks = _chunked(lines)
    first = next(chunks, None)
    if first is None:
        return 0
    second = next(chunks, None)
    code = 0
    if second is None:
        answers = iter([_answer_chunk(first, rulebook, on)])
    else:
        answers = _answers_of_all(chain((first, second), chunks), on)
    for text, chunk_code in answers:
        code = max(code, chunk_code)
        out.write(text)
    out.flush()
    return code


_Chunk = list[tuple[int, bytes]]


def _chunked(lines: Iterable[bytes]) -> Iterator[_Chunk]:
    """Numbered lines, empty ones left out, some hundred at a time."""
    numbered = ((number, line) for number, line in enumerate(lines, start=1) if line.strip())
    while chunk := list(islice(numbered, _CHUNK)):
        yield chunk


def _answers_of_all(chunks: Iterator[_Chunk], on: date) -> Iterator[tuple[bytes, int]]:
    """Chunks worked on side by side, answered in order, a bounded number at a time."""
    cores = os.cpu_count() or 1
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn"), initializer=_load_in_process) as pool:
        waiting = deque(pool.submit(_answer_in_process, chunk, on) for chunk in islice(chunks, 3 * cores))
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(pool.submit(_answer_in_process, chunk, on) for chunk in islice(chunks, 1))


_loaded: list[Rulebook] = []


def _load_in_process() -> None:
    _loaded.append(load())


def _answer_in_process(chunk: _Chunk, on: date) -> tuple[bytes, int]:
    return _answer_chunk(chunk, _loaded[0], on)


def _answer_chunk(chunk: _Chunk, rulebook: Rulebook, on: date) -> tuple[bytes, int]:
    code = 0
    made: list[bytes] = []
    for number, raw in chunk:
        try:
            answer = _answer(raw, rulebook, on=on)
        except LineInvalidError as error:
            code = 1
            answer = {"line": number, "error": str(error)} | _id_of(raw)
        made.append(orjson.dumps(answer) + b"\n")
    return b"".join(made), code


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
    if not isinstance(kind, str) or kind not in ADVISOR_TYPES:
        message = "advisor_type must be MFD, RIA or RA"
        raise LineInvalidError(message)
    verdict = evaluate(text, Context(ADVISOR_TYPES[kind]), rulebook, on=on)
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
    language = reader_language(verdict.register)
    for finding in verdict.findings:
        rule = rulebook.told.get(finding.rule_id)
        line = Text("  ")
        line.append(f"{finding.severity.value} {finding.category}", style=_COLOUR[finding.severity])
        line.append(f" ({finding.rule_id})")
        if finding.quote:
            line.append(f" “{finding.quote[:80]}”")
        console.print(line)
        if rule is not None:
            console.print(Text(f"      {rule.message[language]} {rule.remedy[language]}"))


def _show_rewrite(console: Console, proposed: Rewrite) -> None:
    title = Text("  proposed rewrite: ")
    title.append(proposed.verdict.band.value.upper(), style=_BAND_COLOUR[proposed.verdict.band])
    console.print(title)
    console.print(Text(proposed.text.encode("utf-8", "replace").decode()), soft_wrap=True)
    for why in dict.fromkeys(edit.reason for edit in proposed.edits):
        console.print(Text(f"  changed: {why}"))
