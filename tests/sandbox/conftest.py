from collections.abc import AsyncIterator

import pytest

from .harness import Rig, rig


@pytest.fixture
async def sandbox() -> AsyncIterator[Rig]:
    async with rig() as made:
        yield made
