"""A post in another language: accepted when it says the same, refused with what differs. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from project_one.ai.identifiers import Personal
from project_one.ai.scrub import scrub
from project_one.compliance.domain import Band, Verdict, worse
from project_one.content.domain import MAX_CAPTION, Content, utf16_units
from project_one.content.generation import Source, is_in_its_language, read_caption
from project_one.content.parity import disagreements
from project_one.vocabulary.domain import Language


@dataclass(frozen=True)
class Translated:
    """`content`: None when it was refused; then `differences` say why, a sentence each."""

    content: Content | None
    source: Source
    differences: Sequence[str] = ()


def translation_fields(source: Content, to: Language) -> dict[str, str]:
    """The fields of the prompt `translation`."""
    return {
        "topic": source.topic,
        "caption": source.caption,
        "from_language": source.language.value,
        "to_language": to.value,
    }


def read_translation(data: Mapping[str, Any], to: Language) -> Content | None:
    return read_caption(data, to)


def restored(source: Content, target: Content, names: frozenset[str]) -> Content | None:
    """Placeholders of the translation with what they stood for in the source.

    None where that cannot be told: a placeholder too many or too few, or different people whose order may have changed.
    """
    topic, caption = target.topic, target.caption
    taken = [scrub(source.topic, names), scrub(source.caption, names)]
    for kind in Personal:
        placeholder = f"[{kind}]"
        stood = [
            item.original[piece.start : piece.end] for item in taken for piece in item.pieces if piece.kind is kind
        ]
        if target.paragraph.count(placeholder) != len(stood) or len(set(stood)) > 1:
            return None
        if stood:
            topic, caption = (part.replace(placeholder, stood[0]) for part in (topic, caption))
    return Content(topic, caption, target.language)


def differences(source: Content, target: Content, said_of_source: Verdict, said_of_target: Verdict) -> list[str]:
    """What a translation says otherwise: numbers, percentages, dates, negations, language, length, and what rules find."""
    found = [
        f"The {item.kind} differ: {item.other} says {item.there or 'none'}, {item.language} says {item.here or 'none'}."
        for item in disagreements({source.language: source.paragraph, target.language: target.paragraph})
    ]
    if not is_in_its_language(target, said_of_target.register):
        found.append(f"The text is not, or not all of it, written in the language {target.language}.")
    if utf16_units(target.paragraph) > MAX_CAPTION:
        found.append(f"The text has {utf16_units(target.paragraph)} UTF-16 units; a message holds {MAX_CAPTION}.")
    if _is_worse(said_of_target.band, said_of_source.band):
        known = {finding.category for finding in said_of_source.findings}
        new = sorted({finding.category for finding in said_of_target.findings} - known)
        found.append(f"The rules find in it what they do not find in the source: {', '.join(new) or 'more'}.")
    return found


def _is_worse(band: Band, than: Band) -> bool:
    return band is not than and worse(band, than) is band
