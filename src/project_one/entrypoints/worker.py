"""The worker process: BullMQ workers for the named queues."""

import asyncio
import os

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError

from project_one.ai import registry
from project_one.ai.prompts import PromptFileError, read_prompts
from project_one.ai.watch import NO_KEY
from project_one.bootstrap import House, handlers, open_house
from project_one.content.jobs import ComplianceCheck
from project_one.delivery.jobs import DriveNumber
from project_one.entrypoints.memory import spare_what_is_built
from project_one.entrypoints.signals import stop_requested
from project_one.kernel import heartbeat, logs
from project_one.kernel.queue import JobWorker
from project_one.settings import Settings

log = structlog.get_logger()

_BEAT_S = 2
_YIELDS = 5  # on a full machine a receipt may be folded a moment later; a message may not leave late


async def work(settings: Settings, queues: list[str], *, name: str) -> None:
    """Run until told to stop; running jobs are given time to end."""
    logs.configure(process=name, level=settings.log_level)
    stop = stop_requested()
    if DriveNumber.queue not in queues:
        os.nice(_YIELDS)
    asks_models = ComplianceCheck.queue in queues
    async with open_house(settings, process=name, pool_size=12, asks_models=asks_models) as house:
        if asks_models:
            await _announce_model(house)
        sender = house.whatsapp()
        table = handlers(house, sender)
        workers = [JobWorker(queue, table[queue], redis_url=settings.redis_url.get_secret_value()) for queue in queues]
        beside = [asyncio.create_task(_read_library(house))] if DriveNumber.queue in queues else []
        if house.model is not None:
            beside.append(asyncio.create_task(house.model.try_key()))
        for worker in workers:
            await worker.start()
        spare_what_is_built()
        log.info("worker.started", queues=queues)
        while not stop.is_set():
            await _beat(house, name, workers)
            try:
                await asyncio.wait_for(stop.wait(), _BEAT_S)
            except TimeoutError:
                continue
        for task in beside:
            task.cancel()
        await asyncio.gather(*(worker.close() for worker in workers))
        await sender.close()


async def _announce_model(house: House) -> None:
    """Enter the prompts of this release into the registry, or say that no model will be asked."""
    if house.model is None:
        log.warning("ai.not-configured", detail=NO_KEY)
        return
    try:
        async with house.database.transactions() as session:
            await registry.register(session, read_prompts(), now=house.clock())
    except PromptFileError as error:
        log.error("ai.prompts-not-registered", detail=str(error))
    except (DBAPIError, InterfaceError, OSError, TimeoutError) as error:
        log.warning("ai.prompts-not-registered", error=type(error).__name__)


async def _read_library(house: House) -> None:
    """A head start; what is not read now is read when it is claimed."""
    try:
        await house.read_library()
        spare_what_is_built()
    except (DBAPIError, InterfaceError, OSError, TimeoutError) as error:
        log.warning("worker.library-not-read", error=type(error).__name__)


async def _beat(house: House, name: str, workers: list[JobWorker]) -> None:
    """A worker whose loops have ended is not alive."""
    if not all(worker.is_running for worker in workers):
        log.error(
            "worker.loop-ended",
            queues=[worker.queue for worker in workers if not worker.is_running],
        )
        return
    try:
        async with house.database.transactions() as session:
            await heartbeat.beat(session, process=name, now=house.clock())
    except (DBAPIError, InterfaceError, OSError, TimeoutError) as error:
        log.warning("worker.beat-failed", error=type(error).__name__)
