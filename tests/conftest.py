"""Real servers for every test process: an embedded Postgres built by the migrations, and a Valkey."""

import base64
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from project_one.bootstrap import House, open_house
from project_one.entrypoints import database
from project_one.entrypoints.up import servers
from project_one.entrypoints.up.places import Place, server_account
from project_one.settings import Settings

from .signing import ISSUER, PARTY, PUBLIC_KEY

_KEY = base64.b64encode(bytes(range(32))).decode()


@dataclass(frozen=True)
class RealServers:
    owner_url: str
    app_url: str
    api_url: str
    redis_url: str


@pytest.fixture(scope="session")
async def test_servers() -> AsyncIterator[RealServers]:
    root = Path(tempfile.mkdtemp(prefix="project-one-tests-"))
    root.chmod(0o711)
    (root / "logs").mkdir()
    place = Place(root=root, account=server_account())
    postgres = await servers.start_postgres(place, password="testing")
    valkey = await servers.start_valkey(place, password="testing")
    try:
        import asyncio

        await asyncio.to_thread(database.migrate, postgres.url)
        app_url = await database.ensure_login(postgres.url, password="testing")
        api_url = await database.ensure_login(postgres.url, database.API_ROLE, password="testing")
        yield RealServers(postgres.url, app_url, api_url, valkey.url)
    finally:
        await valkey.stop()
        await postgres.stop()
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
async def settings(test_servers: RealServers) -> Settings:
    """Settings of an empty installation."""
    owner = await asyncpg.connect(test_servers.owner_url)
    try:
        tables = ", ".join(database.metadata().tables)
        await owner.execute(f"TRUNCATE {tables} CASCADE")
    finally:
        await owner.close()
    return Settings.model_validate(
        {
            "database_url": test_servers.app_url,
            "api_database_url": test_servers.api_url,
            "redis_url": test_servers.redis_url,
            "clerk_issuer": ISSUER,
            "clerk_jwt_key": PUBLIC_KEY,
            "clerk_webhook_secret": "whsec_" + _KEY,
            "clerk_authorized_parties": PARTY,
            "cors_origins": "https://app.test",
            "rate_per_principal": 100_000,
            "rate_per_address": 100_000,
            "vault_key": _KEY,
            "lookup_key": _KEY,
            "certificate_key": _KEY,
            "whatsapp_base_url": "http://127.0.0.1:9",
            "whatsapp_access_token": "token",
            "whatsapp_app_secret": "app-secret",
            "whatsapp_verify_token": "verify",
            "whatsapp_waba_id": "1",
        }
    )


@pytest.fixture
async def house(settings: Settings) -> AsyncIterator[House]:
    async with open_house(settings, process="test") as opened:
        yield opened


@pytest.fixture
async def api_house(settings: Settings) -> AsyncIterator[House]:
    """As the api process sees the installation: row-level security applies."""
    async with open_house(settings, process="test-api", database_url=settings.api_database_url) as opened:
        yield opened
