"""How answers leave: JSON, and the ways in which an answer can fail to arrive."""

import asyncio
import socket
import struct
from typing import cast

import orjson
from aiohttp import web

from project_one_sandbox.graph_errors import GraphError

_JSON = "application/json; charset=UTF-8"
_HTML = b"<html><head><title>Bad Gateway</title></head><body><h1>Sorry, something went wrong.</h1></body></html>"
_DRIPS = 8


def raw_json(body: bytes, status: int = 200) -> web.Response:
    return web.Response(body=body, status=status, headers={"Content-Type": _JSON})


def json(value: object, status: int = 200) -> web.Response:
    return raw_json(orjson.dumps(value), status)


def refusal(error: GraphError) -> web.Response:
    return raw_json(error.body(), error.http)


def bad_gateway(status: int) -> web.Response:
    return web.Response(body=_HTML, status=status, headers={"Content-Type": "text/html; charset=utf-8"})


async def write(request: web.BaseRequest, response: web.Response) -> bool:
    """Hand the answer to the socket; False when the client has gone."""
    try:
        await response.prepare(request)
        await response.write_eof()
    except (ConnectionError, OSError):
        return False
    return request.transport is not None and not request.transport.is_closing()


async def drip(request: web.BaseRequest, body: bytes, duration_s: float) -> tuple[web.StreamResponse, bool]:
    """Write the body in pieces spread over `duration_s`."""
    response = web.StreamResponse(headers={"Content-Type": _JSON, "Content-Length": str(len(body))})
    step = len(body) // _DRIPS + 1
    try:
        await response.prepare(request)
        for start in range(0, len(body), step):
            await asyncio.sleep(duration_s / _DRIPS)
            await response.write(body[start : start + step])
        await response.write_eof()
    except (ConnectionError, OSError):
        return response, False
    return response, True


def cut(request: web.BaseRequest) -> web.Response:
    """Reset the connection: no answer, no orderly end. The response returned is for the server's books only."""
    transport = request.transport
    if transport is not None:
        sock = cast("socket.socket | None", transport.get_extra_info("socket"))
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response(status=500)
