"""The one place that builds engine, queues and vendors from the settings, and binds jobs to handlers."""

import asyncio
import hmac
import os
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any
from uuid import UUID

import structlog
from pydantic import SecretStr

from project_one.advisor import checks as registration_checks
from project_one.advisor import scoring
from project_one.advisor.jobs import RecheckRegistrations
from project_one.advisor.papers import sweep_documents
from project_one.advisor.ports import DocumentStorage
from project_one.ai import watch
from project_one.ai.cache import AnswerCache
from project_one.ai.domain import Purpose, Role
from project_one.ai.gate import Gate, GateTools
from project_one.ai.jobs import SettleCrashedCalls
from project_one.ai.ports import Asker, ModelClient
from project_one.ai.prices import shipped
from project_one.ai.prompts import read_prompts
from project_one.ai.purse import MICRO, LedgerPurse
from project_one.ai.watch import WatchedClient
from project_one.auth.revocation import Revocations
from project_one.channel import service as channel
from project_one.channel.jobs import SyncChannel
from project_one.channel.ports import ChannelDirectory
from project_one.compliance.evaluator import GateEvaluators
from project_one.compliance.shelf import PolicyShelf
from project_one.content import ai_work
from project_one.content import service as content
from project_one.content.ai_usage import AiCaps
from project_one.content.ai_work import RunTools
from project_one.content.jobs import ComplianceCheck, WorkAiRun
from project_one.content.scores import judged_packs
from project_one.content.submitting import CheckTools, check_with_model
from project_one.delivery.config import DeliveryConfig, paced
from project_one.delivery.drive import Tools, drive_number
from project_one.delivery.errors import MorningAlreadyReleasedError
from project_one.delivery.guard import Guards
from project_one.delivery.jobs import CloseMorning, DriveNumber, PlanMorning, Reconcile
from project_one.delivery.planning import Spread
from project_one.delivery.service import sweep
from project_one.delivery.service.certify import close_morning
from project_one.delivery.service.packs import settle_packs
from project_one.delivery.service.plan import plan_morning
from project_one.delivery.service.release import is_planned
from project_one.delivery.times import freeze_at, times_of_slot
from project_one.kernel import occurrences
from project_one.kernel.clock import Clock, Pace, business_date, shifted_clock
from project_one.kernel.db import Database, DatabaseConfig, connect
from project_one.kernel.jobs import Job
from project_one.kernel.queue import Handler, PermanentJobError
from project_one.settings import Settings
from project_one.vault.domain import Keyring
from project_one.vendors.clerk.jobs import WorkClerkInbox
from project_one.vendors.clerk.tasks import ClerkInboxTools, work_clerk_inbox
from project_one.vendors.openai.connect import open_client
from project_one.vendors.storage.local import LocalStorage
from project_one.vendors.storage.s3 import Bucket, S3Storage
from project_one.vendors.whatsapp.client import WhatsAppClient
from project_one.vendors.whatsapp.jobs import WorkInbox
from project_one.vendors.whatsapp.tasks import InboxTools, work_inbox
from project_one.vocabulary.domain import parse_slot

log = structlog.get_logger()

QUEUES = ("whatsapp-delivery", "webhooks", "content-processing", "maintenance")


@dataclass(frozen=True)
class House:
    """Everything a process works with. `purse`: the money for calls of a model; `asker`: the gate to it, `model`: the vendor
    behind it; None without a key, and in a process that asks nothing."""

    settings: Settings
    database: Database
    keyring: Keyring
    clock: Clock
    delivery: DeliveryConfig
    pace: Pace
    purse: LedgerPurse
    asker: Asker | None = None
    model: WatchedClient | None = None

    @property
    def certificate_key(self) -> bytes:
        return self.settings.certificate_key.get_secret_value()

    @cached_property
    def shelf(self) -> PolicyShelf:
        """The rules in force; one of a process, since it remembers what it has read."""
        return PolicyShelf(self.database.readings)

    def evaluators(self, purpose: Purpose) -> GateEvaluators | None:
        """The model's stage for one purpose; None without a model."""
        return None if self.asker is None else GateEvaluators(self.asker, purpose, self.owner_cap_micro_rupees)

    @property
    def run_tools(self) -> RunTools:
        """What generations and translations are worked with; of the api with a caller's sessions instead."""
        return RunTools(
            self.database.transactions, self.asker, self.shelf.in_force, self.owner_cap_micro_rupees, self.clock
        )

    def model_warnings(self) -> list[str]:
        """What of the model somebody should see to; none of it makes a process unready."""
        return watch.warnings(self.model, shipped(), on=business_date(self.clock()))

    @property
    def ai_caps(self) -> AiCaps:
        """What a month may cost, unless somebody gave this one another cap."""
        return AiCaps(self.settings.ai_budget_rupees * MICRO, self.owner_cap_micro_rupees)

    @property
    def owner_cap_micro_rupees(self) -> int:
        return self.settings.ai_owner_rupees * MICRO

    @cached_property
    def guards(self) -> Guards:
        return Guards(self.shelf)

    async def read_library(self) -> None:
        """Have the rules read the approved library in every frame, so that the first message of a morning need not wait."""
        guard = await self.guards.of(business_date(self.clock()))
        async with self.database.readings() as session:
            hashes = {sha for pack in await content.fallback_library(session) for sha in pack.contents.values()}
            material = await content.material(session, hashes)
        every = [
            (frame, text, terms)
            for frame in material.frames.values()
            for sha256, text in material.contents.items()
            for terms in material.terms[sha256].library
        ]
        await asyncio.to_thread(guard.learn, every)

    @cached_property
    def documents(self) -> DocumentStorage:
        """Where the sealed documents of advisors lie: a bucket when one is named, else a folder of this machine."""
        settings = self.settings
        if settings.documents_bucket:
            bucket = Bucket(settings.documents_bucket, settings.documents_region, settings.documents_endpoint_url)
            return S3Storage(bucket)
        return LocalStorage(self.settings.documents_folder)

    def whatsapp(self) -> WhatsAppClient:
        """A client of its own; the caller closes it."""
        return WhatsAppClient(
            base_url=self.settings.whatsapp_base_url,
            version=self.settings.whatsapp_api_version,
            access_token=self.settings.whatsapp_access_token.get_secret_value(),
            waba_id=self.settings.whatsapp_waba_id,
            clock=self.clock,
        )

    async def publish_revoked(self, session_id: str) -> None:
        """Tell every process of a session whose end is committed."""
        revocations = Revocations.connected(self.settings.redis_url.get_secret_value(), self.database.readings)
        try:
            await revocations.publish(session_id)
        finally:
            await revocations.close()

    async def sync_channel(self, directory: ChannelDirectory) -> list[str]:
        """Numbers and templates as the vendor has them now; names of templates whose text is not ours."""
        transactions, spares = self.database.transactions, self.delivery.spares
        return await channel.sync(transactions, directory, spares=spares, clock=self.clock)


@asynccontextmanager
async def open_house(
    settings: Settings,
    *,
    process: str,
    pool_size: int = 10,
    database_url: SecretStr | None = None,
    plans_once: bool = False,
    asks_models: bool = False,
) -> AsyncGenerator[House]:
    """Build what a process needs and take it down again. `database_url`: of another login than the workers'.

    `asks_models`: the others have no gate, and do not load the vendor's SDK.
    """
    pace = Pace(settings.time_scale)
    spread = Spread(settings.spread_groups, settings.spread_group_gap_s, settings.spread_jitter_s)
    database = connect(
        DatabaseConfig(
            (database_url or settings.database_url).get_secret_value(), pool_size=pool_size, plans_once=plans_once
        ),
        application=f"project-one {process}",
    )
    keyring = Keyring(
        wrapping_key=settings.vault_key.get_secret_value(),
        lookup_key=settings.lookup_key.get_secret_value(),
    )
    clock = shifted_clock(settings.clock_offset)
    delivery = paced(pace, spread=spread, spares=settings.spares)
    purse = LedgerPurse(database, shipped(), month_cap_micro_rupees=settings.ai_budget_rupees * MICRO)
    try:
        opening = _open_gate(settings, purse, clock) if asks_models else nullcontext((None, None))
        async with opening as (gate, model):
            yield House(settings, database, keyring, clock, delivery, pace, purse, gate, model)
    finally:
        await database.dispose()


@asynccontextmanager
async def _open_gate(
    settings: Settings, purse: LedgerPurse, clock: Clock
) -> AsyncGenerator[tuple[Gate, WatchedClient] | tuple[None, None]]:
    """The one gate of a process; the first connection is opened by WatchedClient.try_key."""
    vendor = open_client(base_url=settings.openai_base_url, key=settings.openai_api_key)
    if vendor is None:
        yield None, None
        return
    client = WatchedClient(vendor, vendor.models)
    try:
        async with _gate(settings, purse, clock, client) as gate:
            yield gate, client
    finally:
        await vendor.close()


@asynccontextmanager
async def gate_over(house: House, client: ModelClient) -> AsyncGenerator[Gate]:
    """The gate of this house with another vendor behind it."""
    async with _gate(house.settings, house.purse, house.clock, client) as gate:
        yield gate


@asynccontextmanager
async def _gate(settings: Settings, purse: LedgerPurse, clock: Clock, client: ModelClient) -> AsyncGenerator[Gate]:
    lookup_key = settings.lookup_key.get_secret_value()
    cache = AnswerCache.connected(settings.redis_url.get_secret_value())

    async def models(role: Role, on: date) -> Sequence[str]:
        return shipped().models_for(role, on)

    def safety_id(owner: UUID) -> str:
        return hmac.digest(lookup_key, b"ai owner " + owner.bytes, "sha256").hex()[:32]

    gate = Gate(GateTools(read_prompts(), models, client, purse, cache, clock, safety_id))
    try:
        yield gate
    finally:
        await gate.close()
        await cache.close()


def handlers(house: House, sender: WhatsAppClient) -> dict[str, dict[str, Handler]]:
    """Every job of every queue, listed by hand."""
    transactions, clock, policy = (
        house.database.transactions,
        house.clock,
        house.delivery.retry,
    )
    tools = Tools(
        transactions,
        sender,
        house.keyring,
        house.guards,
        house.delivery,
        clock,
        f"{os.getpid()}-{secrets.token_hex(3)}",
    )
    inbox = InboxTools(transactions, house.keyring, policy, clock)
    clerk = ClerkInboxTools(transactions, house.keyring, clock, house.publish_revoked)

    async def drive(job: DriveNumber) -> None:
        await drive_number(tools, job.number_id)

    async def reconcile(_job: Reconcile) -> None:
        async with transactions() as session:
            await sweep.expire_claims(session, policy=policy, now=clock())
        async with transactions() as session:
            await sweep.resend_unknowns(session, policy=policy, now=clock())

    async def close(job: CloseMorning) -> None:
        async with transactions() as session:
            await close_morning(session, job.morning_id, private_key=house.certificate_key, now=clock())
        async with transactions() as session:
            await settle_packs(session, job.morning_id, now=clock())

    async def plan(job: PlanMorning) -> None:
        slot = parse_slot(job.slot)
        times = times_of_slot(job.business_date, slot, house.delivery)
        guard = await house.guards.of(job.business_date)
        async with transactions() as session:
            if clock() >= freeze_at(job.business_date, slot) and await is_planned(session, job.business_date, slot):
                return
            try:
                await plan_morning(session, guard, slot=slot, times=times, now=clock())
            except MorningAlreadyReleasedError as error:
                log.warning("delivery.plan.too-late", detail=error.detail)

    async def sync(_job: SyncChannel) -> None:
        altered = await house.sync_channel(sender)
        if altered:
            log.error("channel.templates.altered", names=altered)

    async def recheck(_job: RecheckRegistrations) -> None:
        now, last = clock(), None
        while True:
            async with transactions() as session:
                done = await registration_checks.recheck(session, after=last, now=now, today=business_date(now))
            last = done.last
            if last is None:
                break
        while True:
            async with transactions() as session, house.database.lookups() as lookup:
                last = await scoring.record_scores(session, lookup, judged_packs, after=last, now=now)
            if last is None:
                break
        await sweep_documents(house.database.readings, house.documents, now=now)

    async def settle_crashed(_job: SettleCrashedCalls) -> None:
        await house.purse.sweep(now=clock())

    checking = CheckTools(transactions, house.evaluators(Purpose.PACK_CHECK), house.shelf.version, clock)

    async def check(job: ComplianceCheck) -> None:
        await check_with_model(checking, job.pack_id, job.version)

    running = house.run_tools

    async def work_run(job: WorkAiRun) -> None:
        await ai_work.work(running, job.run_id)

    at_the_inbox = asyncio.Lock()

    async def webhooks(_job: WorkInbox) -> None:
        if at_the_inbox.locked():
            return  # whoever is at it goes on until the inbox is empty; several would only wait for each other's rows
        async with at_the_inbox:
            await work_inbox(inbox)

    async def people(_job: WorkClerkInbox) -> None:
        await work_clerk_inbox(clerk)

    bound: list[tuple[type[Job], Any]] = [
        (DriveNumber, drive),
        (Reconcile, reconcile),
        (CloseMorning, close),
        (PlanMorning, plan),
        (SyncChannel, sync),
        (RecheckRegistrations, recheck),
        (ComplianceCheck, check),
        (WorkAiRun, work_run),
        (SettleCrashedCalls, settle_crashed),
        (WorkInbox, webhooks),
        (WorkClerkInbox, people),
    ]
    table: dict[str, dict[str, Handler]] = {queue: {} for queue in QUEUES}
    for job, handler in bound:
        table[job.queue][job.name] = _parsed(job, handler, house)
    return table


def _parsed(job: type[Job], handler: Any, house: House) -> Handler:
    async def run(data: dict[str, Any]) -> None:
        try:
            parsed = job.model_validate(data)
        except ValueError as error:
            message = f"{job.name}: the payload does not fit"
            raise PermanentJobError(message) from error
        await handler(parsed)
        if parsed.occurrence_id is not None:
            async with house.database.transactions() as session:
                await occurrences.mark_done(session, parsed.occurrence_id, now=house.clock())

    return run
