"""A firm's packs as a ZIP behind a link that tells who made it and ends by itself."""

import base64
import hashlib
import hmac
import io
import json
import zipfile
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, tuple_

from project_one.compliance.kept import bands_of
from project_one.content.errors import ExportLinkExpiredError, ExportLinkInvalidError
from project_one.content.models import ApprovalRow, PackRow, VariantRow
from project_one.kernel.bulk import among
from project_one.kernel.canonical import iso_utc
from project_one.kernel.db import Readings, ReadSession

LINK_LASTS = timedelta(minutes=10)
_LABEL = b"project-one/export-link/1"
_AT_ONCE = 200
_BYTES_OF_UUID, _BYTES_OF_TIME = 16, 8


@dataclass(frozen=True)
class Signer:
    """`key`: derived from the installation's lookup key for links alone, so that neither tells the other."""

    key: bytes

    @classmethod
    def derived(cls, lookup_key: bytes) -> "Signer":
        return cls(hmac.digest(lookup_key, _LABEL, hashlib.sha256))

    def token(self, path: str, firm_id: UUID, *, expires_at: datetime) -> str:
        """What the link ends in: firm and expiry in clear, and a MAC over them and `path`."""
        claim = firm_id.bytes + int(expires_at.timestamp()).to_bytes(_BYTES_OF_TIME)
        return base64.urlsafe_b64encode(claim + self._mac(path, claim)).decode().rstrip("=")

    def firm_of(self, path: str, token: str, *, now: datetime) -> UUID:
        """Whose export it is. Raises ExportLinkInvalidError, ExportLinkExpiredError."""
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars="-_", validate=True)
        except ValueError:
            raw = b""
        claim, mac = raw[: _BYTES_OF_UUID + _BYTES_OF_TIME], raw[_BYTES_OF_UUID + _BYTES_OF_TIME :]
        if not hmac.compare_digest(self._mac(path, claim), mac):
            message = "This link was not made here; ask for one with POST /v1/export/packs."
            raise ExportLinkInvalidError(message)
        expires_at = datetime.fromtimestamp(int.from_bytes(claim[_BYTES_OF_UUID:]), UTC)
        if expires_at <= now:
            message = f"The link was good until {iso_utc(expires_at)}; ask for a fresh one with POST /v1/export/packs."
            raise ExportLinkExpiredError(message)
        return UUID(bytes=claim[:_BYTES_OF_UUID])

    def _mac(self, path: str, claim: bytes) -> bytes:
        return hmac.digest(self.key, path.encode() + b"\0" + claim, hashlib.sha256)


class _Pipe(io.RawIOBase):
    """Where the ZIP is written to and its bytes are taken away from."""

    def __init__(self) -> None:
        super().__init__()
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._held += data
        return len(data)

    def taken(self) -> bytes:
        held = bytes(self._held)
        self._held.clear()
        return held


async def packs_as_zip(readings: Readings, firm_id: UUID, *, now: datetime) -> AsyncGenerator[bytes]:
    """`packs/<slug>.json` and `.txt` for each pack of the firm; read in pieces, no transaction stays open meanwhile."""
    pipe = _Pipe()
    after: tuple[datetime, UUID] | None = None
    count = 0
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        while True:
            async with readings() as session:
                found = await _packs(session, firm_id, after=after)
            for pack in found:
                name = f"packs/{pack['id']}"
                archive.writestr(f"{name}.json", json.dumps(pack, ensure_ascii=False, indent=2))
                archive.writestr(f"{name}.txt", _as_text(pack))
            count += len(found)
            yield pipe.taken()
            if len(found) < _AT_ONCE:
                break
            after = datetime.fromisoformat(found[-1]["created_at"]), UUID(found[-1]["id"])
        about = {"firm_id": str(firm_id), "made_at": iso_utc(now), "packs": count}
        archive.writestr("about.json", json.dumps(about, indent=2))
    yield pipe.taken()


async def _packs(session: ReadSession, firm_id: UUID, *, after: tuple[datetime, UUID] | None) -> list[dict[str, Any]]:
    query = select(PackRow.id, PackRow.slug, PackRow.topic_family, PackRow.content_class, PackRow.created_at)
    query = query.where(PackRow.firm_id == firm_id)
    if after is not None:
        query = query.where(tuple_(PackRow.created_at, PackRow.id) > tuple_(*after))
    rows = (await session.execute(query.order_by(PackRow.created_at, PackRow.id).limit(_AT_ONCE))).mappings().all()
    columns = (VariantRow.pack_id, VariantRow.language, VariantRow.topic, VariantRow.caption, VariantRow.content_sha256)
    theirs = among(VariantRow.pack_id, [row["id"] for row in rows])
    texts = (await session.execute(select(*columns).where(theirs).order_by(VariantRow.language))).mappings().all()
    hashes = {text["content_sha256"] for text in texts}
    bands = await bands_of(session, hashes)
    approvals: dict[str, list[dict[str, Any]]] = {}
    given = select(ApprovalRow).where(among(ApprovalRow.sha256, hashes)).order_by(ApprovalRow.approved_at)
    for row in await session.scalars(given):
        approvals.setdefault(row.sha256, []).append(
            {
                "reviewer_id": str(row.reviewer_id),
                "approved_at": iso_utc(row.approved_at),
                "voided_at": iso_utc(row.voided_at) if row.voided_at else None,
            }
        )
    of_pack: dict[UUID, list[dict[str, Any]]] = {}
    for text in texts:
        sha256 = text["content_sha256"]
        entry = {name: text[name] for name in ("language", "topic", "caption", "content_sha256")}
        of_pack.setdefault(text["pack_id"], []).append(
            entry | {"verdicts": bands.get(sha256, []), "approvals": approvals.get(sha256, [])}
        )
    return [
        dict(row)
        | {"id": str(row["id"]), "created_at": row["created_at"].isoformat(), "texts": of_pack.get(row["id"], [])}
        for row in rows
    ]


def _as_text(pack: dict[str, Any]) -> str:
    parts = [f"{text['topic']} ({text['language']})\n\n{text['caption']}\n" for text in pack["texts"]]
    return "\n".join(parts)
