"""What was decided about texts, for people who look at them later."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import select

from project_one.compliance.models import VerdictRow
from project_one.kernel.bulk import among
from project_one.kernel.canonical import iso_utc
from project_one.kernel.db import ReadSession


async def bands_of(session: ReadSession, hashes: Collection[str]) -> dict[str, list[dict[str, Any]]]:
    """The verdicts on each text by its hash, oldest first: for which capacity, by which policy, when."""
    query = (
        select(
            VerdictRow.content_sha256,
            VerdictRow.context["capacity"].astext,
            VerdictRow.verdict["band"].astext,
            VerdictRow.policy_version,
            VerdictRow.given_at,
        )
        .where(among(VerdictRow.content_sha256, hashes))
        .order_by(VerdictRow.given_at)
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for sha256, capacity, band, version, given_at in await session.execute(query):
        entry = {"advisor_type": capacity, "verdict": band, "policy_version": version, "given_at": iso_utc(given_at)}
        found.setdefault(sha256, []).append(entry)
    return found
