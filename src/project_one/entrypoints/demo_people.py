"""The people of a demo: one for each role, known at the sandbox's Clerk by ids that stay the same."""

from dataclasses import dataclass

from project_one.advisor.firms import first_demo_firm
from project_one.auth import people
from project_one.auth.domain import Role
from project_one.auth.people import MembershipReport
from project_one.bootstrap import House
from project_one.entrypoints.seed import DemoRefusedError
from project_one.settings import Environment

ORGANISATION = "org_demo_firm"
"""The firm of the first demo advisor."""


@dataclass(frozen=True)
class DemoPerson:
    """`organisation`: the one she has chosen when she signs in; an advisor without one has yet to register herself."""

    clerk_id: str
    role: Role
    organisation: str | None = None


DEMO_PEOPLE = {
    "reviewer": DemoPerson("user_demo_reviewer", Role.REVIEWER),
    "reviewer-2": DemoPerson("user_demo_reviewer_2", Role.REVIEWER),
    "admin": DemoPerson("user_demo_admin", Role.ADMIN),
    "dpo": DemoPerson("user_demo_dpo", Role.DPO),
    "operator": DemoPerson("user_demo_operator", Role.OPERATOR),
    "advisor": DemoPerson("user_demo_advisor", Role.ADVISOR, ORGANISATION),
    "newcomer": DemoPerson("user_demo_newcomer", Role.ADVISOR),
}


async def seed_demo_people(house: House) -> None:
    """Enter them with their roles; the advisor in the firm of the first demo advisor. Production refuses."""
    if house.settings.environment is Environment.PRODUCTION:
        message = "Demo people are not for production; give roles with: project-one staff grant."
        raise DemoRefusedError(message)
    now = house.clock()
    async with house.database.transactions() as session:
        firm_id = await first_demo_firm(session)
        for person in DEMO_PEOPLE.values():
            if person.role is not Role.ADVISOR:
                await people.grant_role(session, person.clerk_id, person.role, actor="seed", now=now)
            elif person.organisation is not None and firm_id is not None:
                await people.link_organisation(session, ORGANISATION, firm_id, actor="seed", now=now)
                report = MembershipReport("orgmem_demo_advisor", person.clerk_id, firm_id, "admin", now)
                await people.record_membership(session, report, now=now)
