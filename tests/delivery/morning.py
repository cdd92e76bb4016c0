"""A small planned morning on a real database, with everything it needs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from project_one.bootstrap import House
from project_one.channel import service as channel
from project_one.channel.domain import NumberReport, Quality, TemplateReport, TemplateState
from project_one.content import service as content
from project_one.delivery.ports import Accepted, Outcome, Outgoing
from project_one.delivery.service.plan import PlanResult
from project_one.entrypoints.seed import seed_demo_advisors, seed_library
from project_one.entrypoints.up.demo import plan_and_release

NOW = datetime(2026, 11, 24, 0, 29, 30, tzinfo=UTC)


async def furnish(house: House, *, advisors: int = 6) -> None:
    """Library approved, templates approved at the vendor, one number, demo advisors."""
    await seed_library(house, approve=True)
    await seed_demo_advisors(house, count=advisors)
    async with house.database.transactions() as session:
        frames = await content.all_frames(session)
        reports = [
            TemplateReport(frame.template_name, frame.language.value, TemplateState.APPROVED, frame.body)
            for frame in frames
        ]
        await channel.record_templates(session, reports, now=NOW)
        await channel.record_numbers(session, [NumberReport("100", True, Quality.GREEN, 1000)], now=NOW)


async def released(house: House, *, advisors: int = 6) -> PlanResult:
    await furnish(house, advisors=advisors)
    return await plan_and_release(house, advisors=advisors, spread_s=0, now=house.clock() - timedelta(seconds=1))


@dataclass
class Vendor:
    """Accepts everything and remembers it."""

    is_loopback: bool = True
    seen: list[Outgoing] = field(default_factory=list[Outgoing])
    answers: Sequence[Outcome] = ()

    async def send(self, message: Outgoing) -> Outcome:
        self.seen.append(message)
        if len(self.seen) <= len(self.answers):
            return self.answers[len(self.seen) - 1]
        return Accepted(f"wamid.{len(self.seen)}", datetime.now(UTC), is_held=False)
