"""Packs, revisions and progress as their readers get them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from project_one.auth.domain import Principal
from project_one.auth.errors import NotPermittedError
from project_one.content.diffs import Change
from project_one.content.drafting import Writer
from project_one.content.errors import PersonNeededError
from project_one.content.models import PackRevisionRow
from project_one.content.pack_queries import Waiting, compared
from project_one.content.pack_rows import SHOWN, Pack, as_json
from project_one.content.packs import PackState


def writer_of(caller: Principal) -> Writer:
    """Who writes for her firm. Raises NotPermittedError for staff, PersonNeededError for an API key."""
    if caller.tenant is None:
        message = "Packs are written by a member of the firm whose posts they are; act for one."
        raise NotPermittedError(message)
    if caller.user_id is None:
        raise person_needed()
    return Writer(caller.user_id, caller.tenant, caller.actor)


def person_needed() -> PersonNeededError:
    message = "This decision names its person; sign in with her account instead of an API key."
    return PersonNeededError(message)


def pack_out(pack: Pack) -> dict[str, Any]:
    fields = {name: getattr(pack.row, name) for name in SHOWN}
    return fields | {
        "state": pack.state,
        "version": pack.version,
        "figures": pack.row.figures or [],
        "variants": texts(as_json(pack.contents)),
    }


def revision_out(row: PackRevisionRow) -> dict[str, Any]:
    return {"number": row.number, "author_id": row.author_id, "at": row.at, "variants": texts(row.content)}


def texts(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"language": language, **item} for language, item in sorted(content.items())]


def diff_out(languages: Mapping[str, Mapping[str, Sequence[Change]]]) -> dict[str, Any]:
    return {
        language: {part: [vars(change) for change in changes] for part, changes in parts.items()}
        for language, parts in languages.items()
    }


def progress_out(pack: Pack) -> dict[str, Any]:
    """`done` once nothing is being checked."""
    checked = pack.row.checked
    stages: set[str] = set()
    if checked:
        stages = {item["stage"] for kept in checked["languages"].values() for item in kept["stages"]}
    return {
        "state": pack.state,
        "version": pack.version,
        "stages_done": sorted(stages),
        "band": checked["band"] if checked else None,
        "done": pack.state is not PackState.CHECKING,
    }


def waiting_out(item: Waiting, *, now: datetime) -> dict[str, Any]:
    row, pack = item.pack.row, item.pack
    since = compared(item.approved, as_json(pack.contents)) if item.approved is not None else None
    return {
        "pack": pack_out(pack),
        "firm_id": pack.firm_id,
        "age_s": (now - (row.submitted_at or row.created_at)).total_seconds(),
        "likeness_group": row.likeness_group,
        "alike": item.alike,
        "since_approved": None if since is None else diff_out(since),
    }
