"""Advisors over HTTP: registering herself, the list, the profile. The other doors are joined on."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from project_one.advisor import numbers, onboarding
from project_one.advisor.answers import advisor_listed, advisor_shown, refusals
from project_one.advisor.connection_routes import connection_router
from project_one.advisor.decision_routes import decision_router
from project_one.advisor.document_routes import BODY_BYTES as DOCUMENT_BYTES
from project_one.advisor.document_routes import document_router
from project_one.advisor.domain import RegistrationStatus
from project_one.advisor.errors import AccountNeededError, FirmExistsError
from project_one.advisor.onboarding import Application, Changes, Filter, Sort
from project_one.advisor.papers import documents
from project_one.advisor.ports import DocumentStorage, JudgedPacks, Memberships
from project_one.advisor.register_routes import BODY_BYTES as REGISTER_BYTES
from project_one.advisor.register_routes import register_router
from project_one.advisor.schemas import AdvisorChangeIn, AdvisorIn, AdvisorOut
from project_one.auth.domain import Permission, Principal
from project_one.auth.policy import require
from project_one.kernel.clock import Clock
from project_one.kernel.db import Database
from project_one.kernel.etags import IfMatch
from project_one.kernel.ids import new_id
from project_one.kernel.pages import DEFAULT_LIMIT, Cursor, Limit, Page
from project_one.kernel.scope import Scope
from project_one.vault.domain import Keyring
from project_one.vocabulary.domain import Capacity, Language, Slot


def body_limit_of(path: str) -> int | None:
    """How large a body the path takes; None: as everywhere."""
    if path.startswith("/v1/advisors/") and path.endswith("/documents"):
        return DOCUMENT_BYTES
    if path.startswith("/v1/registers/"):
        return REGISTER_BYTES
    return None


Words = Annotated[
    str | None, Query(min_length=1, max_length=100, description="Words of her name or registration number.")
]


def advisor_router(
    database: Database,
    keyring: Keyring,
    storage: DocumentStorage,
    clock: Clock,
    principal: Callable[..., Principal],
    memberships: Memberships | None,
    judged: JudgedPacks,
) -> APIRouter:
    """`memberships`: None where nobody can register herself, as on an installation without accounts."""
    router = APIRouter()
    router.include_router(profile_router(database, keyring, clock, principal, memberships))
    router.include_router(document_router(database, keyring, storage, clock, principal))
    router.include_router(decision_router(database, clock, principal))
    router.include_router(connection_router(database, keyring, clock, principal, judged))
    router.include_router(register_router(database, clock, principal))
    return router


def profile_router(
    database: Database,
    keyring: Keyring,
    clock: Clock,
    principal: Callable[..., Principal],
    memberships: Memberships | None,
) -> APIRouter:
    router = APIRouter(prefix="/advisors", tags=["advisors"])

    @router.post(
        "",
        response_model=AdvisorOut,
        status_code=201,
        summary="Register yourself",
        description="For a person with an account and no firm: makes her firm and its advisor, on trial for 14 days.",
        responses=refusals(409, 422),
    )
    async def register(  # pyright: ignore[reportUnusedFunction]
        body: AdvisorIn, response: Response, caller: Annotated[Principal, Depends(principal)]
    ) -> Any:
        user_id = _newcomer(caller)
        if memberships is None:
            message = "This installation has no accounts; nobody can register herself."
            raise AccountNeededError(message)
        firm_id, now = new_id(), clock()
        async with database.scoped(Scope(tenant=firm_id)).transactions() as session:
            row = await onboarding.register(
                session, keyring, _application(body), firm_id=firm_id, actor=caller.actor, now=now
            )
            await memberships(session, user_id, firm_id)
        response.headers["Location"] = f"/v1/advisors/{row.id}"
        return advisor_shown(row, now, given=set(), response=response)

    @router.get(
        "",
        response_model=Page[AdvisorOut],
        summary="The advisors of your firm; for staff, of all",
        responses=refusals(422),
    )
    async def read_all(  # pyright: ignore[reportUnusedFunction]
        caller: Annotated[Principal, Depends(principal)],
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
        status: RegistrationStatus | None = None,
        capacity: Capacity | None = None,
        language: Language | None = None,
        q: Words = None,
        sort: Sort = "created_at",
    ) -> Any:
        require(caller, Permission.ADVISOR_READ)
        wanted = Filter(caller.tenant, status, capacity, language, q)
        async with database.scoped(caller.scope).lookups() as lookup:
            rows, following = await onboarding.page(lookup, wanted, sort=sort, cursor=cursor, limit=limit)
        now = clock()
        return {"items": [advisor_listed(row, now) for row in rows], "next_cursor": following}

    @router.get("/{advisor_id}", response_model=AdvisorOut, summary="One advisor", responses=refusals(404, 422))
    async def read_one(  # pyright: ignore[reportUnusedFunction]
        advisor_id: UUID, response: Response, caller: Annotated[Principal, Depends(principal)]
    ) -> Any:
        require(caller, Permission.ADVISOR_READ)
        async with database.scoped(caller.scope).readings() as session:
            row = await onboarding.one(session, advisor_id)
            given = {item.kind for item in await documents(session, advisor_id)}
        return advisor_shown(row, clock(), given=given, response=response)

    @router.patch(
        "/{advisor_id}",
        response_model=AdvisorOut,
        summary="Change her profile",
        responses=refusals(404, 412, 422, 428),
    )
    async def change(  # pyright: ignore[reportUnusedFunction]
        advisor_id: UUID,
        body: AdvisorChangeIn,
        response: Response,
        caller: Annotated[Principal, Depends(principal)],
        if_match: IfMatch = None,
    ) -> Any:
        require(caller, Permission.ADVISOR_WRITE)
        now = clock()
        changes = Changes(
            languages=body.languages,
            slot=Slot(body.slot) if body.slot else None,
            tone=body.tone,
            website=body.website,
            brand=body.brand.model_dump() if body.brand else None,
        )
        async with database.scoped(caller.scope).transactions() as session:
            row = await onboarding.change(session, advisor_id, changes, if_match=if_match, actor=caller.actor, now=now)
            given = {item.kind for item in await documents(session, advisor_id)}
        return advisor_shown(row, now, given=given, response=response)

    return router


def _newcomer(caller: Principal) -> UUID:
    """Raises AccountNeededError, FirmExistsError."""
    if caller.user_id is None or caller.is_staff:
        message = "Only a person with an account of her own who is not staff can register; sign in as such."
        raise AccountNeededError(message)
    if caller.tenant is not None:
        message = "You act for a firm already; GET /v1/advisors shows it."
        raise FirmExistsError(message)
    return caller.user_id


def _application(body: AdvisorIn) -> Application:
    return Application(
        capacity=body.capacity,
        registered_name=body.registered_name,
        registration_number=numbers.registration_number(body.capacity, body.registration_number),
        phone=numbers.phone(body.phone),
        email=body.email.lower() if body.email else None,
        languages=body.languages,
        slot=Slot(body.slot),
        tone=body.tone,
        website=body.website,
        brand=body.brand.model_dump(),
    )
