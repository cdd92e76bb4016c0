"""Which session tokens are genuine, and what is said of those that are not."""

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from project_one.auth.errors import NotAuthenticatedError
from project_one.auth.session_token import LEEWAY, Claims, TokenRules, verify

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
OURS = rsa.generate_private_key(65_537, 2_048)
OTHER = rsa.generate_private_key(65_537, 2_048)
RULES = TokenRules("https://clerk.test", frozenset({"https://app.test"}))


class Keys:
    async def key(self, kid: str) -> RSAPublicKey | None:
        return OURS.public_key() if kid == "ins_1" else None


def claims(**over: Any) -> dict[str, Any]:
    whole = {
        "azp": "https://app.test",
        "exp": AT + 60,
        "iat": AT,
        "nbf": AT - 10,
        "iss": "https://clerk.test",
        "sid": "sess_1",
        "sub": "user_1",
        "sts": "active",
        "v": 2,
        **over,
    }
    return {name: value for name, value in whole.items() if value is not None}


def signed(key: rsa.RSAPrivateKey = OURS, kid: str | None = "ins_1", **over: Any) -> str:
    headers = {} if kid is None else {"kid": kid}
    return jwt.encode(claims(**over), key, algorithm="RS256", headers=headers)


def by_hand(header: dict[str, Any], signature: bytes | None, secret: bytes = b"") -> str:
    """A token that no library would make. `signature` None: HMAC of `secret`."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims())]
    body = b".".join(parts)
    last = hmac.new(secret, body, "sha256").digest() if signature is None else signature
    return (body + b"." + base64.urlsafe_b64encode(last).rstrip(b"=")).decode()


async def refused(token: str, now: datetime = NOW) -> str:
    with pytest.raises(NotAuthenticatedError) as caught:
        await verify(token, Keys(), RULES, now=now)
    return caught.value.code


async def test_a_genuine_token() -> None:
    found = await verify(signed(o={"id": "org_1", "rol": "admin"}, oiat=1), Keys(), RULES, now=NOW)
    ends = NOW.timestamp() + 60
    assert found == Claims("user_1", "sess_1", ends, "org_1")
    assert await verify(signed(azp=None), Keys(), RULES, now=NOW) == Claims("user_1", "sess_1", ends)
    acting = await verify(signed(act={"iss": "x", "sid": "s", "sub": "user_9"}), Keys(), RULES, now=NOW)
    assert acting.impersonator == "user_9"


async def test_times_are_judged_by_the_moment_we_are_told_with_five_seconds_of_leeway() -> None:
    token, second = signed(), timedelta(seconds=1)
    ends, begins = NOW + timedelta(seconds=60) + LEEWAY, NOW - timedelta(seconds=10) - LEEWAY
    assert (await verify(token, Keys(), RULES, now=ends - second)).user == "user_1"
    assert await refused(token, ends) == "auth.token-expired"
    assert (await verify(token, Keys(), RULES, now=begins)).user == "user_1"
    assert await refused(token, begins - second) == "auth.token-early"


PUBLIC = OURS.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    "token",
    [
        by_hand({"alg": "none", "kid": "ins_1"}, b""),
        by_hand({"alg": "None", "kid": "ins_1", "typ": "JWT"}, b""),
        by_hand({"alg": "HS256", "kid": "ins_1"}, None, PUBLIC),
        by_hand({"alg": "RS256", "kid": "ins_1"}, None, PUBLIC),
        by_hand({"alg": "RS256", "kid": ["ins_1"]}, b"x"),
        signed(OTHER),
        signed(kid="ins_2"),
        signed(kid=None),
        signed(iss="https://clerk.test.evil"),
        signed(iss=None),
        signed(exp=None),
        signed(exp=True),
        signed(exp="soon"),
        signed(exp=float("nan")),
        signed(sub=7),
        signed(sid=""),
        signed(o="org_1"),
        signed(o={"rol": "admin"}),
        signed()[:-8] + "AAAAAAAA",
        signed(padding="x" * 8_192),
        "a.b.c",
        "é.é.é",
        "",
    ],
)
async def test_what_is_not_of_our_issuer_is_forged(token: str) -> None:
    assert await refused(token) == "auth.token-forged"


@pytest.mark.parametrize(
    ("over", "code"),
    [
        ({"azp": "https://evil.test"}, "auth.token-party"),
        ({"azp": ["https://app.test"]}, "auth.token-party"),
        ({"azp": {}}, "auth.token-party"),
        ({"sts": "pending"}, "auth.token-pending"),
        ({"v": None}, "auth.token-version"),
        ({"v": 1}, "auth.token-version"),
    ],
)
async def test_genuine_but_not_for_us_or_not_yet(over: dict[str, Any], code: str) -> None:
    assert await refused(signed(**over)) == code
