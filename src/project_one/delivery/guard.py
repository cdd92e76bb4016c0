"""The rules over the message as it would leave, asked by the night plan and again by the sender."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Protocol

from project_one.advisor.domain import Identity
from project_one.compliance.domain import Finding, Severity
from project_one.compliance.policy import is_covered
from project_one.compliance.rendered import check_parts, check_sender
from project_one.compliance.rulebook import Rulebook
from project_one.content.domain import CompositionError, Content, Frame, compose
from project_one.content.judging import context_of
from project_one.delivery.planning import Check
from project_one.vocabulary.domain import Capacity

_MOST_KEPT = 50_000


_ANY_NUMBER = {Capacity.MFD: "ARN-100001", Capacity.IA: "INA000100001", Capacity.RA: "INH000100001"}

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
    of any frame, content and sender what the whole message would.
    """

    rulebook: Rulebook
    on: date
    _parts: dict[tuple[str, str], Sequence[Finding]] = field(default_factory=dict[tuple[str, str], Sequence[Finding]])
    _last: tuple[Identity, Sequence[Finding]] | None = None  # a sender is asked about frame by frame

    def refused_by(
        self,
        frame: Frame,
        content: Content,
        identity: Identity,
        text: str,
        *,
        granted: Sequence[Sequence[str]] = (),
        now: datetime,
    ) -> tuple[str, ...]:
        """Ids of the rules that forbid this message; none when it may leave.

        `text`: what frame, content and identity compose to. `granted`: fingerprints of each override of this content. A
        person has seen what is for review when she approved the content; only what blocks stops a message here.
        """
        findings = [*self._of_parts(frame, content), *self._of_sender(frame, content, identity, text, now=now)]
        blocking = [finding for finding in findings if finding.severity is Severity.BLOCK]
        if not blocking or any(is_covered(blocking, fingerprints) for fingerprints in granted):
            return ()
        return tuple(sorted({finding.rule_id for finding in blocking}))

    def learn(self, pairs: Iterable[tuple[Frame, Content]]) -> None:
        """Read what frames and contents say together before anybody waits for it. Takes milliseconds a pair."""
        for frame, content in pairs:
            if frame.language is content.language and not self.knows(frame, content):
                with suppress(CompositionError):  # what does not fit is not sent
                    self._of_parts(frame, content)

    def knows(self, frame: Frame, content: Content) -> bool:
        return (frame.sha256, content.sha256) in self._parts

    def checking(self, granted: Granted, *, now: datetime) -> Check:
        """This guard as the night plan asks it. `granted`: overrides by content hash."""
        return lambda frame, content, identity, text: self.refused_by(
            frame, content, identity, text, granted=granted.get(content.sha256, ()), now=now
        )

    def _of_sender(
        self, frame: Frame, content: Content, identity: Identity, text: str, *, now: datetime
    ) -> Sequence[Finding]:
        last = self._last
        if last is None or last[0] is not identity:
            around = text.replace(content.paragraph, "", 1)
            found = check_sender(around, context_of(identity, content.language), self.rulebook, on=self.on, now=now)
            self._last = last = (identity, found)
        return last[1]

    def _of_parts(self, frame: Frame, content: Content) -> Sequence[Finding]:
        key = (frame.sha256, content.sha256)
        known = self._parts.get(key)
        if known is None:
            sender = Identity("Asha Rao", _ANY_NUMBER[frame.capacity], frame.capacity, "https://advisor.example")
            text, context = compose(frame, content, sender).text, context_of(sender, content.language)
            now = datetime.combine(self.on, time(), UTC)  # only papers of the sender look at the clock
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
