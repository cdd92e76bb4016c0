"""The courier: due events on one heap, batches, signed POSTs, retries. Source: WhatsApp reference 9.1.

One timer stands for the earliest event. A POST that is not answered with 200 goes back on the heap until the schedule
ends; nothing else drops one. Where no callback is set, nobody is subscribed and events are only noted by the oracle.
"""

import asyncio
import hashlib
import heapq
import hmac
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import aiohttp

from project_one_sandbox import wall
from project_one_sandbox.config import Config
from project_one_sandbox.oracle import Oracle, Receipt
from project_one_sandbox.payloads import (
    Accepted,
    Update,
    account_body,
    messages_body,
    status,
)
from project_one_sandbox.receipts import Fate
from project_one_sandbox.shapes import Json

ANSWER_TIMEOUT_S = 10.0
_SLOW_S = 1.0
_SAMPLES = 20_000


@dataclass(slots=True)
class Post:
    body: bytes
    signature: str
    updates: int
    receipts: list[Receipt]
    attempts: int = 0
    tried: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Statistics:
    posts: int = 0
    acknowledged: int = 0
    retries: int = 0
    given_up: int = 0
    slow: int = 0
    durations: deque[float] = field(default_factory=lambda: deque[float](maxlen=_SAMPLES))

    def share(self, part: float) -> float:
        """Milliseconds below which `part` of the latest POSTs were answered."""
        ordered = sorted(self.durations)
        return round(ordered[min(len(ordered) - 1, int(part * len(ordered)))] * 1_000, 3) if ordered else 0.0


class Courier:
    def __init__(self, app_secret: str, scale: float) -> None:
        self._secret = app_secret.encode()
        self._scale = scale
        self._loop = asyncio.get_running_loop()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=ANSWER_TIMEOUT_S),
            headers={
                "Content-Type": "application/json",
                "User-Agent": "facebookexternalua",
            },
            auto_decompress=False,
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0.0  # kept here: a handle that is already due need not know its time
        self._count = 0
        self.metadata: dict[str, str] = {}
        self.forget()

    def forget(self) -> None:
        """Drop every pending event; POSTs under way end unnoticed."""
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._batch: list[tuple[Update, Receipt | None]] = []
        self._batch_timer: asyncio.TimerHandle | None = None
        self._ready: deque[Post] = deque()
        self._flying = 0
        self._scheduled = 0
        self._waiting = 0
        self._statistics = Statistics()

    def use(self, config: Config, oracle: Oracle, metadata: dict[str, str]) -> None:
        """`metadata`: JSON by number id."""
        self._config = config
        self._oracle = oracle
        self.metadata = metadata

    async def close(self) -> None:
        self.forget()
        await self._session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        return self._session

    def summary(self) -> Json:
        """`pending`: updates not yet acknowledged or given up, those included whose time has not come (`scheduled`)."""
        found = self._statistics
        return {
            "posts": found.posts,
            "acknowledged": found.acknowledged,
            "retries": found.retries,
            "given_up": found.given_up,
            "pending": self._scheduled + self._waiting,
            "scheduled": self._scheduled,
            "p50_ms": found.share(0.5),
            "p95_ms": found.share(0.95),
            "over_1s_share": round(found.slow / found.posts, 6) if found.posts else 0.0,
        }

    def report(self, message: Accepted, fates: list[Fate], started: float) -> Post | None:
        """Schedule the statuses of a message accepted at `started` (monotonic); an early one leaves now."""
        early: Post | None = None
        for fate in fates:
            if fate.is_early:
                early = self._post_alone(message, fate)
            else:
                self._scheduled += 1
                self._at(started + fate.told_s, partial(self._status_due, message, fate))
        return early

    def tell(self, update: Update) -> None:
        """An inbound message."""
        if self._config.callback_url is not None:
            self._add(update, None)

    def tell_account(self, name: str, value: Json) -> None:
        """A change of a template, a number or the account; these are never batched."""
        body = account_body(self._config.waba_id, name, value, int(wall.now()))
        self._enqueue(body, 1, [])

    def _at(self, due: float, action: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._heap, (due, self._count, action))
        if self._timer is None or due < self._timer_due:
            if self._timer is not None:
                self._timer.cancel()
            self._set_timer(due)

    def _set_timer(self, due: float) -> None:
        self._timer, self._timer_due = self._loop.call_at(due, self._wake), due

    def _wake(self) -> None:
        self._timer = None
        now = self._loop.time()
        due: list[Callable[[], None]] = []
        while self._heap and self._heap[0][0] <= now:
            due.append(heapq.heappop(self._heap)[2])
        if self._heap:
            self._set_timer(self._heap[0][0])
        for action in due:
            action()

    def _noted(self, message: Accepted, fate: Fate) -> Receipt:
        return self._oracle.note_receipt(
            wamid=message.wamid,
            status=fate.status,
            at=message.accepted_at + fate.happens_s,
            opaque=message.opaque if fate.is_correlated else None,
        )

    def _status_due(self, message: Accepted, fate: Fate) -> None:
        self._scheduled -= 1
        receipt = self._noted(message, fate)
        if self._config.callback_url is not None:
            self._add(_update(message, fate), receipt)

    def _post_alone(self, message: Accepted, fate: Fate) -> Post | None:
        receipt = self._noted(message, fate)
        body = messages_body(self._config.waba_id, self.metadata, [_update(message, fate)])
        return self._enqueue(body, 1, [receipt])

    def _add(self, update: Update, receipt: Receipt | None) -> None:
        self._batch.append((update, receipt))
        self._waiting += 1
        if len(self._batch) >= self._config.receipts.batch_max:
            self._flush()
        elif self._batch_timer is None:
            window = self._config.receipts.batch_window_ms / 1_000.0 / self._scale
            self._batch_timer = self._loop.call_later(window, self._flush)

    def _flush(self) -> None:
        if self._batch_timer is not None:
            self._batch_timer.cancel()
            self._batch_timer = None
        batch, self._batch = self._batch, []
        if not batch:
            return
        self._waiting -= len(batch)
        body = messages_body(self._config.waba_id, self.metadata, [update for update, _ in batch])
        self._enqueue(body, len(batch), [receipt for _, receipt in batch if receipt is not None])

    def _enqueue(self, body: bytes, updates: int, receipts: list[Receipt]) -> Post | None:
        if self._config.callback_url is None:
            return None
        signature = "sha256=" + hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        post = Post(body, signature, updates, receipts)
        self._waiting += updates
        self._launch(post)
        return post

    def _launch(self, post: Post) -> None:
        self._ready.append(post)
        self._pump()

    def _pump(self) -> None:
        while self._ready and self._flying < self._config.receipts.concurrency:
            self._flying += 1
            task = self._loop.create_task(self._deliver(self._ready.popleft()))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _deliver(self, post: Post) -> None:
        started = self._loop.time()
        is_taken = await self._attempt(post)
        took = self._loop.time() - started
        post.attempts += 1
        self._statistics.posts += 1
        self._statistics.durations.append(took)
        self._statistics.slow += took > _SLOW_S
        self._flying -= 1
        if is_taken:
            self._acknowledge(post)
        else:
            self._retry(post)
        post.tried.set()
        self._pump()

    async def _attempt(self, post: Post) -> bool:
        url = self._config.callback_url
        if url is None:
            return False
        try:
            async with self._session.post(
                url,
                data=post.body,
                headers={"X-Hub-Signature-256": post.signature},
                allow_redirects=False,
            ) as answer:
                return answer.status == 200  # noqa: PLR2004 - the only status that Meta takes
        except (aiohttp.ClientError, OSError, ValueError):
            return False

    def _acknowledge(self, post: Post) -> None:
        now = wall.now()
        self._waiting -= post.updates
        self._statistics.acknowledged += 1
        for receipt in post.receipts:
            if receipt.first_acknowledged_at is None:
                receipt.first_acknowledged_at = now

    def _retry(self, post: Post) -> None:
        schedule = self._config.receipts.retry_ms
        if post.attempts > len(schedule):
            self._waiting -= post.updates
            self._statistics.given_up += 1
            return
        self._statistics.retries += 1
        delay = schedule[post.attempts - 1] / 1_000.0 / self._scale
        self._at(self._loop.time() + delay, partial(self._launch, post))


def _update(message: Accepted, fate: Fate) -> Update:
    told = None if fate.status == "failed" else message.contact_json
    return Update(message.number_id, "statuses", status(message, fate), told)
