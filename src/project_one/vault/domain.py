"""Sealing with AES-256-GCM. Pure: keys and values in, values out.

A sealed value is one version byte, a 12-byte nonce, ciphertext and tag; what it belongs to (subject and field) is
bound in as associated data, so that a value moved to another person or column does not open.
"""

import hmac
import os
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = b"\x01"
_NONCE = 12


class SealBrokenError(Exception):
    """The value was altered, moved, or sealed under another key."""


def _seal(cipher: AESGCM, plain: bytes, bound_to: str) -> bytes:
    nonce = os.urandom(_NONCE)
    return _VERSION + nonce + cipher.encrypt(nonce, plain, bound_to.encode())


def _open(cipher: AESGCM, sealed: bytes, bound_to: str) -> bytes:
    if sealed[:1] != _VERSION:
        message = f"sealed value of unknown version {sealed[:1]!r}"
        raise SealBrokenError(message)
    try:
        return cipher.decrypt(sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], bound_to.encode())
    except InvalidTag:
        message = f"the value of {bound_to.rpartition('/')[2]} does not open"
        raise SealBrokenError(message) from None


@dataclass(frozen=True)
class SubjectKey:
    """One person's key, unwrapped; never stored or logged."""

    subject: str
    _cipher: AESGCM

    def seal(self, field: str, value: bytes) -> bytes:
        return _seal(self._cipher, value, f"{self.subject}/{field}")

    def open(self, field: str, sealed: bytes) -> bytes:
        return _open(self._cipher, sealed, f"{self.subject}/{field}")


class Keyring:
    """The wrapping key and the lookup key of this installation, held for the life of the process."""

    def __init__(self, *, wrapping_key: bytes, lookup_key: bytes) -> None:
        self._wrapping = AESGCM(wrapping_key)
        self._lookup = lookup_key

    def new_key(self, subject: str) -> tuple[SubjectKey, bytes]:
        """A fresh key and its wrapped form for the table."""
        raw = AESGCM.generate_key(256)
        return SubjectKey(subject, AESGCM(raw)), _seal(self._wrapping, raw, f"key/{subject}")

    def unwrap(self, subject: str, wrapped: bytes) -> SubjectKey:
        return SubjectKey(subject, AESGCM(_open(self._wrapping, wrapped, f"key/{subject}")))

    def lookup_hash(self, value: str) -> str:
        """Keyed hash (HMAC-SHA256, hex) for finding a person by phone or e-mail without storing either in clear."""
        return hmac.new(self._lookup, value.encode(), sha256).hexdigest()
