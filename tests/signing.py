"""Session tokens as Clerk signs them, for applications under test that have no sandbox beside them.

The settings of `tests/conftest.py` name `PUBLIC_KEY`, so these tokens are genuine there.
"""

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from project_one.auth import people
from project_one.auth.domain import Role
from project_one.bootstrap import House

ISSUER = "https://clerk.test"
PARTY = "https://app.test"
_KEY = rsa.generate_private_key(65_537, 2_048)
PUBLIC_KEY = _KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
_LASTS_S = 3_600

Headers = dict[str, str]


async def staff_headers(house: House, *roles: Role, name: str = "asha") -> Headers:
    """Headers of a person with these roles of staff. `house`: one that may give roles."""
    clerk_id = f"user_{name}"
    async with house.database.transactions() as session:
        for role in roles:
            await people.grant_role(session, clerk_id, role, actor="test", now=house.clock())
    return signed_in(house, clerk_id)


def signed_in(house: House, clerk_id: str) -> Headers:
    """Headers of whoever has this id at Clerk."""
    now = int(house.clock().timestamp())
    claims = {
        "azp": PARTY,
        "exp": now + _LASTS_S,
        "iat": now,
        "nbf": now - 10,
        "iss": ISSUER,
        "sid": f"sess_{clerk_id}",
        "sub": clerk_id,
        "sts": "active",
        "v": 2,
    }
    token = jwt.encode(claims, _KEY, algorithm="RS256", headers={"kid": "ins_test"})
    return {"Authorization": f"Bearer {token}"}
