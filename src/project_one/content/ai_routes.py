"""Generation and translation over HTTP: asked, followed as events, or waited for."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from fastapi.sse import EventSourceResponse, format_sse_event

from project_one.advisor.errors import TierNeededError
from project_one.advisor.firm_tier import ensure_generation, ensure_languages
from project_one.advisor.of_firm import advisors_of_firm
from project_one.auth.domain import Permission, Principal
from project_one.auth.policy import require
from project_one.content import ai_runs, ai_work
from project_one.content.ai_schemas import GenerateIn, RunOut, TranslateIn
from project_one.content.ai_work import WAITS_S, RunTools
from project_one.content.drafting import Writer
from project_one.content.errors import AiRunUnknownError, CapacityNotHeldError, PersonNeededError
from project_one.content.generation import Wish
from project_one.content.models import AiRunRow
from project_one.content.pack_shown import writer_of
from project_one.content.runs import RunKind, RunState
from project_one.kernel.db import Database, ReadSession, WriteSession
from project_one.kernel.problems import errors
from project_one.vocabulary.domain import Capacity

LOOK_EVERY_S, LOOK_FOR_S = 0.25, 60.0
Wait = Annotated[bool, Query(description="Answer 200 with the result, within 3.4 s (translation 1.9 s).")]
_ACCEPTED = "Accepted: read the run, or its events."
_NOT_YOURS = errors(TierNeededError, PersonNeededError)


@dataclass(frozen=True)
class _Doors:
    """`tools`: for one caller, since her sessions see her firm alone."""

    database: Database
    tools: RunTools

    def of(self, caller: Principal) -> RunTools:
        return replace(self.tools, transactions=self.database.scoped(caller.scope).transactions)

    async def begin(
        self,
        caller: Principal,
        kind: RunKind,
        question_of: Callable[[WriteSession, Writer], Awaitable[Mapping[str, Any]]],
        response: Response,
        *,
        wait: bool,
    ) -> RunOut:
        """Write the run down; with `wait` do its work too. The transaction is over before a model is asked."""
        writer, tools = writer_of(caller), self.of(caller)
        async with tools.transactions() as session:
            question = await question_of(session, writer)
            row = await ai_runs.ask(session, writer, kind, question, is_awaited=wait, now=tools.clock())
        response.headers["Location"] = f"/v1/ai/runs/{row.id}"
        if wait:
            await ai_work.work(tools, row.id, seconds=WAITS_S)
            response.status_code = 200
            row = await self.seen(caller, row.id)
        return run_out(row)

    async def seen(self, caller: Principal, run_id: UUID) -> AiRunRow:
        async with self.database.scoped(caller.scope).readings() as session:
            return await ai_runs.read(session, run_id, caller, now=self.tools.clock())


def ai_router(database: Database, tools: RunTools, principal: Callable[..., Principal]) -> APIRouter:
    router = APIRouter(prefix="/ai", tags=["ai"])
    doors = _Doors(database, tools)
    answers = {200: {"model": RunOut, "description": "Done, where it was waited for"}, 202: {"description": _ACCEPTED}}

    @router.post(
        "/generate",
        response_model=RunOut,
        status_code=202,
        summary="Have posts written",
        description=(
            "Up to three texts that have passed the rules, alone and in your advisors' frames. When the model gives nothing, "
            "an earlier text for the same wish, a plain text of ours or one of the library; `source` says which. Ten a day."
        ),
        responses=answers | errors(CapacityNotHeldError) | _NOT_YOURS,
    )
    async def generate(  # pyright: ignore[reportUnusedFunction]
        body: GenerateIn, caller: Annotated[Principal, Depends(principal)], response: Response, wait: Wait = False
    ) -> Any:
        require(caller, Permission.GENERATE)

        async def question(session: WriteSession, writer: Writer) -> Mapping[str, Any]:
            await ensure_generation(session, writer.firm_id, now=tools.clock())
            capacity = await _capacity(session, writer.firm_id, body.capacity)
            return Wish(body.topic, body.language, body.tone, capacity, body.content_class, body.count).as_json

        return await doors.begin(caller, RunKind.GENERATION, question, response, wait=wait)

    @router.post(
        "/translate",
        response_model=RunOut,
        status_code=202,
        summary="Have a post translated",
        description=(
            "Accepted only when numbers, percentages, dates and negations are the same, the language is the asked one and "
            "the rules find nothing that they do not find in the source; else refused with what differs. Twenty a day; a "
            "reviewed text of the library comes with its own translation and costs none."
        ),
        responses=answers | _NOT_YOURS,
    )
    async def translate(  # pyright: ignore[reportUnusedFunction]
        body: TranslateIn, caller: Annotated[Principal, Depends(principal)], response: Response, wait: Wait = False
    ) -> Any:
        require(caller, Permission.TRANSLATE)

        async def question(session: WriteSession, writer: Writer) -> Mapping[str, Any]:
            await ensure_languages(session, writer.firm_id, 2, now=tools.clock())
            return body.model_dump(mode="json")

        return await doors.begin(caller, RunKind.TRANSLATION, question, response, wait=wait)

    @router.get(
        "/runs/{run_id}",
        response_model=RunOut,
        summary="What became of a generation or translation",
        responses=errors(AiRunUnknownError),
    )
    async def read_run(run_id: UUID, caller: Annotated[Principal, Depends(principal)]) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.PACK_READ)
        return run_out(await doors.seen(caller, run_id))

    @router.get(
        "/runs/{run_id}/events",
        summary="How far it is, as events",
        description="`progress` at once and at every change; the last has `done` true. Ends after a minute; ask again.",
        response_class=Response,
        responses=errors(AiRunUnknownError) | {200: {"content": {"text/event-stream": {}}}},
    )
    async def read_events(run_id: UUID, caller: Annotated[Principal, Depends(principal)]) -> Response:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.PACK_READ)
        first = run_out(await doors.seen(caller, run_id))

        async def events() -> AsyncGenerator[bytes]:
            said = first
            yield _event(said)
            for _ in range(int(LOOK_FOR_S / LOOK_EVERY_S)):
                if said.done:
                    return
                await asyncio.sleep(LOOK_EVERY_S)
                seen = run_out(await doors.seen(caller, run_id))
                if seen != said:
                    said = seen
                    yield _event(said)

        return EventSourceResponse(events())

    return router


async def _capacity(session: ReadSession, firm_id: UUID, asked: Capacity | None) -> Capacity:
    """Raises CapacityNotHeldError when nobody in the firm speaks in it."""
    held = [advisor.identity.capacity for advisor in await advisors_of_firm(session, firm_id)]
    if not held:
        message = "Your firm has no advisor yet whose post this could be; register one first."
        raise CapacityNotHeldError(message)
    if asked is not None and asked not in held:
        message = f"No advisor of your firm speaks as {asked}; name one of {', '.join(sorted(set(held)))}."
        raise CapacityNotHeldError(message, capacities=sorted(set(held)))
    return asked or held[0]


def run_out(row: AiRunRow) -> RunOut:
    """A run as its owner sees it."""
    result: dict[str, Any] = row.result or {}
    translated = result.get("translated")
    return RunOut.model_validate(
        {
            "id": row.id,
            "kind": row.kind,
            "state": row.state,
            "done": row.state is RunState.DONE,
            "variants": result.get("variants", []),
            "translation": translated
            and {
                "accepted": translated["content"] is not None,
                "text": translated["content"],
                "source": translated["source"],
                "differences": translated["differences"],
            },
            "trouble": result.get("trouble"),
            "reason": result.get("reason"),
            "dropped": result.get("dropped", 0),
            "refused_categories": result.get("refused_categories", []),
            "policy_version": result.get("policy_version"),
            "created_at": row.created_at,
            "updated_at": row.updated_at,
            "expires_at": row.expires_at,
        }
    )


def _event(run: RunOut) -> bytes:
    return format_sse_event(event="progress", data_str=run.model_dump_json())
