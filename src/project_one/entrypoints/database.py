"""The schema: every table of every room, migrations, and the login the services use."""

import re
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData
from sqlalchemy.engine import make_url

import project_one
from project_one.advisor import evidence_models as advisor_evidence
from project_one.advisor import models as advisor
from project_one.ai import models as ai
from project_one.audit import models as audit
from project_one.auth import models as auth
from project_one.channel import models as channel
from project_one.compliance import models as compliance
from project_one.content import models as content
from project_one.delivery import models as delivery
from project_one.kernel import heartbeat, idempotency, inbox, occurrences, outbox
from project_one.kernel.db import Base, asyncpg_url
from project_one.privacy import models as privacy
from project_one.vault import models as vault

MIGRATIONS = Path(project_one.__file__).parents[2] / "migrations"
APP_ROLE, API_ROLE = "project_one_app", "project_one_api"
"""What the workers may do with every firm's rows, and the api with those of the caller's firm."""
_TABLE_OWNERS = (
    advisor,
    advisor_evidence,
    ai,
    audit,
    auth,
    channel,
    compliance,
    content,
    delivery,
    heartbeat,
    idempotency,
    inbox,
    occurrences,
    outbox,
    privacy,
    vault,
)


class DatabaseSetupError(Exception):
    """One sentence for the operator."""


def metadata() -> MetaData:
    """The tables of all rooms; importing their modules has registered them."""
    return Base.metadata


def alembic_config(owner_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(slug)s")
    config.attributes["url"] = asyncpg_url(owner_url)
    return config


def migrate(owner_url: str) -> None:
    """Bring the schema to this release. Blocks; call it off the event loop."""
    command.upgrade(alembic_config(owner_url), "head")


def check(owner_url: str) -> None:
    """Raise when the tables of the code and of the migrations differ."""
    command.check(alembic_config(owner_url))


def login_name(owner_url: str, role: str = APP_ROLE) -> str:
    """A login for this database; per database, because roles are shared by all databases of a server."""
    database = make_url(owner_url).database or "postgres"
    return f"{role}_{re.sub('[^a-z0-9_]', '_', database.lower())}"[:63]


async def ensure_login(owner_url: str, role: str = APP_ROLE, *, password: str) -> str:
    """Make a login that can do what the migrations granted to the role and nothing else; its address.

    `password` must be plain ASCII letters and digits. Raises DatabaseSetupError when the owner may not make roles.
    """
    if not password.isalnum() or not password.isascii():
        message = "the password of the services' login must be letters and digits"
        raise ValueError(message)
    login = login_name(owner_url, role)
    url = make_url(owner_url)
    connection = await asyncpg.connect(
        url.set(drivername="postgresql").render_as_string(hide_password=False),
        timeout=5,
    )
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('project_one.roles', 0))")
            verb = (
                "ALTER" if await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", login) else "CREATE"
            )
            await connection.execute(f"{verb} ROLE {login} LOGIN NOSUPERUSER INHERIT PASSWORD '{password}'")
            await connection.execute(f"GRANT {role} TO {login}")
    except asyncpg.InsufficientPrivilegeError as error:
        message = (
            "The user of DATABASE_URL may not create roles; let it (CREATEROLE), or set DATABASE_OWNER_URL for the "
            f"migrations, DATABASE_URL to a login that is a member of {APP_ROLE} and API_DATABASE_URL to one of {API_ROLE}."
        )
        raise DatabaseSetupError(message) from error
    finally:
        await connection.close()
    return url.set(drivername="postgresql", username=login, password=password).render_as_string(hide_password=False)
