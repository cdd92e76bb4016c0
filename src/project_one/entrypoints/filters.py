"""What a list may be asked: a filter that it does not know is refused instead of being forgotten.

A forgotten filter answers with everything, which looks like the right answer.
"""

from collections.abc import Iterator

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute


def ensure_known_filters(request: Request) -> None:
    """For every route; one that takes nothing in its query does not mind. Raises RequestValidationError."""
    route = request.scope.get("route")
    if not request.query_params or not isinstance(route, APIRoute):
        return
    known = frozenset(_names(route.dependant))
    unknown = [name for name in request.query_params if name not in known]
    if known and unknown:
        told = f"There is no such parameter here; there are: {', '.join(sorted(known))}."
        raise RequestValidationError(
            [{"type": "extra_forbidden", "loc": ("query", name), "msg": told, "input": None} for name in unknown]
        )


def _names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        yield field.alias
    for inner in dependant.dependencies:
        yield from _names(inner)
