"""The HTTP API process: webhooks in, reads out, health and metrics."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import timedelta
from uuid import UUID, uuid4

import structlog
import uvicorn
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from project_one.auth import service as auth
from project_one.auth.domain import Principal
from project_one.bootstrap import House, open_house
from project_one.compliance.policy_routes import policy_router
from project_one.compliance.routes import lint_router
from project_one.content import service as content
from project_one.content.history_routes import history_router
from project_one.content.pack_routes import pack_router
from project_one.content.review_routes import review_router
from project_one.content.template_routes import template_router
from project_one.delivery.routes import delivery_router
from project_one.entrypoints import metrics
from project_one.kernel import heartbeat, logs, problems
from project_one.kernel.db import ReadSession
from project_one.kernel.queue import JobProducer
from project_one.kernel.scope import Scope
from project_one.settings import Settings
from project_one.vendors.whatsapp.ingest import GroupCommit
from project_one.vendors.whatsapp.routes import webhook_router

log = structlog.get_logger()

PUBLIC_ROUTES = frozenset({"/healthz", "/readyz", "/metrics", "/docs", "/openapi.json", "/webhooks/whatsapp"})
_SILENT_AFTER = timedelta(seconds=15)
_BODY_LIMIT = 4 * 1024 * 1024  # Meta posts at most 3 MB


def build_app(house: House, producer: JobProducer) -> FastAPI:
    """The application over a built house."""
    ingest = GroupCommit(house.database.transactions, house.keyring, house.clock)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        committing = asyncio.create_task(ingest.run())
        yield
        committing.cancel()
        await asyncio.gather(committing, return_exceptions=True)

    app = FastAPI(
        title="Project One",
        version="1",
        lifespan=lifespan,
        redoc_url=None,
        docs_url="/docs",
    )
    problems.install(app)
    settings = house.settings
    reviewer_tokens = settings.reviewers

    def principal(request: Request) -> Principal:
        token = settings.operator_token.get_secret_value()
        return auth.authenticate(
            request.headers.get("authorization"), operator_token=token, reviewer_tokens=reviewer_tokens
        )

    app.include_router(health_router(house, producer))
    app.include_router(
        webhook_router(
            ingest,
            app_secret=settings.whatsapp_app_secret.get_secret_value(),
            verify_token=settings.whatsapp_verify_token.get_secret_value(),
        )
    )
    app.include_router(
        delivery_router(house.database, principal),
        prefix="/v1",
        dependencies=[Depends(principal)],
    )
    for router in (
        lint_router(house.shelf, None, house.clock, principal),
        policy_router(house.database, house.clock, principal, content.scheduled_dates),
        pack_router(house.database, house.shelf, house.clock, principal),
        history_router(house.database, principal),
        template_router(house.database, house.clock, principal),
        review_router(house.database, house.clock, principal, no_firms),
    ):
        app.include_router(router, prefix="/v1", dependencies=[Depends(principal)])

    @app.middleware("http")
    async def frame(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:  # pyright: ignore[reportUnusedFunction]
        request.state.request_id = uuid4().hex
        if int(request.headers.get("content-length") or 0) > _BODY_LIMIT:
            return problems.problem(
                status=413,
                code="request.too-large",
                title="Body too large",
                detail=f"Send at most {_BODY_LIMIT} bytes.",
                request=request,
            )
        response = await call_next(request)
        response.headers["X-Request-Id"] = request.state.request_id
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
        return response

    return app


async def no_firms(_session: ReadSession, _person: UUID) -> frozenset[UUID]:
    """Staff who sign in with a token of the installation are members of no firm."""
    return frozenset()


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
        return JSONResponse({"ready": is_ready, "checks": checks}, status_code=200 if is_ready else 503)

    @router.get("/metrics", response_class=PlainTextResponse, summary="For Prometheus")
    async def read_metrics() -> Response:  # pyright: ignore[reportUnusedFunction]
        async with house.database.scoped(Scope(is_staff=True)).readings() as session:
            return Response(
                await metrics.collect(session, now=house.clock()),
                media_type="text/plain; version=0.0.4",
            )

    return router


async def serve(settings: Settings) -> None:
    """Run until told to stop. One process; put several behind one port with a supervisor."""
    logs.configure(process="api", level=settings.log_level)
    producer = JobProducer(settings.redis_url.get_secret_value())
    async with open_house(settings, process="api", database_url=settings.api_database_url) as house:
        config = uvicorn.Config(
            build_app(house, producer),
            host=settings.api_host,
            port=settings.api_port,
            log_config=None,
            access_log=False,
            http="httptools",
            backlog=4096,
        )
        await uvicorn.Server(config).serve()
    await producer.close()
