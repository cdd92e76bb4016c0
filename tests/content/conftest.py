from collections.abc import AsyncIterator

import pytest

from project_one.bootstrap import House

from .packs_api import Api, serving


@pytest.fixture
async def api(house: House, api_house: House) -> AsyncIterator[Api]:
    async with serving(house, api_house) as opened:
        yield opened
