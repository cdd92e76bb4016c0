"""The half of a call that costs money: quota, reservation, breaker, call, settle; a model that is gone gives way to its successor."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import orjson
import structlog

from project_one.ai.breaker import Breakers, Pass
from project_one.ai.domain import Answer, Limits, Prompt, Question, Reason, Refused, Result
from project_one.ai.hedging import HedgeAllowance
from project_one.ai.ports import ModelClient, ModelReply, ModelRequest, Spending, Trouble, VendorError
from project_one.ai.strict import read_answer
from project_one.ai.tries import Race, Till, Try
from project_one.kernel.ids import new_id

log = structlog.get_logger()

_LEAST_TIME = 0.25  # of the deadline; with less left a call would only cost money
_FAIR_CHANCE = 0.5  # of the deadline; a model that had less of it was not slow
_GONE_S = 600.0  # a vendor may be wrong about its models, and a look costs nothing
_ENVELOPE_BYTES = 512  # what the vendor may count beside our texts
_REASONS: Mapping[Trouble, tuple[Reason, str]] = {
    Trouble.RATE: (Reason.VENDOR, "The vendor takes no more calls at the moment."),
    Trouble.EXHAUSTED: (Reason.VENDOR, "The account at the vendor is out of credit."),
    Trouble.KEY: (Reason.NOT_CONFIGURED, "The vendor does not accept the key."),
    Trouble.MODEL_GONE: (Reason.VENDOR, "No model of this role is left at the vendor."),
    Trouble.OURS: (Reason.VENDOR, "The vendor calls the request wrong."),
    Trouble.SERVER: (Reason.VENDOR, "The vendor is out of order."),
    Trouble.CONNECTION: (Reason.VENDOR, "The vendor is out of reach."),
    Trouble.REFUSED: (Reason.REFUSED, "The model refused to answer."),
    Trouble.FILTERED: (Reason.REFUSED, "The vendor's filter held the answer back."),
    Trouble.CUT: (Reason.UNREADABLE, "The answer ended in the middle."),
}
NO_MODEL_LEFT = Refused(*_REASONS[Trouble.MODEL_GONE])
_ALERTS = frozenset({Trouble.EXHAUSTED, Trouble.KEY, Trouble.MODEL_GONE, Trouble.OURS})


@dataclass(frozen=True)
class Desk:
    """What all calls of a process share. `gone`: models that the vendor does not know, until when by the steady clock."""

    client: ModelClient
    till: Till
    breakers: Breakers
    allowance: HedgeAllowance
    safety_id: Callable[[UUID], str]
    gone: dict[str, float] = field(default_factory=dict[str, float])

    def at_hand(self, models: Sequence[str]) -> list[str]:
        return [model for model in models if self.gone.get(model, 0.0) <= time.monotonic()]


@dataclass(frozen=True)
class Order:
    """A question on its way. `user`: what is sent of it; `models`: to be asked in turn; `ends_at`: by the loop's clock."""

    question: Question
    limits: Limits
    prompt: Prompt
    user: str
    models: Sequence[str]
    ends_at: float


class Errand:
    """One order, run once. Cancelling it leaves nothing unsettled."""

    def __init__(self, desk: Desk, order: Order) -> None:
        self._desk = desk
        self._order = order
        self._has_left = False
        self._taken_at: datetime = desk.till.clock()

    async def run(self) -> Result:
        """Raises nothing but cancellation."""
        order = self._order
        if self._time_left() < _LEAST_TIME * order.limits.deadline_s:
            return Refused(Reason.TOO_SLOW, "No time was left to ask a model.")
        rest_s = self._desk.breakers.rest_s(order.models[0])
        if rest_s > 0:
            return _resting(rest_s)
        try:
            if not await self._take_quota():
                return Refused(Reason.QUOTA, f"The {order.limits.per_day} calls of today are used up.")
        except self._desk.till.trouble as error:
            return ledger_away(error)
        try:
            return await self._asked_in_turn()
        except self._desk.till.trouble as error:
            return ledger_away(error)
        finally:
            if not self._has_left:
                self._desk.till.background.spawn(self._put_back())

    async def _take_quota(self) -> bool:
        question, per_day, till = self._order.question, self._order.limits.per_day, self._desk.till
        if per_day is None:
            return True

        async def undo(was_taken: bool) -> None:
            if was_taken:
                await self._put_back()

        taking = till.purse.take(question.owner, question.purpose, per_day=per_day, now=self._taken_at)
        return await till.uninterrupted(taking, undo)

    async def _put_back(self) -> None:
        question, till = self._order.question, self._desk.till
        if self._order.limits.per_day is None:
            return
        try:
            await till.purse.put_back(question.owner, question.purpose, now=self._taken_at)
        except till.trouble as error:
            log.error("ai.quota.not-put-back", error=type(error).__name__)

    async def _asked_in_turn(self) -> Result:
        result: Result = Refused(Reason.NOT_CONFIGURED, "No model of this role has a price today.")
        for model in self._order.models:
            worst = await self._worst(model)
            if worst is None:
                continue
            try:
                return await self._asked(model, worst)
            except VendorError as error:
                result = self._refused(model, error)
                if error.trouble is not Trouble.MODEL_GONE:
                    return result
                self._desk.gone[model] = time.monotonic() + _GONE_S
        return result

    async def _asked(self, model: str, worst_micro_rupees: int) -> Result:
        """Raises VendorError, and what the purse raises."""
        desk, order = self._desk, self._order
        one = Try(self._spending(model, worst_micro_rupees))
        empty = await desk.till.reserve(one)
        if empty is not None:
            return Refused(Reason.BUDGET, f"The budget ({empty}) does not bear another call.")
        used = desk.breakers.admit(model)
        if used is None:
            desk.till.background.spawn(desk.till.settle(one))
            return _resting(desk.breakers.rest_s(model))
        desk.allowance.count_call()
        race = Race(
            desk.client, desk.till, one, self._request(model), lambda: not used.is_probe and desk.allowance.take()
        )
        reply = await self._raced(race, used)
        fault, data = read_answer(order.prompt.schema, reply.text)
        if fault is not None:
            log.warning("ai.answer.unreadable", prompt=order.prompt.name, model=model, fault=fault)
            return Refused(Reason.UNREADABLE, "The answer is not in the form that was asked for.")
        return Answer(race.winner.spending.call_id, data, reply.model, is_cached=False)

    async def _raced(self, race: Race, used: Pass) -> ModelReply:
        breakers = self._desk.breakers
        had_s = self._time_left()
        try:
            reply = await race.run(self._order.limits.hedge_after_s)
        except VendorError as error:
            breakers.troubled(used, error.trouble, error.retry_after_s)
            raise
        except asyncio.CancelledError:
            was_slow = self._time_left() <= 0 and had_s >= _FAIR_CHANCE * self._order.limits.deadline_s
            breakers.failed(used) if was_slow else breakers.given_back(used)
            raise
        finally:
            self._has_left = self._has_left or race.has_left
        breakers.answered(used)
        return reply

    def _request(self, model: str) -> ModelRequest:
        prompt = self._order.prompt
        return ModelRequest(
            model=model,
            system=prompt.system,
            user=self._order.user,
            schema_name=prompt.name,
            schema=prompt.schema,
            most_output_tokens=prompt.most_output_tokens,
            safety_id=self._desk.safety_id(self._order.question.owner),
        )

    async def _worst(self, model: str) -> int | None:
        """Micro-rupees; None for a model without a price."""
        till, prompt = self._desk.till, self._order.prompt
        sent = len(prompt.system.encode()) + len(self._order.user.encode()) + len(orjson.dumps(prompt.schema))
        try:
            return await till.purse.worst(
                model,
                input_bytes=sent + _ENVELOPE_BYTES,
                most_output_tokens=prompt.most_output_tokens,
                now=till.clock(),
            )
        except LookupError:
            log.error("ai.model.no-price", model=model)
            return None

    def _spending(self, model: str, worst_micro_rupees: int) -> Spending:
        order = self._order
        return Spending(
            call_id=new_id(),
            owner=order.question.owner,
            owner_cap_micro_rupees=order.limits.owner_cap_micro_rupees,
            purpose=order.question.purpose,
            model=model,
            prompt=order.prompt.name,
            prompt_version=order.prompt.version,
            worst_micro_rupees=worst_micro_rupees,
        )

    def _refused(self, model: str, error: VendorError) -> Refused:
        tell = log.error if error.trouble in _ALERTS else log.warning
        tell("ai.vendor.trouble", model=model, trouble=error.trouble, detail=str(error))
        reason, detail = _REASONS[error.trouble]
        rest_s = self._desk.breakers.rest_s(model)
        return Refused(reason, detail, error.retry_after_s or rest_s or None)

    def _time_left(self) -> float:
        return self._order.ends_at - asyncio.get_running_loop().time()


def ledger_away(error: BaseException) -> Refused:
    """Without the ledger nothing is asked: a call that is not counted would be free."""
    log.error("ai.ledger.away", error=type(error).__name__)
    return Refused(Reason.BUDGET, "The ledger of money does not answer; without it no model is asked.")


def _resting(rest_s: float) -> Refused:
    return Refused(Reason.RESTING, "The model is out of order and left in peace for a while.", rest_s)
