"""Every environment variable, read once by an entrypoint. `.env.example` lists the same names (tested)."""

from base64 import b64decode
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, SecretBytes, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from project_one.vendors.clerk.pem import read_pem

_KEY_BYTES = 32


class Environment(StrEnum):
    LOCAL = "local"
    PRODUCTION = "production"


def _decode_key(value: object) -> object:
    return b64decode(value, validate=True) if isinstance(value, str) else value


def _listed(text: str) -> frozenset[str]:
    return frozenset(item.strip() for item in text.split(",") if item.strip())


Key = Annotated[SecretBytes, BeforeValidator(_decode_key)]


class Settings(BaseSettings):
    """Names are the environment's, in capitals. Keys are 32 random bytes in base64."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    environment: Environment = Environment.LOCAL
    log_level: str = "info"
    time_scale: Annotated[float, Field(ge=1, le=100)] = 1
    clock_offset_s: float = 0

    database_url: SecretStr
    database_owner_url: SecretStr | None = None
    api_database_url: SecretStr | None = None
    redis_url: SecretStr

    api_host: str = "127.0.0.1"
    api_port: Annotated[int, Field(ge=0, le=65535)] = 8000

    clerk_issuer: str = ""
    clerk_jwks_url: str = ""
    clerk_jwt_key: str = ""
    clerk_webhook_secret: SecretStr = SecretStr("")
    clerk_authorized_parties: str = ""
    cors_origins: str = ""
    rate_per_principal: Annotated[int, Field(ge=1)] = 600
    rate_per_address: Annotated[int, Field(ge=1)] = 120

    vault_key: Key
    lookup_key: Key
    certificate_key: Key

    documents_folder: Path = Path("documents")
    documents_bucket: str = ""
    documents_region: str = "ap-south-1"
    documents_endpoint_url: str = ""

    whatsapp_base_url: str = "https://graph.facebook.com"
    whatsapp_api_version: str = "v24.0"
    whatsapp_access_token: SecretStr
    whatsapp_app_secret: SecretStr
    whatsapp_verify_token: SecretStr
    whatsapp_waba_id: str
    whatsapp_spare_numbers: str = ""

    openai_api_key: SecretStr = SecretStr("")
    openai_base_url: str = "https://api.openai.com/v1"
    ai_budget_rupees: Annotated[int, Field(gt=0, le=1_000_000_000)] = 20_000
    ai_owner_rupees: Annotated[int, Field(gt=0, le=1_000_000_000)] = 250

    spread_groups: Annotated[int, Field(ge=1)] = 4
    spread_group_gap_s: Annotated[float, Field(ge=0)] = 30
    spread_jitter_s: Annotated[float, Field(ge=0)] = 60

    @model_validator(mode="after")
    def _refuse_unsafe(self) -> Self:
        for name in ("vault_key", "lookup_key", "certificate_key"):
            if len(getattr(self, name).get_secret_value()) != _KEY_BYTES:
                message = f"{name.upper()} must be {_KEY_BYTES} bytes in base64; make one with: openssl rand -base64 {_KEY_BYTES}"
                raise ValueError(message)
        if self.clerk_issuer and not (self.clerk_webhook_secret.get_secret_value() and self.parties):
            message = "CLERK_ISSUER needs CLERK_WEBHOOK_SECRET and CLERK_AUTHORIZED_PARTIES beside it"
            raise ValueError(message)
        if self.environment is Environment.PRODUCTION and not self.clerk_issuer:
            message = (
                "CLERK_ISSUER must be the address of the Clerk instance in production: nobody signs in any other way"
            )
            raise ValueError(message)
        if self.clerk_jwt_key:
            try:
                read_pem(self.clerk_jwt_key)
            except ValueError as error:
                message = f"CLERK_JWT_KEY cannot be used: {error}"
                raise ValueError(message) from None
        if (
            self.environment is Environment.PRODUCTION
            and self.clerk_issuer
            and not self.clerk_jwt_key
            and not self.jwks_url.startswith("https://")
        ):
            message = "CLERK_JWKS_URL, or CLERK_ISSUER without it, must begin with https:// in production"
            raise ValueError(message)
        is_open = self.documents_endpoint_url and not self.documents_endpoint_url.startswith("https://")
        if self.environment is Environment.PRODUCTION and is_open:
            message = "DOCUMENTS_ENDPOINT_URL must begin with https:// in production"
            raise ValueError(message)
        if self.environment is Environment.PRODUCTION and not self.openai_base_url.startswith("https://"):
            message = "OPENAI_BASE_URL must begin with https:// in production"
            raise ValueError(message)
        if self.environment is Environment.PRODUCTION and self.api_database_url is None:
            message = "API_DATABASE_URL must be a login that is a member of project_one_api: it sees one firm's rows at a time"
            raise ValueError(message)
        if self.environment is Environment.PRODUCTION and (self.time_scale != 1 or self.clock_offset_s != 0):
            message = "TIME_SCALE and CLOCK_OFFSET_S are for rehearsals; production refuses them"
            raise ValueError(message)
        return self

    @property
    def jwks_url(self) -> str:
        """Where Clerk publishes its keys."""
        return self.clerk_jwks_url or f"{self.clerk_issuer.rstrip('/')}/.well-known/jwks.json"

    @property
    def parties(self) -> frozenset[str]:
        """Origins whose session tokens we accept."""
        return _listed(self.clerk_authorized_parties)

    @property
    def origins(self) -> frozenset[str]:
        """Origins whose pages may call the API from a browser."""
        return _listed(self.cors_origins)

    @property
    def spares(self) -> frozenset[str]:
        """Vendor ids of the numbers that stand by."""
        return _listed(self.whatsapp_spare_numbers)

    @property
    def clock_offset(self) -> timedelta:
        return timedelta(seconds=self.clock_offset_s)
