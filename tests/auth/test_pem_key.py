"""Sign-in with the key from the configuration: Clerk need not be there."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm
from pydantic import ValidationError

from project_one.settings import Settings
from project_one.vendors.clerk.pem import PemKey, read_pem

from .conftest import Rig

OURS = rsa.generate_private_key(65_537, 2_048)


def pem(key: Any) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.fixture
async def changed_settings() -> dict[str, Any]:
    return {"clerk_jwt_key": pem(OURS.public_key()).replace("\n", "\\n"), "clerk_jwks_url": "http://127.0.0.1:9/none"}


async def test_a_token_of_another_key_is_forged_and_nobody_is_asked_for_keys(rig: Rig) -> None:
    status, problem = await rig.ask("GET", "/v1/me", await rig.bearer())
    assert (status, problem["code"]) == (401, "auth.token-forged")


async def test_a_token_of_the_configured_key_is_good_while_the_keys_cannot_be_fetched(rig: Rig) -> None:
    import jwt as tokens

    theirs = (await rig.bearer())["Authorization"].removeprefix("Bearer ")
    claims = tokens.decode(theirs, options={"verify_signature": False})
    token = tokens.encode(claims, OURS, algorithm="RS256", headers={"kid": "ins_any"})
    assert (await rig.ask("GET", "/v1/me", {"Authorization": f"Bearer {token}"}))[0] == 200


async def test_the_key_answers_for_every_id() -> None:
    found = await PemKey(pem(OURS.public_key())).key("ins_1")
    assert found is not None
    assert RSAAlgorithm.to_jwk(found) == RSAAlgorithm.to_jwk(OURS.public_key())


def test_production_has_no_other_way_in_than_clerk(settings: Settings) -> None:
    """Tokens of the installation itself, as old environments still name them, are no setting any more."""
    old = {"operator_token": "operator", "reviewer_tokens": "asha=asha-token", "environment": "production"}
    with pytest.raises(ValidationError, match="CLERK_ISSUER must be"):
        Settings.model_validate(settings.model_dump() | old | {"clerk_issuer": ""})


@pytest.mark.parametrize("wrong", ["", "x", pem(ec.generate_private_key(ec.SECP256R1()).public_key())])
def test_what_is_no_rsa_key_is_refused_before_anything_starts(settings: Settings, wrong: str) -> None:
    with pytest.raises(ValueError, match="RSA public key"):
        read_pem(wrong)
    if wrong:
        with pytest.raises(ValidationError, match="CLERK_JWT_KEY cannot be used"):
            Settings.model_validate(settings.model_dump() | {"clerk_jwt_key": wrong})
