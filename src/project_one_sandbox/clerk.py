"""Clerk as an application sees it: keys that sign, session tokens with any claim, webhooks signed as Svix does."""

import base64
import hmac
import json
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_hex

import aiohttp
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from project_one_sandbox import wall
from project_one_sandbox.shapes import Json

_BITS = 2_048
_TIMEOUT_S = 15.0  # Svix waits no longer for an answer


@dataclass(frozen=True, slots=True)
class SigningKey:
    kid: str
    private: rsa.RSAPrivateKey

    def as_jwk(self) -> Json:
        listed: Json = RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {**listed, "use": "sig", "alg": "RS256", "kid": self.kid}


def _new_key() -> SigningKey:
    return SigningKey(f"ins_{token_hex(12)}", rsa.generate_private_key(65_537, _BITS))


@dataclass(slots=True)
class ClerkConfig:
    """`party`: the origin that asks for tokens. `webhook_url`: None until somebody wants to be told."""

    party: str = "http://localhost:3000"
    webhook_secret: str = "whsec_c2FuZGJveC1jbGVyay1zZWNyZXQ="  # noqa: S105 - opens nothing but this sandbox
    webhook_url: str | None = None


@dataclass(slots=True)
class Clerk:
    """One instance. Keys are made at the first use: most runs need none."""

    config: ClerkConfig = field(default_factory=ClerkConfig)
    keys: list[SigningKey] = field(default_factory=list[SigningKey])
    jwks_status: int = 200

    def current(self) -> SigningKey:
        if not self.keys:
            self.keys.append(_new_key())
        return self.keys[-1]

    def jwks(self) -> Json:
        self.current()
        return {"keys": [key.as_jwk() for key in self.keys]}

    def rotate(self, *, keep_old: bool) -> str:
        """A new key signs from now on; the id of it. Without the old one its tokens are no longer genuine."""
        self.current()
        self.keys = [*(self.keys if keep_old else []), _new_key()]
        return self.keys[-1].kid

    def token(
        self, issuer: str, *, sub: str, sid: str | None, org: str | None, ttl: float, claims: Json, header: Json
    ) -> str:
        """A session token of version 2. `claims` and `header` overwrite; a null removes."""
        key, now = self.current(), int(wall.now())
        body: Json = {
            "azp": self.config.party,
            "exp": now + int(ttl),
            "fva": [0, -1],
            "iat": now,
            "iss": issuer,
            "jti": token_hex(10),
            "nbf": now - 10,
            "sid": sid or f"sess_{token_hex(12)}",
            "sts": "active",
            "sub": sub,
            "v": 2,
        }
        if org is not None:
            body["o"] = {"id": org, "slg": org.removeprefix("org_"), "rol": "admin"}
        whole = {name: value for name, value in {**body, **claims}.items() if value is not None}
        return jwt.encode(whole, key.private, algorithm="RS256", headers={"kid": key.kid, **header})


def event(kind: str, data: Json) -> Json:
    """The envelope of a webhook."""
    return {
        "object": "event",
        "type": kind,
        "timestamp": int(wall.now() * 1_000),
        "instance_id": "ins_sandbox",
        "data": data,
    }


def signature(secret: str, message_id: str, stamp: str, raw: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{message_id}.{stamp}.".encode() + raw, sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


async def tell(config: ClerkConfig, url: str, body: Json, *, message_id: str | None, age_s: int) -> Json:
    """POST a signed event once; what came back. `age_s`: how long ago it was signed. Raise `OSError` when nobody answers."""
    raw = json.dumps(body).encode()
    sent_as, stamp = message_id or f"msg_{token_hex(12)}", str(int(wall.now()) - age_s)
    headers = {
        "Content-Type": "application/json",
        "svix-id": sent_as,
        "svix-timestamp": stamp,
        "svix-signature": "v1a,c2tpcHBlZA== " + signature(config.webhook_secret, sent_as, stamp, raw),
    }
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(url, data=raw, headers=headers) as got,
        ):
            return {"svix_id": sent_as, "status": got.status, "answer": (await got.text())[:500]}
    except (aiohttp.ClientError, TimeoutError) as error:
        raise OSError(f"{url} did not answer: {type(error).__name__}.") from error
