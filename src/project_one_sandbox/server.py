"""The front door: one handler over paths instead of a router, and the server's life."""

from dataclasses import dataclass

from aiohttp import web

from project_one_sandbox import answers, clerk_routes, control, graph
from project_one_sandbox.config import Config
from project_one_sandbox.graph_errors import GraphError
from project_one_sandbox.openai import routes as openai_routes
from project_one_sandbox.state import Secrets, World

_KEEPALIVE_S = 3_600.0
_SHUTDOWN_S = 0.2
_DOWNLOAD_PARTS = 2


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox that answers at `url`."""

    url: str
    world: World
    runner: web.ServerRunner

    async def stop(self) -> None:
        await self.world.courier.close()
        await self.runner.cleanup()


class Door:
    def __init__(self, world: World) -> None:
        self._world = world

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        parts = request.path.strip("/").split("/")
        if parts[0] == "clerk":
            return clerk_routes.serve(self._world.clerk, request, parts[1:])
        if parts[0] == "openai":
            return await openai_routes.serve(self._world.openai, request, parts[1:])
        if parts[0] == "_sandbox":
            return await control.dispatch(self._world, request, parts[1:])
        try:
            if parts[0] == "lookaside" and len(parts) == _DOWNLOAD_PARTS and request.method == "GET":
                return graph.download(self._world, request, parts[1])
            return await graph.dispatch(self._world, request, parts)
        except GraphError as error:
            return answers.refusal(error)


async def start(config: Config, secrets: Secrets, *, host: str, port: int, scale: float) -> Running:
    """`port` 0 takes a free one. Raise `ConfigError` for a template that is wrong, `OSError` when the port is taken."""
    world = World(config, secrets, scale)
    server = web.Server(Door(world), access_log=None, keepalive_timeout=_KEEPALIVE_S)
    runner = web.ServerRunner(server, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=1_024).start()
    except OSError:
        await world.courier.close()
        await runner.cleanup()
        raise
    bound: tuple[str, int] = runner.addresses[0]
    shown = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
    return Running(f"http://{shown}:{bound[1]}", world, runner)
