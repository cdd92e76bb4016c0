"""The rules over the message as it would leave, asked by the night plan and again by the sender."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Protocol
from uuid import UUID

from project_one.advisor.domain import Identity
from project_one.compliance.domain import Finding, Severity
from project_one.compliance.policy import is_covered
from project_one.compliance.rendered import check_parts, check_sender
from project_one.compliance.rulebook import Rulebook
from project_one.content.domain import STAND_INS, CompositionError, Content, Frame, compose
from project_one.content.terms import PLAIN, Terms, TermsByText
from project_one.delivery.planning import Check

_MOST_KEPT = 50_000


_Key = tuple[str, str, str, date | None]

Granted = Mapping[str, Sequence[Sequence[str]]]
"""Overrides by content hash: the fingerprints each of them covers."""


class RulesOf(Protocol):
    """Where the rulebook in force on a day comes from."""

    async def in_force(self, on: date) -> Rulebook: ...


@dataclass
class Guard:
    """By the rules of one policy version on one day.

    What frame and content say together is read once, with a stand-in for the sender, because the rules do not read her
    name and number; what depends on the sender is looked for once in her message without the content. Together they say
    of any frame, content and sender what the whole message would. The terms of the content's pack (class, papers,
    figures) are those its approval was judged under; where papers end or figures age, what was read holds for the day.
    """

    rulebook: Rulebook
    on: date
    _parts: dict[_Key, Sequence[Finding]] = field(default_factory=dict[_Key, Sequence[Finding]])
    _last: tuple[Identity, Sequence[Finding]] | None = None  # a sender is asked about frame by frame

    def refused_by(
        self,
        frame: Frame,
        content: Content,
        identity: Identity,
        text: str,
        *,
        terms: Sequence[Terms] = (PLAIN,),
        granted: Sequence[Sequence[str]] = (),
        now: datetime,
    ) -> tuple[str, ...]:
        """Ids of the rules that forbid this message; none when it may leave.

        `text`: what frame, content and identity compose to. `terms`: each of them must let it leave. `granted`:
        fingerprints of each override of this content. A person has seen what is for review when she approved the content; only what blocks stops a message here.
        """
        parts = (finding for each in terms for finding in self._of_parts(frame, content, each))
        findings = [*parts, *self._of_sender(frame, content, identity, text, now=now)]
        blocking = [finding for finding in findings if finding.severity is Severity.BLOCK]
        if not blocking or any(is_covered(blocking, fingerprints) for fingerprints in granted):
            return ()
        return tuple(sorted({finding.rule_id for finding in blocking}))

    def learn(self, readings: Iterable[tuple[Frame, Content, Terms]]) -> None:
        """Read what frames and contents say together before anybody waits for it. Takes milliseconds each."""
        for frame, content, terms in readings:
            if frame.language is content.language and not self.knows(frame, content, terms):
                with suppress(CompositionError):  # what does not fit is not sent
                    self._of_parts(frame, content, terms)

    def knows(self, frame: Frame, content: Content, terms: Terms) -> bool:
        return self._key(frame, content, terms) in self._parts

    def checking(self, granted: Granted, terms: TermsByText, *, now: datetime) -> Check:
        """This guard as the night plan asks it. `granted`: overrides by content hash."""

        def check(
            frame: Frame, content: Content, identity: Identity, text: str, pack_id: UUID | None, /
        ) -> Sequence[str]:
            under, covered = terms[content.sha256].under(pack_id), granted.get(content.sha256, ())
            return self.refused_by(frame, content, identity, text, terms=under, granted=covered, now=now)

        return check

    def _key(self, frame: Frame, content: Content, terms: Terms) -> _Key:
        return frame.sha256, content.sha256, terms.key, self.on if terms.is_dated else None

    def _of_sender(
        self, frame: Frame, content: Content, identity: Identity, text: str, *, now: datetime
    ) -> Sequence[Finding]:
        last = self._last
        if last is None or last[0] is not identity:
            around = text.replace(content.paragraph, "", 1)
            found = check_sender(around, PLAIN.context(identity, content.language), self.rulebook, on=self.on, now=now)
            self._last = last = (identity, found)
        return last[1]

    def _of_parts(self, frame: Frame, content: Content, terms: Terms) -> Sequence[Finding]:
        key = self._key(frame, content, terms)
        known = self._parts.get(key)
        if known is None:
            sender = STAND_INS[frame.capacity]
            text, context = compose(frame, content, sender).text, terms.context(sender, content.language)
            now = datetime.combine(self.on, time(), UTC)  # only the report of an advertisement looks at the clock
            known = [
                *check_parts(text, context, self.rulebook, on=self.on),
                *check_sender(text.replace(content.paragraph, "", 1), context, self.rulebook, on=self.on, now=now),
            ]
            if len(self._parts) < _MOST_KEPT:
                self._parts[key] = known
        return known


@dataclass
class Guards:
    """One per process: the guard of a day, made anew when other rules come into force."""

    rules: RulesOf
    _current: Guard | None = None

    async def of(self, on: date) -> Guard:
        """What was read stays known from day to day while the same rules are in force."""
        rulebook = await self.rules.in_force(on)
        current = self._current
        if current is not None and current.rulebook is rulebook and rulebook.is_same_on(current.on, on):
            current.on = on
            return current
        self._current = Guard(rulebook, on)
        return self._current
