"""Whatever the document allows and forbids: no 5xx, no status or body that it does not describe."""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from project_one.bootstrap import House
from project_one.entrypoints.api import build_app
from project_one.kernel.queue import JobProducer

from ..delivery.morning import released
from .doors import served

EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "8"))
TOKENS = ["operator", *(["asha-token", "nobody"] if "SCHEMA_EXAMPLES" in os.environ else [])]
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
LEFT_OUT = {"/readyz"}  # 503 is its answer where no clock runs


@pytest.fixture
async def address(house: House, api_house: House) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    await released(house, advisors=3)
    producer = JobProducer(api_house.settings.redis_url.get_secret_value())
    app = build_app(api_house, producer)
    async with served(app) as client:
        yield str(client.session._base_url), app.openapi()
    await producer.close()


def try_everything(base_url: str, document: dict[str, Any], token: str, mode: GenerationMode) -> list[str]:
    """Every operation with made-up requests; what was found, one entry per operation."""
    found: list[str] = []
    for result in schemathesis.openapi.from_dict(document).get_all_operations():
        operation = result.ok()
        if operation.path in LEFT_OUT:
            continue

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize="SCHEMA_EXAMPLES" not in os.environ,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def attempt(case: Any) -> None:
            case.call_and_validate(
                base_url=base_url, headers={"Authorization": f"Bearer {token}"}, checks=CHECKS, timeout=20
            )

        try:
            attempt()
        except Unsatisfiable:
            continue  # nothing can be wrong about an operation that takes nothing
        except BaseException as error:  # every operation is tried before the test fails
            found.append(f"{operation.label}: {error}")
    return found


@pytest.mark.timeout(1200 if "SCHEMA_EXAMPLES" in os.environ else 120)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("token", TOKENS)
async def test_the_doors_keep_to_their_document(
    address: tuple[str, dict[str, Any]], token: str, mode: GenerationMode
) -> None:
    found = await asyncio.to_thread(try_everything, *address, token, mode)
    assert not found, "\n\n".join(found)
