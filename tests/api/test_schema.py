"""Whatever the document allows and forbids: no 5xx, no status or body that it does not describe."""

import asyncio
import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
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
from .filling import filled

EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "8"))
CALLERS = ROLES if "SCHEMA_EXAMPLES" in os.environ else ("advisor",)
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
LEFT_OUT = {"/readyz"}  # 503 is its answer where no clock runs
UNENDING = "/v1/content-packs/{pack_id}/progress"  # a stream that lasts as long as the check of a real pack


def try_everything(
    base_url: str, document: dict[str, Any], headers: dict[str, str], mode: GenerationMode, real: dict[str, list[str]]
) -> list[str]:
    """Every operation with made-up requests; what was found, one entry per operation.

    `real`: values by name of a path's parameter, which stand in two of three requests beside the version that is there.
    """
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
        @given(case=operation.as_strategy(generation_mode=mode), which=st.integers(0, 8))
        def attempt(case: Any, which: int) -> None:
            if which % 3 and case.path != UNENDING:
                known = {
                    name: real[name][which // 3 % len(real[name])] for name in case.path_parameters if name in real
                }
                case.path_parameters = {**case.path_parameters, **known}
                if case.method in {"PATCH", "PUT"}:
                    case.headers = {**(case.headers or {}), "If-Match": '"1"'}
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
        real = await filled(house, people)
        asked = str(people.client.session._base_url), people.document, people.headers[role], mode, real
        found = await asyncio.to_thread(try_everything, *asked)
    assert not found, "\n\n".join(found)
