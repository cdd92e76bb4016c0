"""The two stages that run while somebody waits: the rules over each text, and over each message made of it.

Firms' packs and those of the library go through the same ones.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from project_one.advisor.domain import Identity
from project_one.compliance import verdicts
from project_one.compliance.domain import Register, Stage, StageResult
from project_one.compliance.rulebook import Rulebook
from project_one.content import judging
from project_one.content.domain import CompositionError, Content
from project_one.content.service import approved_frames
from project_one.content.terms import Terms
from project_one.kernel.clock import business_date
from project_one.kernel.db import WriteSession
from project_one.vocabulary.domain import Language


class MisfitError(Exception):
    """No approved frame can hold the text in `language`; the text of the error says why."""

    def __init__(self, language: Language, why: str) -> None:
        super().__init__(why)
        self.language = language


async def first_and_third(
    session: WriteSession,
    contents: Mapping[Language, Content],
    senders: Sequence[Identity],
    under: Terms,
    rulebook: Rulebook,
    *,
    firm_id: UUID | None,
    now: datetime,
) -> dict[Language, judging.Seen]:
    """What stages 1 and 3 see in every language, in the capacity of every sender. The verdicts of stage 1 are kept.

    `firm_id`: whose text it is; None for the library's. Raises MisfitError.
    """
    on = business_date(now)
    frames = list((await approved_frames(session)).values())
    first: dict[Language, StageResult] = {}
    third: dict[Language, StageResult] = {}
    registers: dict[Language, Register] = {}
    for language, content in contents.items():
        contexts = [(sender, under.context(sender, language)) for sender in senders]
        one_each = {context.capacity: context for _, context in contexts}
        subjects = [
            verdicts.Subject(content.sha256, content.paragraph, context) for _, context in sorted(one_each.items())
        ]
        began = time.perf_counter()
        found = await verdicts.keep(session, subjects, rulebook, on=on, now=now, firm_id=firm_id)
        findings = [finding for item in found for finding in item.findings]
        first[language] = StageResult(Stage.RULES, findings, took_ms=_ms_since(began))
        registers[language] = found[0].register
        began = time.perf_counter()
        try:
            rendered = judging.rendered_stage(content, contexts, frames, rulebook, on=on, now=now)
        except CompositionError as error:
            raise MisfitError(language, str(error)) from error
        third[language] = replace(rendered, took_ms=_ms_since(began))
    first = judging.with_parity(first, contents)
    return {language: judging.Seen(registers[language], [first[language], third[language]]) for language in contents}


def _ms_since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 2)
