"""What auth needs from the identity provider, and from the room that knows what a firm has booked."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from project_one.kernel.db import ReadSession


class SigningKeys(Protocol):
    """The provider's public keys."""

    async def key(self, kid: str) -> RSAPublicKey | None:
        """None: the provider has no such key. Raises SigningKeysUnavailableError when none was ever fetched."""
        ...


@dataclass(frozen=True)
class FirmTerms:
    """What a firm has booked, asked in a session that sees its rows.

    `ensure_keys`: raises a DomainError when the firm may have no API keys; `seats`: how many members may work for it.
    """

    ensure_keys: Callable[[ReadSession, UUID], Awaitable[None]]
    seats: Callable[[ReadSession, UUID], Awaitable[int]]
