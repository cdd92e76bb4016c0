"""When a model is left in peace. One state per model and process, folded by pure functions; seconds of a steady clock.

closed ── ≥ 80 % of the last 20 failed, or four in a row and nothing good for 2 s ──► open ── 30 s ──► half open: one probe
   ▲                                                                                   ▲                     │
   └──────────────────────────────── the probe is answered ────────────────────────────┴───── it fails ──────┘
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from project_one.ai.ports import Trouble

_FAILURES = frozenset({Trouble.SERVER, Trouble.CONNECTION})


@dataclass(frozen=True)
class BreakerConfig:
    """Seconds. `silence_s`: how long nothing may have been answered before failures in a row open the breaker.

    `most_patience_s`: of a wait that the vendor asks for.
    """

    window: int = 20
    share: float = 0.8
    in_a_row: int = 4
    silence_s: float = 2.0
    cool_down_s: float = 30.0
    unpaid_s: float = 600.0
    most_patience_s: float = 60.0


@dataclass(frozen=True)
class State:
    """`recent`: of the last calls, True for failed; `open_until`: None while closed; `has_probe`: one call is out to try."""

    recent: tuple[bool, ...] = ()
    row: int = 0
    answered_at: float | None = None
    open_until: float | None = None
    has_probe: bool = False


def rest_s(state: State, *, now: float) -> float:
    """How long the model is still left in peace; 0 when a call may go."""
    if state.open_until is None:
        return 0.0
    if now < state.open_until:
        return state.open_until - now
    return 1.0 if state.has_probe else 0.0


def admitted(state: State) -> State:
    """A call goes; after a rest it is the probe."""
    return state if state.open_until is None else replace(state, has_probe=True)


def answered(state: State, *, now: float, is_probe: bool, config: BreakerConfig) -> State:
    """The vendor gave an answer, whatever it was worth."""
    if state.open_until is not None and not is_probe:
        return state  # a straggler from before
    recent = () if is_probe else (*state.recent, False)[-config.window :]
    return State(recent, 0, now)


def failed(state: State, *, now: float, is_probe: bool, config: BreakerConfig) -> State:
    """Too slow, out of order or out of reach."""
    if state.open_until is not None:
        return opened(state, until=now + config.cool_down_s) if is_probe else state
    recent = (*state.recent, True)[-config.window :]
    since = now if state.answered_at is None else state.answered_at
    after = replace(state, recent=recent, row=state.row + 1, answered_at=since)
    is_bad = len(recent) == config.window and sum(recent) >= config.share * config.window
    is_silent = after.row >= config.in_a_row and now - since >= config.silence_s
    return opened(after, until=now + config.cool_down_s) if is_bad or is_silent else after


def opened(state: State, *, until: float) -> State:
    return replace(state, recent=(), row=0, open_until=max(until, state.open_until or until), has_probe=False)


def given_back(state: State, *, is_probe: bool) -> State:
    """A call ended without telling anything of the vendor."""
    return replace(state, has_probe=False) if is_probe else state


@dataclass(frozen=True)
class Pass:
    """Leave to call once. `is_probe`: the breaker is half open."""

    model: str
    is_probe: bool


class Breakers:
    """The states of this process, one per model."""

    def __init__(self, now: Callable[[], float], config: BreakerConfig | None = None) -> None:
        self._now = now
        self._config = config or BreakerConfig()
        self._states: dict[str, State] = {}

    def rest_s(self, model: str) -> float:
        return rest_s(self._state(model), now=self._now())

    def admit(self, model: str) -> Pass | None:
        """None while the model is left in peace. Every pass is used up by one of the four methods below."""
        if self.rest_s(model) > 0:
            return None
        state = self._state(model)
        self._states[model] = admitted(state)
        return Pass(model, is_probe=state.open_until is not None)

    def answered(self, used: Pass) -> None:
        state = self._state(used.model)
        self._states[used.model] = answered(state, now=self._now(), is_probe=used.is_probe, config=self._config)

    def failed(self, used: Pass) -> None:
        state = self._state(used.model)
        self._states[used.model] = failed(state, now=self._now(), is_probe=used.is_probe, config=self._config)

    def given_back(self, used: Pass) -> None:
        self._states[used.model] = given_back(self._state(used.model), is_probe=used.is_probe)

    def troubled(self, used: Pass, trouble: Trouble, retry_after_s: float | None) -> None:
        """The vendor's own words: out of order, out of credit, wait so long."""
        if trouble in _FAILURES:
            self.failed(used)
        elif trouble in {Trouble.EXHAUSTED, Trouble.KEY}:
            self._rest(used, self._config.unpaid_s)
        elif trouble is Trouble.RATE and retry_after_s is not None:
            self._rest(used, min(retry_after_s, self._config.most_patience_s))
        elif trouble is Trouble.RATE:
            self.given_back(used)
        else:
            self.answered(used)

    def _rest(self, used: Pass, seconds: float) -> None:
        self._states[used.model] = opened(self._state(used.model), until=self._now() + seconds)

    def _state(self, model: str) -> State:
        return self._states.get(model, State())
