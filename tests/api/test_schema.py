"""Whatever the document allows and forbids: no 5xx, no status or body that it does not describe."""

import asyncio
import os
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

from .callers import ROLES, everybody

EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "8"))
CALLERS = ROLES if "SCHEMA_EXAMPLES" in os.environ else ("advisor",)
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
LEFT_OUT = {"/readyz"}  # 503 is its answer where no clock runs


def try_everything(base_url: str, document: dict[str, Any], headers: dict[str, str], mode: GenerationMode) -> list[str]:
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
            case.call_and_validate(base_url=base_url, headers=headers, checks=CHECKS, timeout=20)

        try:
            attempt()
        except Unsatisfiable:
            continue  # nothing can be wrong about an operation that takes nothing
        except BaseException as error:  # every operation is tried before the test fails
            found.append(f"{operation.label}: {error}")
    return found


@pytest.mark.timeout(1200 if "SCHEMA_EXAMPLES" in os.environ else 120)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("role", CALLERS)
async def test_the_doors_keep_to_their_document(house: House, role: str, mode: GenerationMode) -> None:
    async with everybody(house, advisors=3) as people:
        base_url = str(people.client.session._base_url)
        found = await asyncio.to_thread(try_everything, base_url, people.document, people.headers[role], mode)
    assert not found, "\n\n".join(found)
