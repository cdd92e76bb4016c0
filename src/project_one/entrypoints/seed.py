"""Filling an installation: the shipped library, our numbers and templates as the vendor has them, and demo advisors."""

from datetime import datetime

from project_one.advisor import service as advisors
from project_one.advisor.domain import Identity, RegistrationStatus
from project_one.advisor.service import NewAdvisor
from project_one.bootstrap import House
from project_one.compliance import verdicts
from project_one.compliance.domain import Band, Context
from project_one.content import service as content
from project_one.content.domain import Frame, Subject
from project_one.content.library import Library, read_library
from project_one.kernel.clock import business_date
from project_one.kernel.errors import DomainError, Kind
from project_one.privacy import service as privacy
from project_one.privacy.service import OptIn
from project_one.settings import Environment
from project_one.vocabulary.domain import DEFAULT_SLOT, Capacity, Language, Tier

_CAPACITIES = (Capacity.MFD,) * 7 + (Capacity.IA,) * 2 + (Capacity.RA,)
_LANGUAGES = (Language.EN,) * 4 + (Language.HI,) * 4 + (Language.MR,) * 3
_GIVEN = (
    "Asha",
    "Ravi",
    "Meera",
    "Sunil",
    "Kavita",
    "Imran",
    "Pooja",
    "Nitin",
    "Farah",
    "Ganesh",
    "Leela",
    "Joseph",
    "Harpreet",
)
_FAMILY = (
    "Kulkarni",
    "Sharma",
    "Patil",
    "Verma",
    "Deshmukh",
    "Khan",
    "Iyer",
    "Joshi",
    "Gupta",
    "Naik",
    "Singh",
)
_CHUNK = 1000


class DemoRefusedError(DomainError):
    code = "demo.refused"
    kind = Kind.FORBIDDEN
    title = "Demo data refused"


class LibraryBlockedError(DomainError):
    code = "library.blocked"
    kind = Kind.CONFLICT
    title = "The rules block a text of the library"


async def judge_library(house: House, library: Library) -> None:
    """Keep the rules' verdict on every text for every capacity it is for. Raises LibraryBlockedError when one is blocked."""
    now = house.clock()
    today = business_date(now)
    rulebook = await house.shelf.in_force(today)
    subjects = [
        (f"{pack.slug} ({text.language})", verdicts.Subject(text.sha256, text.paragraph, Context(capacity)))
        for pack in library.packs
        for text in pack.contents
        for capacity in sorted(pack.capacities)
    ]
    async with house.database.transactions() as session:
        found = await verdicts.keep(session, [item for _, item in subjects], rulebook, on=today, now=now)
    blocked = sorted({name for (name, _), verdict in zip(subjects, found, strict=True) if verdict.band is Band.BLOCK})
    if blocked:
        message = f"The rules block {', '.join(blocked)}; run project-one lint on the text and change it."
        raise LibraryBlockedError(message)


async def seed_library(house: House, *, approve: bool) -> Library:
    """Load packs and frames. `approve`: also enter the reviewers of the files as approvers (never in production)."""
    if approve and house.settings.environment is Environment.PRODUCTION:
        message = (
            "Production starts with the library unapproved; two people approve it with: project-one library approve."
        )
        raise DemoRefusedError(message)
    library = read_library()
    if approve:
        await judge_library(house, library)
    now = house.clock()
    async with house.database.transactions() as session:
        await content.load_library(session, library, now=now)
        if approve:
            for subject in Subject:
                for reviewer in sorted({person for item in library.reviews for person in item.reviewers}):
                    hashes = [
                        item.sha256
                        for item in library.reviews
                        if item.subject is subject and reviewer in item.reviewers
                    ]
                    await content.approve(session, subject, hashes, reviewer_id=reviewer, now=now)
    return library


def demo_advisor(index: int) -> NewAdvisor:
    """A made-up advisor: an unassignable phone (+91 1…), a website under .example."""
    capacity = _CAPACITIES[index % len(_CAPACITIES)]
    name = f"{_GIVEN[index % len(_GIVEN)]} {_FAMILY[index // len(_GIVEN) % len(_FAMILY)]}"
    return NewAdvisor(
        identity=Identity(
            registered_name=name,
            registration_number=advisors.registration_shape(capacity, 100_000 + index),
            capacity=capacity,
            website=f"https://advisor-{index:06d}.example/about",
        ),
        language=_LANGUAGES[index % len(_LANGUAGES)],
        slot=DEFAULT_SLOT,
        phone=f"+911{index:09d}",
        email=None,
        registration=RegistrationStatus.VERIFIED,
        is_demo=True,
        tier=Tier.PRO,
    )


async def seed_demo_advisors(house: House, *, count: int) -> int:
    """Bring the number of demo advisors up to `count`; how many were added. Production refuses."""
    if house.settings.environment is Environment.PRODUCTION:
        message = "Demo advisors are not for production; enrol real ones."
        raise DemoRefusedError(message)
    async with house.database.readings() as session:
        there = await advisors.demo_count(session)
    for start in range(there, count, _CHUNK):
        await _enrol(house, start, min(count, start + _CHUNK), now=house.clock())
    return max(0, count - there)


async def _enrol(house: House, start: int, end: int, *, now: datetime) -> None:
    async with house.database.transactions() as session:
        newcomers = [demo_advisor(index) for index in range(start, end)]
        hashes = await advisors.enrol(session, house.keyring, newcomers, opted_in=True, now=now)
        opt_ins = [OptIn(item, phone, "demo", "demo seed", "demo-1") for item, phone in hashes.items()]
        await privacy.record_opt_ins(session, opt_ins, actor="seed", now=now)


def as_vendor_template(frame: Frame) -> dict[str, object]:
    """A frame as Meta lists the template made of it."""
    return {
        "name": frame.template_name,
        "language": frame.language.value,
        "category": "MARKETING",
        "parameter_format": "NAMED",
        "status": "APPROVED",
        "components": [
            {"type": "BODY", "text": frame.body},
            {
                "type": "BUTTONS",
                "buttons": [{"type": "QUICK_REPLY", "text": frame.stop_button}],
            },
        ],
    }
