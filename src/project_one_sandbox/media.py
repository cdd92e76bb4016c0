"""Uploaded media: what was uploaded, by which number, until when. Source: WhatsApp reference 3."""

import hashlib
import secrets
from dataclasses import dataclass

from project_one_sandbox.graph_errors import GraphError
from project_one_sandbox.shapes import Json

LIFE_S = 30 * 86_400.0
URL_LIFE_S = 300.0
MEGABYTE = 1_024 * 1_024
MAX_BYTES = {
    "image/jpeg": 5 * MEGABYTE,
    "image/png": 5 * MEGABYTE,
    "application/pdf": 100 * MEGABYTE,
    "audio/mpeg": 16 * MEGABYTE,
    "video/mp4": 16 * MEGABYTE,
}
_MAGIC = {
    "image/jpeg": b"\xff\xd8\xff",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "application/pdf": b"%PDF-",
}
_SHELF_BYTES = 256 * MEGABYTE


@dataclass(frozen=True, slots=True)
class Media:
    """`expires_at`: monotonic seconds."""

    id: str
    number_id: str
    mime_type: str
    content: bytes
    sha256: str
    expires_at: float

    def as_meta(self, url: str) -> Json:
        return {
            "messaging_product": "whatsapp",
            "url": url,
            "mime_type": self.mime_type,
            "sha256": self.sha256,
            "file_size": len(self.content),
            "id": self.id,
        }


class MediaShelf:
    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._media: dict[str, Media] = {}
        self._links: dict[str, tuple[str, float]] = {}
        self._bytes = 0

    def add(self, number_id: str, mime_type: str, content: bytes, now: float) -> Media:
        limit = MAX_BYTES.get(mime_type)
        if limit is None:
            raise GraphError(131053, f"Media of type {mime_type or '(none)'} is not supported")
        if not content or len(content) > limit:
            raise GraphError(
                131053,
                f"Media of type {mime_type} must have 1 to {limit} bytes, not {len(content)}",
            )
        if not content.startswith(_MAGIC.get(mime_type, b"")):
            raise GraphError(131053, f"The content of the media is not {mime_type}")
        if self._bytes + len(content) > _SHELF_BYTES:
            raise GraphError(
                131053,
                "The sandbox keeps at most 256 MB of media; reset it or delete some",
            )
        media_id = str(1_000_000_000_000_000 + secrets.randbelow(9_000_000_000_000_000))
        digest = hashlib.sha256(content).hexdigest()
        media = Media(media_id, number_id, mime_type, content, digest, now + LIFE_S / self._scale)
        self._media[media_id] = media
        self._bytes += len(content)
        return media

    def find(self, media_id: str, now: float) -> Media | None:
        media = self._media.get(media_id)
        return media if media is not None and now < media.expires_at else None

    def delete(self, media: Media) -> None:
        if self._media.pop(media.id, None) is not None:
            self._bytes -= len(media.content)

    def link(self, media: Media, now: float) -> str:
        """A download token, good for five minutes."""
        self._links = {token: link for token, link in self._links.items() if now < link[1]}
        token = secrets.token_urlsafe(24)
        self._links[token] = (media.id, now + URL_LIFE_S / self._scale)
        return token

    def follow(self, token: str, now: float) -> Media | None:
        media_id, until = self._links.get(token, ("", 0.0))
        return self.find(media_id, now) if now < until else None
