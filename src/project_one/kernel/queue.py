"""BullMQ with the settings without which its Python port misbehaves when idle. The only module that imports it.

    relay ── JobProducer.add ──► queue ──► JobWorker ── handler(payload)

Every setting below was measured; see `docs/decisions/0003-bullmq-settings.md`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from bullmq import Job as BullJob
from bullmq import Queue, UnrecoverableError, Worker
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

log = structlog.get_logger()

Handler = Callable[[dict[str, Any]], Awaitable[None]]

_KEEP = {"count": 1000}
_CONCURRENCY = 16
_LAST_WORDS_S = 2


class PermanentJobError(Exception):
    """The job can never succeed; do not try it again."""


class JobProducer:
    """Adds jobs. Fails within about two seconds while the server is away, so that no transaction waits on it for long."""

    def __init__(self, redis_url: str) -> None:
        self._redis: Redis = Redis.from_url(
            redis_url,
            decode_responses=True,
            socket_connect_timeout=1,
            socket_timeout=2,
            retry=Retry(NoBackoff(), 1),
            max_connections=16,
        )
        self._queues: dict[str, Queue] = {}

    async def add(self, queue: str, name: str, payload: dict[str, Any], *, job_id: str) -> None:
        """`job_id`: neither digits only nor with a colon, which Node's workers refuse."""
        if job_id.isdigit() or ":" in job_id:
            message = f"job id {job_id!r} would be refused by other BullMQ clients"
            raise ValueError(message)
        if queue not in self._queues:
            self._queues[queue] = Queue(queue, {"connection": self._redis})  # pyright: ignore[reportArgumentType]  a client is accepted
        options: Any = {
            "jobId": job_id,
            "removeOnComplete": _KEEP,
            "removeOnFail": _KEEP,
        }
        await self._queues[queue].add(name, payload, options)

    async def ping(self) -> None:
        await self._redis.ping()

    async def close(self) -> None:
        await self._redis.aclose()


class JobWorker:
    """Runs one queue's handlers. A handler must be idempotent: a job runs at least once."""

    def __init__(self, queue: str, handlers: Mapping[str, Handler], *, redis_url: str) -> None:
        self.queue = queue
        self._handlers = handlers
        self._redis_url = redis_url
        self._worker: Worker | None = None
        self._loop: asyncio.Task[None] | None = None
        self._running = 0
        self._is_idle = asyncio.Event()
        self._is_idle.set()

    @property
    def is_running(self) -> bool:
        """False once the loop has ended, which BullMQ does not report by itself."""
        return self._loop is not None and not self._loop.done()

    async def start(self) -> None:
        client: Redis = Redis.from_url(
            self._redis_url,
            decode_responses=True,
            socket_timeout=None,  # the default equals the blocking wait: idle workers would pick up late or never
            socket_connect_timeout=2,
            max_connections=2 * _CONCURRENCY,
        )
        options: Any = {
            "connection": client,
            "autorun": False,
            "concurrency": _CONCURRENCY,
            "drainDelay": 0.25,
            "runRetryDelay": 1000,
            "lockDuration": 30000,
            "stalledInterval": 30000,
        }
        processor: Any = self._process  # declared as returning a Future, awaited like any coroutine
        worker = Worker(self.queue, processor, options)
        worker.on("error", self._report)
        if worker.blockingRedisConnection is not None:
            await worker.blockingRedisConnection.getRedisVersion()  # unasked, waits are rounded up to whole seconds
        self._worker = worker
        self._loop = asyncio.create_task(worker.run())

    async def close(self) -> None:
        """Stop taking jobs and wait for the running ones, not for a server that is away."""
        if self._worker is not None:
            closing = asyncio.create_task(self._worker.close())
            await self._is_idle.wait()
            done, _ = await asyncio.wait({closing}, timeout=_LAST_WORDS_S)
            if not done:  # while it closes, BullMQ asks a dead server again without a pause, for ever
                await self._worker.close(force=True)
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)

    def _report(self, error: object, *_details: object) -> None:
        log.warning(
            "queue.worker.error",
            queue=self.queue,
            error=type(error).__name__,
            detail=str(error)[:300],
        )

    async def _process(self, job: BullJob, _token: str) -> None:
        handler = self._handlers.get(job.name)
        if handler is None:
            message = f"no handler for {job.name} on {self.queue}"
            raise UnrecoverableError(message)
        data: dict[str, Any] = job.data
        self._running += 1
        self._is_idle.clear()
        try:
            await handler(data)
        except PermanentJobError as error:
            raise UnrecoverableError(str(error)) from error
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            message = "a call inside the job was cancelled"  # escaping, it would end the worker's loop silently
            raise RuntimeError(message) from error
        except Exception as error:
            log.exception(
                "queue.job.failed",
                queue=self.queue,
                job=job.name,
                error=type(error).__name__,
            )
            raise
        finally:
            self._running -= 1
            if not self._running:
                self._is_idle.set()
