"""What auth needs from the identity provider."""

from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey


class SigningKeys(Protocol):
    """The provider's public keys."""

    async def key(self, kid: str) -> RSAPublicKey | None:
        """None: the provider has no such key. Raises SigningKeysUnavailableError when none was ever fetched."""
        ...
