"""The vendor itself: keys, models, limits, the cache of prefixes, the bill. It decides; `routes` speaks."""

import hmac
import math
import random
from collections import OrderedDict
from datetime import UTC, date, datetime
from hashlib import sha256

from project_one_sandbox import wall
from project_one_sandbox.config import OpenAIConfig
from project_one_sandbox.openai.asked import Asked
from project_one_sandbox.openai.bill import Bill, Call
from project_one_sandbox.openai.catalogue import MODELS, Model, Usage
from project_one_sandbox.openai.errors import OpenAIError, no_model, wrong
from project_one_sandbox.openai.faults import FaultBook, Hits
from project_one_sandbox.openai.limits import Gauge
from project_one_sandbox.openai.reply import End, Reply, say
from project_one_sandbox.openai.tokens import PrefixCache, estimate

_P95 = 1.6448536269514722
_MOST_REMEMBERED = 100_000
_ID = 32


def wanted_tokens(asked: Asked, model: Model) -> int:
    """What a request counts against the tokens of a minute. Raise `OpenAIError` for more than the model can take or give."""
    tokens, cap = estimate(asked.prompt), asked.cap or 0
    if cap > model.most_output:
        message = f"max tokens is too large: {cap}. This model supports at most {model.most_output} completion tokens."
        raise wrong(asked.cap_name, message, "invalid_value")
    if tokens + cap > model.context:
        message = f"This model's maximum context length is {model.context} tokens; you asked for {tokens + cap}."
        raise wrong(asked.input_name, message, "context_length_exceeded")
    return tokens + cap


class Vendor:
    def __init__(self, config: OpenAIConfig, keys: tuple[str, ...], *, seed: int, scale: float, limit: int) -> None:
        self.config = config
        self.scale = scale
        self.faults = FaultBook(seed, scale)
        self.bill = Bill(limit)
        self._keys = keys
        self._seed = seed
        self._prefixes = PrefixCache(scale)
        self._gauges: dict[tuple[str, str], Gauge] = {}
        self._times: OrderedDict[str, int] = OrderedDict()
        self._requests = 0

    def use(self, config: OpenAIConfig, *, seed: int) -> None:
        """From now on; limits that changed start full."""
        old = self.config
        if (old.requests_per_minute, old.tokens_per_minute) != (config.requests_per_minute, config.tokens_per_minute):
            self._gauges.clear()
        self.config = config
        self._seed = self.faults.seed = seed

    def authorize(self, header: str | None) -> str:
        """The key that asks. Raise `OpenAIError` 401."""
        if header is None or not header.startswith("Bearer "):
            message = (
                "You didn't provide an API key. You need to provide it in an Authorization header using Bearer auth."
            )
            raise OpenAIError(401, message, code="invalid_api_key")
        given = header.removeprefix("Bearer ").encode(errors="replace")
        for key in self._keys:
            if hmac.compare_digest(given, key.encode()):
                return key
        raise OpenAIError(401, "Incorrect API key provided.", code="invalid_api_key")

    def shutdown(self, model: Model) -> date | None:
        return self.config.shutdown_dates.get(model.id, model.shutdown)

    def models(self) -> list[Model]:
        """Those that still answer, by the sandbox's clock."""
        today = datetime.fromtimestamp(wall.now(), UTC).date()
        return [model for model in MODELS.values() if (end := self.shutdown(model)) is None or today < end]

    def model(self, name: str) -> Model:
        """Raise `OpenAIError` 404 for one that is unknown or shut down."""
        found = next((model for model in self.models() if model.id == name), None)
        if found is None:
            raise no_model(name)
        return found

    def next_request_id(self) -> str:
        self._requests += 1
        return f"req_{self._hash('request', str(self._requests))}"

    def _hash(self, *parts: str) -> str:
        return sha256(":".join((str(self._seed), *parts)).encode()).hexdigest()[:_ID]

    def gauge(self, key: str, model: Model, now: float) -> Gauge:
        found = self._gauges.get((key, model.id))
        if found is None:
            found = Gauge(self.config.requests_per_minute, self.config.tokens_per_minute, self.scale, now)
            self._gauges[key, model.id] = found
        return found

    def process(
        self, key: str, asked: Asked, model: Model, hits: Hits, request_id: str, now: float
    ) -> tuple[Reply, Call | None]:
        """Think and charge; nothing that happens afterwards makes it cheaper. No call where nothing is billed."""
        said = say(asked, model, hits, self._seed)
        usage = None if said.end is End.FAILED else self._usage(key, asked, model, said.output, said.reasoning, now)
        reply = Reply(
            id=self._hash("answer", asked.digest, request_id),
            created=int(wall.now()),
            model=model.id,
            text=said.text,
            refusal=said.refusal,
            end=said.end,
            usage=usage,
            request_id=request_id,
        )
        if usage is None:
            return reply, None
        call = Call(
            seq=self.bill.next_seq,
            at=wall.now(),
            key=key,
            id=reply.id,
            request_id=request_id,
            door=asked.door,
            model=model.id,
            schema=asked.schema_name,
            usage=usage,
            cost_pico=model.cost_pico(usage),
            is_stored=asked.is_stored,
            safety_identifier=asked.text_of("safety_identifier"),
            fault=hits.names(),
        )
        self.bill.charge(call)
        return reply, call

    def _usage(self, key: str, asked: Asked, model: Model, output: int, reasoning: int, now: float) -> Usage:  # noqa: PLR0913
        owner = (key, model.id, asked.text_of("prompt_cache_key") or "")
        cached, fresh = self._prefixes.read(owner, asked.prompt, now)
        written = 0 if model.cache_write is None else fresh
        return Usage(estimate(asked.prompt), output, cached, written, reasoning)

    def latency_s(self, asked: Asked) -> float:
        """Of this question the next time; drawn from seed, question and how often it came, divided by the time scale."""
        times = self._times.pop(asked.digest, 0) + 1
        self._times[asked.digest] = times
        if len(self._times) > _MOST_REMEMBERED:
            self._times.popitem(last=False)
        draws = random.Random(f"{self._seed}:latency:{asked.digest}:{times}")  # noqa: S311 - repeatable, not secret
        config = self.config
        if config.uniform_ms is not None:
            return draws.uniform(*config.uniform_ms) / 1_000 / self.scale
        spread = config.latency_ms
        if spread.median <= 0:
            return 0.0
        sigma = math.log(spread.p95 / spread.median) / _P95
        return spread.median * math.exp(draws.gauss(0.0, sigma)) / 1_000 / self.scale
