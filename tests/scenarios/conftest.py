"""One installation of real processes for the scenarios of a test process."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from project_one.bootstrap import House, open_house
from project_one.entrypoints.up.chaos import throwaway_place
from project_one.entrypoints.up.demo import prepare
from project_one.entrypoints.up.installed import Installation, Options, running, start_product
from project_one.settings import Settings

ADVISORS = 400


@dataclass
class Scene:
    installation: Installation
    house: House

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The sandbox's control API."""
        url = f"{self.installation.sandbox_url}/_sandbox/{path}"
        async with aiohttp.ClientSession() as session, session.request(method, url, json=body) as response:
            assert response.ok, await response.text()
            return await response.json()


@pytest.fixture(scope="module")
async def installation() -> AsyncIterator[Scene]:
    with pytest.MonkeyPatch.context() as patch, throwaway_place():
        for name in ("DATABASE_URL", "REDIS_URL"):
            patch.delenv(name, raising=False)
        up = Options(api_port=0, drivers=2, numbers=2, environment={"LOG_LEVEL": "warning"})
        async with running(up) as opened:
            settings = Settings.model_validate({k.lower(): v for k, v in opened.environment.items()})
            async with open_house(settings, process="scenarios", pool_size=4) as house:
                await prepare(opened, house, advisors=ADVISORS)
                await start_product(opened, drivers=up.drivers)
                yield Scene(opened, house)


@pytest.fixture
async def scene(installation: Scene) -> Scene:
    """The installation with no faults set."""
    await installation.ask("DELETE", "faults")
    return installation
