"""The document of the doors is whole, and the committed one is theirs."""

from collections.abc import Iterator
from typing import Any

import pytest

from project_one.bootstrap import open_house
from project_one.entrypoints.api import PUBLIC_ROUTES, build_app
from project_one.entrypoints.openapi import FILE, as_text, settings_for_drawing
from project_one.kernel.queue import JobProducer
from project_one.settings import Settings


@pytest.fixture
async def document() -> dict[str, Any]:
    settings = Settings.model_validate(settings_for_drawing())
    producer = JobProducer(settings.redis_url.get_secret_value())
    async with open_house(settings, process="test") as house:
        drawn = build_app(house, producer).openapi()
    await producer.close()
    return drawn


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            yield path, operation


async def test_the_committed_document_is_that_of_the_routes(document: dict[str, Any]) -> None:
    assert as_text(document) == FILE.read_text(), "run: project-one openapi"


async def test_every_operation_is_described(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    ids = [operation["operationId"] for _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    assert [tag["name"] for tag in document["tags"] if tag["name"] == tag["description"]] == []
    for path, operation in operations(document):
        assert operation["summary"] and operation["tags"], path
        assert ("security" in operation) is (path not in PUBLIC_ROUTES), path
        for status, response in operation["responses"].items():
            if status >= "400" and path != "/readyz":
                body = response["content"]["application/problem+json"]
                assert body["schema"] == {"$ref": "#/components/schemas/Problem"}, (path, status)
                assert body["examples"], (path, status)


async def test_every_body_that_is_asked_for_has_an_example(document: dict[str, Any]) -> None:
    """Of the whole, or of each part that must be there."""
    schemas = document["components"]["schemas"]

    def whole(schema: dict[str, Any]) -> dict[str, Any]:
        return whole(schemas[schema["$ref"].split("/")[-1]]) if "$ref" in schema else schema

    without: list[str] = []
    for path, operation in operations(document):
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        if body is None or "examples" in whole(body):
            continue
        parts = {name: part | whole(part) for name, part in whole(body).get("properties", {}).items()}
        required = whole(body).get("required", ())
        without += [f"{path}: {name}" for name in required if not {"examples", "enum"} & parts[name].keys()]
    assert not without
