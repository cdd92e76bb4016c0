"""The HTTP API process: webhooks in, reads out, health and metrics."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Callable
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import structlog
import uvicorn
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, PlainTextResponse

from project_one.advisor.of_firm import advisors_of_firm
from project_one.advisor.routes import advisor_router, body_limit_of
from project_one.ai.domain import Purpose
from project_one.ai.watch import NO_KEY
from project_one.auth import people
from project_one.auth.domain import Principal
from project_one.auth.routes import access_router, key_router
from project_one.bootstrap import House, open_house
from project_one.channel.routes import channel_router
from project_one.compliance.policy_routes import policy_router
from project_one.compliance.routes import lint_router
from project_one.content import service as content
from project_one.content.ai_routes import ai_router
from project_one.content.ai_usage_routes import ai_usage_router
from project_one.content.export_routes import export_download_router, export_router
from project_one.content.exports import Signer
from project_one.content.fallback_routes import fallback_router
from project_one.content.history_routes import history_router
from project_one.content.pack_routes import pack_router
from project_one.content.review_routes import review_router
from project_one.content.scores import judged_packs
from project_one.content.template_routes import template_router
from project_one.delivery.read_routes import ledger_router
from project_one.delivery.routes import delivery_router
from project_one.delivery.simulate_routes import simulate_router
from project_one.entrypoints import metrics, openapi
from project_one.entrypoints.doorkeeper import Doorkeeper
from project_one.entrypoints.filters import ensure_known_filters
from project_one.entrypoints.frame import Frame
from project_one.entrypoints.memory import spare_what_is_built
from project_one.kernel import heartbeat, idempotency, logs, problems
from project_one.kernel.db import ReadSession, WriteSession
from project_one.kernel.queue import JobProducer
from project_one.kernel.scope import Scope
from project_one.settings import Settings
from project_one.vendors.clerk.routes import clerk_webhook_router
from project_one.vendors.whatsapp.ingest import GroupCommit
from project_one.vendors.whatsapp.routes import webhook_router

log = structlog.get_logger()

PUBLIC_ROUTES = frozenset(
    {
        "/healthz",
        "/readyz",
        "/metrics",
        "/docs",
        "/openapi.json",
        "/webhooks/whatsapp",
        "/webhooks/clerk",
        "/v1/export/packs/{token}",  # the signature in it is the permission
    }
)
_REPEATABLE = frozenset({"/v1/ai/lint", "/v1/api-keys"})
"""No Idempotency-Key: the first changes nothing and may answer as a stream; the answer of the second is a secret."""
_UNCOUNTED = PUBLIC_ROUTES - {"/docs", "/openapi.json", "/v1/export/packs/{token}"}
_RATES = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After")
_READ_BY_PAGES = ["Content-Disposition", "ETag", "Idempotency-Replayed", "Location", *_RATES]
_SILENT_AFTER = timedelta(seconds=15)


def build_app(house: House, producer: JobProducer) -> FastAPI:
    """The application over a built house."""
    ingest = GroupCommit(house.database.transactions, house.keyring, house.clock)
    doorkeeper = Doorkeeper(house)

    async def join(session: WriteSession, user_id: UUID, firm_id: UUID) -> None:
        await people.join_own_firm(session, user_id, firm_id, now=house.clock())

    async def firms_of(session: ReadSession, person: UUID) -> frozenset[UUID]:
        return frozenset(await people.live_firms(session, person))

    async def names_of(caller: Principal) -> frozenset[str]:
        if caller.tenant is None:
            return frozenset()
        async with house.database.scoped(caller.scope).readings() as session:
            advisors = await advisors_of_firm(session, caller.tenant)
        return frozenset(advisor.identity.registered_name for advisor in advisors)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        beside = [asyncio.create_task(ingest.run())]
        if house.model is not None:
            beside.append(asyncio.create_task(house.model.try_key()))
        async with doorkeeper.opened():
            spare_what_is_built()
            yield
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)

    app = FastAPI(
        title="Project One",
        version="1",
        lifespan=lifespan,
        redoc_url=None,
        docs_url="/docs",
        generate_unique_id_function=openapi.operation_id,
    )
    openapi.install(app, public=PUBLIC_ROUTES, repeatable=_REPEATABLE)
    problems.install(app)
    idempotency.install(app)
    keys = idempotency.Keys(house.database.transactions, house.clock)
    settings = house.settings
    principal: Callable[..., Any] = doorkeeper.principal  # a coroutine function; the routes see what it resolves to

    async def well_formed(request: Request, caller: Annotated[Principal, Depends(principal)]) -> None:
        ensure_known_filters(request)
        is_upload = request.headers.get("content-type", "").startswith("multipart/")  # read already, piece by piece
        if request.url.path not in _REPEATABLE and not is_upload:
            await keys.claimed(request, caller=f"{caller.actor} {caller.tenant}")

    signer = Signer.derived(settings.lookup_key.get_secret_value())
    for router in (  # in the order of how often they are asked: a request is compared with one after the other
        pack_router(house.database, house.shelf, house.clock, principal),
        ledger_router(house.database, house.clock, principal),
        access_router(house.database, house.clock, principal, doorkeeper.revocations),
        advisor_router(house.database, house.keyring, house.documents, house.clock, principal, join, judged_packs),
        lint_router(house.shelf, house.evaluators(Purpose.LINT), house.clock, principal, names_of),
        history_router(house.database, principal),
        review_router(house.database, house.clock, principal, firms_of),
        ai_router(house.database, house.run_tools, principal),
        fallback_router(house.database, house.shelf, house.clock, principal),
        ai_usage_router(house.database, house.ai_caps, house.clock, principal, house.model_warnings),
        template_router(house.database, house.clock, principal),
        delivery_router(house.database, principal),
        channel_router(house.database, principal),
        simulate_router(house.database, house.guards, house.delivery, house.clock, principal),
        export_router(house.database, signer, house.clock, principal),
        policy_router(house.database, house.clock, principal, content.scheduled_dates),
        key_router(house.database, house.clock, principal, doorkeeper.terms),
    ):
        app.include_router(router, prefix="/v1", dependencies=[Depends(principal), Depends(well_formed)])
    app.include_router(export_download_router(house.database, signer, house.clock), prefix="/v1")
    app.include_router(health_router(house, producer))
    app.include_router(
        webhook_router(
            ingest,
            app_secret=settings.whatsapp_app_secret.get_secret_value(),
            verify_token=settings.whatsapp_verify_token.get_secret_value(),
        )
    )
    app.include_router(
        clerk_webhook_router(
            house.database.transactions,
            house.keyring,
            house.clock,
            secret=settings.clerk_webhook_secret.get_secret_value(),
        )
    )

    app.add_middleware(Frame, doorkeeper=doorkeeper, keys=keys, uncounted=_UNCOUNTED, limit_of=body_limit_of)
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=sorted(settings.origins),
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "X-API-Key"],
            expose_headers=[*_READ_BY_PAGES, "X-Request-Id"],
            max_age=600,
        )
    return app


def health_router(house: House, producer: JobProducer) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/healthz", response_class=PlainTextResponse, summary="Is this process alive")
    async def healthz() -> str:  # pyright: ignore[reportUnusedFunction]
        return "ok\n"

    @router.get(
        "/readyz",
        summary="Can it do its work",
        responses={503: {"description": "Something it needs is missing"}},
    )
    async def readyz() -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        checks = {"database": "ok", "queue": "ok", "clock": "ok"}
        try:
            async with house.database.readings() as session:
                seen = await heartbeat.last_seen(session)
            if house.clock() - seen.get("clock", house.clock() - timedelta(days=1)) > _SILENT_AFTER:
                checks["clock"] = "silent"
        except Exception as error:  # noqa: BLE001  whatever it is, we are not ready and say so
            checks["database"] = type(error).__name__
        try:
            await producer.ping()
        except Exception as error:  # noqa: BLE001
            checks["queue"] = type(error).__name__
        is_ready = set(checks.values()) == {"ok"}
        told = {"ready": is_ready, "checks": checks, "warnings": house.model_warnings()}
        return JSONResponse(told, status_code=200 if is_ready else 503)

    @router.get("/metrics", response_class=PlainTextResponse, summary="For Prometheus")
    async def read_metrics() -> Response:  # pyright: ignore[reportUnusedFunction]
        async with house.database.scoped(Scope(is_staff=True)).readings() as session:
            return Response(
                await metrics.collect(session, now=house.clock()),
                media_type="text/plain; version=0.0.4",
            )

    return router


async def serve(settings: Settings, *, share_port: bool = False) -> None:
    """Run until told to stop. `share_port`: the kernel deals connections out to all processes that listen so."""
    logs.configure(process="api", level=settings.log_level)
    producer = JobProducer(settings.redis_url.get_secret_value())
    async with open_house(
        settings,
        process="api",
        pool_size=20,
        database_url=settings.api_database_url,
        plans_once=True,
        asks_models=True,
    ) as house:
        if house.model is None:
            log.warning("ai.not-configured", detail=NO_KEY)
        config = uvicorn.Config(
            build_app(house, producer),
            log_config=None,
            access_log=False,
            http="httptools",
            backlog=4096,
            timeout_keep_alive=75,  # longer than a load balancer keeps a connection idle, or it meets a closed one
        )
        with socket.socket(socket.AF_INET6 if ":" in settings.api_host else socket.AF_INET) as listening:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if share_port:
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            listening.bind((settings.api_host, settings.api_port))
            await uvicorn.Server(config).serve(sockets=[listening])
    await producer.close()
