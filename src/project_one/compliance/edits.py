"""Changes to a text as data: applied, and two rounds of them joined into one. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Edit:
    """Replace the code points `start` to `end`. `reason`: in the reader's language."""

    start: int
    end: int
    replacement: str
    rule_id: str
    reason: str


def apply(text: str, edits: Sequence[Edit]) -> str:
    """The text with all of them. `edits`: sorted, not overlapping."""
    parts: list[str] = []
    position = 0
    for edit in edits:
        parts += (text[position : edit.start], edit.replacement)
        position = edit.end
    return "".join((*parts, text[position:]))


def compose(text: str, first: Sequence[Edit], then: Sequence[Edit]) -> tuple[Edit, ...]:
    """One list over `text` that does what `first` and then `then`, which is over the result of `first`, do."""
    between = apply(text, first)
    made: list[Edit] = []
    shift = 0
    for group in _groups([*_images(first), *(_Span(edit.start, edit.end, edit, 0, is_late=True) for edit in then)]):
        start, end = min(item.start for item in group), max(item.end for item in group)
        late = [item.edit for item in group if item.is_late]
        moved = [replace(edit, start=edit.start - start, end=edit.end - start) for edit in late]
        before, shift = shift, shift + sum(item.growth for item in group)
        cause = (late or [group[0].edit])[-1]
        joined = replace(cause, start=start - before, end=end - shift, replacement=apply(between[start:end], moved))
        if joined.replacement != text[joined.start : joined.end]:
            made.append(joined)
    return tuple(made)


@dataclass(frozen=True)
class _Span:
    """Where an edit stands in the text between: an early one with its result, a late one with what it will replace."""

    start: int
    end: int
    edit: Edit
    growth: int
    is_late: bool


def _images(edits: Sequence[Edit]) -> Iterator[_Span]:
    shift = 0
    for edit in edits:
        start = edit.start + shift
        growth = len(edit.replacement) - (edit.end - edit.start)
        shift += growth
        yield _Span(start, start + len(edit.replacement), edit, growth, is_late=False)


def _groups(spans: Sequence[_Span]) -> list[list[_Span]]:
    """Spans that overlap belong together; those that only touch do not."""
    groups: list[list[_Span]] = []
    end = 0
    for span in sorted(spans, key=lambda item: (item.start, item.end)):
        if groups and span.start < end:
            groups[-1].append(span)
            end = max(end, span.end)
        else:
            groups.append([span])
            end = span.end
    return groups
