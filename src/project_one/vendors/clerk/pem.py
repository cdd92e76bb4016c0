"""Clerk's public key out of the configuration: nothing is fetched, and no outage of Clerk matters."""

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key


class PemKey:
    """Implements `SigningKeys` with the one key of the instance; the dashboard shows it without an id."""

    def __init__(self, pem: str) -> None:
        """Raises ValueError as `read_pem`."""
        self._key = read_pem(pem)

    async def key(self, kid: str) -> RSAPublicKey | None:  # noqa: ARG002  it answers for every id
        return self._key

    async def close(self) -> None:
        """Nothing is open."""


def read_pem(pem: str) -> RSAPublicKey:
    r"""An RSA public key; `\n` may stand for line breaks, as in files of variables. Raises ValueError."""
    try:
        key = load_pem_public_key(pem.replace("\\n", "\n").strip().encode())
    except ValueError:
        key = None
    if not isinstance(key, RSAPublicKey):
        message = "it is no RSA public key in PEM; copy it from the API keys of the Clerk dashboard"
        raise ValueError(message)  # noqa: TRY004  the text is wrong, not its type
    return key
