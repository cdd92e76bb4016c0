"""How an answer reaches the client, or does not: late, in pieces, dripping, cut off, never."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from project_one_sandbox import answers
from project_one_sandbox.openai.faults import Hits, Kind

_LOOK_S = 0.25
_FIRST = 0.6  # of the latency goes by before the first event of a stream


@dataclass(frozen=True, slots=True)
class Parcel:
    """`pieces`: the events of a stream, or one whole body. `latency_s`: until the last piece."""

    pieces: Sequence[bytes]
    is_stream: bool
    headers: dict[str, str]
    latency_s: float

    @property
    def size(self) -> int:
        return sum(len(piece) for piece in self.pieces)

    def response(self) -> web.StreamResponse:
        length = {} if self.is_stream else {"Content-Length": str(self.size)}
        kind = "text/event-stream; charset=utf-8" if self.is_stream else "application/json"
        return web.StreamResponse(headers={**self.headers, **length, "Content-Type": kind})


async def deliver(
    request: web.BaseRequest, parcel: Parcel, hits: Hits, scale: float
) -> tuple[web.StreamResponse, bool]:
    """The response, and whether all of it was handed over."""
    silent = hits.first(Kind.SILENT)
    if silent is not None:
        await _wait(request, silent.detail.hold_ms / 1_000 / scale)
        return answers.cut(request), False
    if parcel.latency_s > 0:
        await _wait(request, parcel.latency_s * (_FIRST if parcel.is_stream else 1))
    response = parcel.response()
    try:
        await response.prepare(request)
        if hits.has(Kind.RESET):
            await response.write(b"".join(parcel.pieces)[: parcel.size // 2])
            return answers.cut(request), False
        await _write(response, parcel, hits, scale)
        await response.write_eof()
    except (ConnectionError, OSError):
        return response, False
    return response, request.transport is not None and not request.transport.is_closing()


async def _wait(request: web.BaseRequest, seconds: float) -> None:
    """Not longer than the client does."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0 and request.transport is not None:
        await asyncio.sleep(min(left, _LOOK_S))


async def _write(response: web.StreamResponse, parcel: Parcel, hits: Hits, scale: float) -> None:
    drip = hits.first(Kind.DRIP)
    if drip is not None:
        body, step = b"".join(parcel.pieces), drip.detail.bytes
        for start in range(0, len(body), step):
            await asyncio.sleep(drip.detail.step_ms / 1_000 / scale)
            await response.write(body[start : start + step])
        return
    pause = parcel.latency_s * (1 - _FIRST) / len(parcel.pieces) if parcel.is_stream else 0.0
    for piece in parcel.pieces:
        if pause > 0:
            await asyncio.sleep(pause)
        await response.write(piece)
