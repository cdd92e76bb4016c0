"""Requests and tokens a minute, per key and model, and the headers that tell of them. Source: reference openai.md, section 5."""

from dataclasses import dataclass

from project_one_sandbox.openai.errors import OpenAIError

_MINUTE_S = 60.0
_HOUR_S = 3_600


def duration(seconds: float) -> str:
    """`12ms`, `1s`, `1.5s`, `6m0s`, `1h0m0s`."""
    if seconds < 1:
        return f"{round(seconds * 1_000)}ms"
    whole = round(seconds, 3)
    hours, rest = divmod(whole, _HOUR_S)
    minutes, left = divmod(rest, _MINUTE_S)
    text = f"{round(left, 3):g}s"
    if hours or minutes:
        text = f"{int(minutes)}m{text}"
    return f"{int(hours)}h{text}" if hours else text


@dataclass(slots=True)
class _Bucket:
    """`per_minute`: its size, and what flows in within a minute."""

    per_minute: float
    scale: float
    left: float
    at: float

    def refill(self, now: float) -> None:
        rate = self.per_minute * self.scale / _MINUTE_S
        self.left = min(self.per_minute, self.left + (now - self.at) * rate)
        self.at = now

    def wait_s(self, wanted: float) -> float:
        return max(0.0, wanted - self.left) * _MINUTE_S / self.per_minute / self.scale


class Gauge:
    """The two buckets of one key and model."""

    def __init__(self, requests: int, tokens: int, scale: float, now: float) -> None:
        self._requests = _Bucket(requests, scale, requests, now)
        self._tokens = _Bucket(tokens, scale, tokens, now)

    def take(self, model: str, tokens: int, now: float) -> None:
        """Both or none. `tokens`: of the prompt and the cap of the answer together. Raise `OpenAIError` 429."""
        self._requests.refill(now)
        self._tokens.refill(now)
        wanted = min(float(tokens), self._tokens.per_minute)
        for bucket, amount, kind in ((self._requests, 1.0, "requests"), (self._tokens, wanted, "tokens")):
            wait = bucket.wait_s(amount)
            if wait > 0:
                raise rate_limited(model, kind, wait, {**self.headers(), f"x-ratelimit-reset-{kind}": duration(wait)})
        self._requests.left -= 1.0
        self._tokens.left -= wanted

    def headers(self) -> dict[str, str]:
        requests, tokens = self._requests, self._tokens
        return {
            "x-ratelimit-limit-requests": str(int(requests.per_minute)),
            "x-ratelimit-limit-tokens": str(int(tokens.per_minute)),
            "x-ratelimit-remaining-requests": str(int(requests.left)),
            "x-ratelimit-remaining-tokens": str(int(tokens.left)),
            "x-ratelimit-reset-requests": duration(requests.wait_s(requests.per_minute)),
            "x-ratelimit-reset-tokens": duration(tokens.wait_s(tokens.per_minute)),
        }


def rate_limited(model: str, kind: str, wait_s: float, headers: dict[str, str]) -> OpenAIError:
    """`kind`: requests or tokens; both the type of the error and the word in its headers."""
    message = f"Rate limit reached for {model} on {kind} per min. Please try again in {duration(wait_s)}."
    retry = {"retry-after": str(-int(-wait_s // 1)), "retry-after-ms": str(-int(-wait_s * 1_000 // 1))}
    return OpenAIError(429, message, kind=kind, code="rate_limit_exceeded", headers={**headers, **retry})
