"""Linting over HTTP: the rules at once, the model when it is asked for; as one answer or as a stream of events."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi.sse import EventSourceResponse, format_sse_event

from project_one.ai.limits import owner_of
from project_one.auth.domain import Permission, Principal
from project_one.auth.policy import require
from project_one.compliance.domain import (
    ADVISOR_TYPES,
    Conclusion,
    Context,
    Finding,
    Register,
    Stage,
    StageResult,
    Verdict,
    conclude,
    reader_language,
)
from project_one.compliance.errors import PolicyVersionInvalidError, StageUnavailableError
from project_one.compliance.evaluate import evaluate
from project_one.compliance.model import Evaluators, ask
from project_one.compliance.rewrite import Rewrite, rewrite
from project_one.compliance.rulebook import Rulebook
from project_one.compliance.schemas import LintIn, LintOut
from project_one.compliance.shelf import PolicyShelf
from project_one.compliance.wordings import reason
from project_one.kernel.clock import Clock, business_date
from project_one.kernel.problems import errors

MODEL_DEADLINE_S = 1.2  # the gate answers within 1.1 s; this ends a gate that does not
_LONG = 2_000  # characters from which the rules are read off the event loop

Stages = Annotated[
    str, Query(description="Which stages are due, with commas: `rules`, or `rules,model`.", examples=["rules"])
]
Accept = Annotated[str | None, Header(description="`text/event-stream` for the rules' verdict at once.")]


def due_stages(asked: str) -> frozenset[Stage]:
    """The stages a caller names; the rules always look. Raises StageUnavailableError."""
    names = {name.strip() for name in asked.split(",")}
    unknown = sorted(names - {Stage.RULES, Stage.MODEL})
    if unknown:
        message = f"There is no stage {unknown[0][:40]!r} for a caption; ask for stages=rules or stages=rules,model."
        raise StageUnavailableError(message)
    return frozenset(Stage(name) for name in names) | {Stage.RULES}


def shown(conclusion: Conclusion, rulebook: Rulebook, proposal: Rewrite | None) -> dict[str, Any]:
    """A conclusion for its reader. `proposal`: what can be put right without a person."""
    verdict = conclusion.verdict
    return {
        "verdict": verdict.band,
        "risk_score": verdict.risk_score,
        "language": verdict.register,
        "policy_version": rulebook.version,
        "stages_due": sorted(conclusion.due),
        "stages_done": [
            {"stage": item.stage, "took_ms": round(item.took_ms, 2), "trouble": item.trouble, "dropped": item.dropped}
            for item in conclusion.results
        ],
        "degraded": conclusion.is_degraded,
        "findings": [_finding(finding, verdict.register, rulebook.told) for finding in verdict.findings],
        "rewrite": None
        if proposal is None
        else {
            "text": proposal.text,
            "edits": [vars(edit) for edit in proposal.edits],
            "verdict": proposal.verdict.band,
        },
    }


def _finding(finding: Finding, register: Register, rules: Mapping[str, Any]) -> dict[str, Any]:
    rule, language = rules.get(finding.rule_id), reader_language(register)
    told = {
        "message": rule.message[language] if rule else reason(finding.rule_id, language),
        "remedy": rule.remedy[language] if rule else None,
        "basis": rule.basis if rule else None,
    }
    return vars(finding) | {"quote": finding.quote.encode("utf-8", "replace").decode()} | told


async def _nobody(_caller: Principal) -> frozenset[str]:
    return frozenset()


def lint_router(
    shelf: PolicyShelf,
    evaluators: Evaluators | None,
    clock: Clock,
    principal: Callable[..., Principal],
    names_of: Callable[[Principal], Awaitable[frozenset[str]]] = _nobody,
) -> APIRouter:
    """`names_of`: the people of a caller's firm, which no model may read."""
    router = APIRouter(tags=["compliance"])

    async def rules_of(text: str, context: Context, rulebook: Rulebook, *, on: date) -> tuple[Verdict, StageResult]:
        began = time.perf_counter()
        if len(text) > _LONG:
            verdict = await asyncio.to_thread(evaluate, text, context, rulebook, on=on)
        else:
            verdict = evaluate(text, context, rulebook, on=on)
        return verdict, StageResult(Stage.RULES, verdict.findings, None, (time.perf_counter() - began) * 1000)

    @router.post(
        "/ai/lint",
        response_model=LintOut,
        summary="Check a caption before it is posted",
        description=(
            "One verdict, or with `Accept: text/event-stream` two events: `rules` at once, without a rewrite, and "
            "`verdict` when every due stage is done. Without the model, or when it fails, the verdict is `review` at least and `degraded`."
        ),
        responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}}
        | errors(StageUnavailableError, PolicyVersionInvalidError),
    )
    async def lint(  # pyright: ignore[reportUnusedFunction]
        body: LintIn,
        caller: Annotated[Principal, Depends(principal)],
        stages: Stages = "rules,model",
        accept: Accept = None,
    ) -> Any:
        require(caller, Permission.LINT)
        due = due_stages(stages)
        context, today = Context(ADVISOR_TYPES[body.advisor_type]), business_date(clock())
        if body.policy_version is None:
            rulebook = await shelf.in_force(today)
        else:
            rulebook = await shelf.version(body.policy_version)
        verdict, rules = await rules_of(body.text, context, rulebook, on=today)

        async def proposed() -> Rewrite | None:
            if not verdict.findings:
                return None
            return await asyncio.to_thread(rewrite, body.text, context, rulebook, verdict, on=today)

        async def asked() -> list[StageResult]:
            if Stage.MODEL not in due:
                return []
            evaluator = None
            if evaluators is not None:
                owner = owner_of(caller.actor, firm_id=caller.tenant, person=caller.user_id)
                evaluator = evaluators.for_owner(owner, await names_of(caller), rulebook.version)
            return [await ask(evaluator, body.text, context, deadline_s=MODEL_DEADLINE_S)]

        async def whole() -> dict[str, Any]:
            proposal, others = await asyncio.gather(proposed(), asked())
            return shown(conclude(verdict.register, due, [rules, *others]), rulebook, proposal)

        if "text/event-stream" not in (accept or ""):
            return await whole()

        async def events() -> AsyncGenerator[bytes]:
            first = conclude(verdict.register, {Stage.RULES}, [rules])
            yield _event("rules", shown(first, rulebook, None))
            yield _event("verdict", await whole())

        response: Response = EventSourceResponse(events())
        return response

    return router


def _event(name: str, body: dict[str, Any]) -> bytes:
    return format_sse_event(event=name, data_str=LintOut.model_validate(body).model_dump_json())
