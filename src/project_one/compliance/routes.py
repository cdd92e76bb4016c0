"""Linting over HTTP: rules only."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from project_one.auth import service as auth
from project_one.auth.domain import Permission, Principal
from project_one.compliance.domain import ADVISOR_TYPES, Context, Finding, Register, reader_language
from project_one.compliance.errors import StageUnavailableError
from project_one.compliance.evaluate import evaluate
from project_one.compliance.rulebook import Rulebook
from project_one.compliance.schemas import LintIn, LintOut
from project_one.kernel.clock import Clock, business_date

Stages = Annotated[str, Query(description="Which stages are due, with commas; there is `rules`.", examples=["rules"])]


def lint_router(rulebook: Rulebook, clock: Clock, principal: Callable[..., Principal]) -> APIRouter:
    router = APIRouter(tags=["compliance"])
    rules = {rule.id: rule for rule in rulebook.rules}

    def shown(finding: Finding, register: Register) -> dict[str, Any]:
        rule, language = rules.get(finding.rule_id), reader_language(register)
        told = {
            "message": rule.message[language] if rule else None,
            "remedy": rule.remedy[language] if rule else None,
            "basis": rule.basis if rule else None,
        }
        return vars(finding) | {"quote": finding.quote.encode("utf-8", "replace").decode()} | told

    @router.post("/ai/lint", response_model=LintOut, summary="Check a caption before it is posted")
    async def lint(body: LintIn, caller: Annotated[Principal, Depends(principal)], stages: Stages = "rules") -> Any:  # pyright: ignore[reportUnusedFunction]
        auth.require(caller, Permission.LINT)
        if stages != "rules":
            message = f"There is no stage {stages!r} yet; ask for stages=rules."
            raise StageUnavailableError(message, stages=stages)
        verdict = evaluate(body.text, Context(ADVISOR_TYPES[body.advisor_type]), rulebook, on=business_date(clock()))
        return {
            "verdict": verdict.band,
            "risk_score": verdict.risk_score,
            "language": verdict.register,
            "policy_version": rulebook.version,
            "stages_done": ["rules"],
            "findings": [shown(finding, verdict.register) for finding in verdict.findings],
        }

    return router
