"""The one door to a model. scrub ─► cache and flights ─► (errand: quota ─► reservation ─► breaker ─► call ─► settle)."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

import orjson
from sqlalchemy.exc import SQLAlchemyError

from project_one.ai.breaker import Breakers
from project_one.ai.cache import AnswerCache, cache_key
from project_one.ai.domain import Limits, Prompt, Question, Reason, Refused, Result
from project_one.ai.errand import NO_MODEL_LEFT, Desk, Errand, Order
from project_one.ai.flight import Flights
from project_one.ai.hedging import HedgeAllowance
from project_one.ai.leaks import leak
from project_one.ai.ports import ModelClient, Models, Purse
from project_one.ai.scrub import scrub_fields
from project_one.ai.strict import answer_fault
from project_one.ai.tries import Background, Till
from project_one.kernel.clock import Clock, business_date

MOST_CHARACTERS = 16_000
"""Of all fields of a question together."""
_TROUBLE = (SQLAlchemyError, OSError, TimeoutError)


@dataclass(frozen=True)
class GateTools:
    """`client`: None where no vendor is set up; `safety_id`: a keyed hash of an owner, for the vendor's records."""

    prompts: Mapping[str, Prompt]
    models: Models
    client: ModelClient | None
    purse: Purse
    cache: AnswerCache
    clock: Clock
    safety_id: Callable[[UUID], str]


class Gate:
    """One per process; breakers and the allowance of second tries are this process's own."""

    def __init__(
        self, tools: GateTools, *, breakers: Breakers | None = None, allowance: HedgeAllowance | None = None
    ) -> None:
        self._tools = tools
        self._background = Background()
        self._flights = Flights(tools.cache)
        self._desk: Desk | None = None
        if tools.client is not None:
            self._desk = Desk(
                client=tools.client,
                till=Till(tools.purse, tools.clock, self._background, _TROUBLE),
                breakers=breakers or Breakers(time.monotonic),
                allowance=allowance or HedgeAllowance(),
                safety_id=tools.safety_id,
            )

    async def call(self, question: Question, limits: Limits) -> Result:
        """An answer or a refusal within the deadline. Raises ValueError for a prompt or fields that do not exist."""
        ends_at = asyncio.get_running_loop().time() + limits.deadline_s
        prompt = self._prompt(question)
        if self._desk is None:
            return Refused(Reason.NOT_CONFIGURED, "No model is set up: OPENAI_API_KEY is empty.")
        if sum(map(len, question.fields.values())) > MOST_CHARACTERS:
            return Refused(Reason.TOO_LONG, f"A model is asked about {MOST_CHARACTERS} characters at most.")
        fields = scrub_fields(question.fields, question.names)
        left = leak(fields, question.names)
        if left is not None:
            return Refused(Reason.PERSONAL_DATA, f"The text still holds personal data ({left}); no model is asked.")
        try:
            async with asyncio.timeout_at(ends_at):
                return await self._answered(self._desk, question, limits, prompt, fields, ends_at)
        except TimeoutError:
            return Refused(Reason.TOO_SLOW, f"There was no answer within {limits.deadline_s:.2g} s.")

    async def close(self) -> None:
        """Wait until every call is settled."""
        await self._background.close()
        await self._flights.close()

    def _prompt(self, question: Question) -> Prompt:
        prompt = self._tools.prompts.get(question.prompt)
        if prompt is None:
            message = f"There is no prompt {question.prompt}."
            raise ValueError(message)
        if set(question.fields) != set(prompt.fields):
            message = f"The prompt {prompt.name} takes the fields {', '.join(prompt.fields)}, each once."
            raise ValueError(message)
        return prompt

    async def _answered(
        self,
        desk: Desk,
        question: Question,
        limits: Limits,
        prompt: Prompt,
        fields: Mapping[str, str],
        ends_at: float,
    ) -> Result:
        listed = await self._tools.models(prompt.role, business_date(self._tools.clock()))
        if not listed:
            return Refused(Reason.NOT_CONFIGURED, f"No model is listed for the role {prompt.role} today.")
        models = desk.at_hand(listed)
        if not models:
            return NO_MODEL_LEFT
        user = orjson.dumps({name: fields[name] for name in prompt.fields}).decode()
        order = Order(question, limits, prompt, user, models, ends_at)
        key = cache_key(question, prompt, models[0], fields)
        return await self._flights.shared(
            key, Errand(desk, order).run, lambda data: answer_fault(prompt.schema, data) is None
        )
