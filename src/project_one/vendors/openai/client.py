"""A client of OpenAI's Responses API on the vendor's SDK: no retries, no timeouts of its own worth the name, typed troubles."""

import ipaddress
from collections.abc import Awaitable
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2
from openai import APIConnectionError, APIStatusError, AsyncOpenAI, DefaultAsyncHttpxClient, OpenAIError
from pydantic import SecretStr

from project_one.ai.domain import Usage
from project_one.ai.ports import ModelReply, ModelRequest, Trouble, VendorError
from project_one.vendors.openai.payloads import ModelListing, read_models, read_reply, refusal, request_body

_LONGEST_S = 60.0  # of a call that nobody cancelled; the gate's deadlines are far below
_CONNECT_S = 2.0
_KEPT_OPEN_S = 60.0
_NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


@dataclass(frozen=True)
class OpenAIConfig:
    """`base_url`: with its version, as `https://api.openai.com/v1`."""

    base_url: str
    key: SecretStr


class OpenAIClient:
    """One per process; keeps its connections open. Implements ai.ports.ModelClient."""

    def __init__(self, config: OpenAIConfig) -> None:
        http = DefaultAsyncHttpxClient(
            timeout=httpx2.Timeout(_LONGEST_S, connect=_CONNECT_S),
            limits=httpx2.Limits(max_connections=200, max_keepalive_connections=100, keepalive_expiry=_KEPT_OPEN_S),
            trust_env=not _is_loopback(config.base_url),
        )
        self._sdk = AsyncOpenAI(
            api_key=config.key.get_secret_value(), base_url=config.base_url, max_retries=0, http_client=http
        )

    async def respond(self, request: ModelRequest) -> ModelReply:
        """Raises VendorError."""
        body = request_body(request)
        return read_reply(await _told(self._sdk.post("/responses", body=body, cast_to=httpx2.Response)))

    async def models(self) -> list[ModelListing]:
        """The models the key may use, with the day each ends; opens a connection on the way. Raises VendorError."""
        return read_models(await _told(self._sdk.get("/models", cast_to=httpx2.Response)))

    async def close(self) -> None:
        await self._sdk.close()


async def _told(asked: Awaitable[httpx2.Response]) -> bytes:
    """The body of an answer that is not an error. Raises VendorError, without the SDK's error, which holds the request."""
    try:
        return (await asked).content
    except APIStatusError as error:
        raise refusal(error.status_code, error.code, error.type, error.response.headers) from None
    except APIConnectionError as error:
        usage = Usage(0, 0) if isinstance(error.__cause__, _NEVER_SENT) else None
        what = type(error.__cause__ or error).__name__
        raise VendorError(Trouble.CONNECTION, f"The vendor is out of reach ({what}).", usage=usage) from None
    except OpenAIError as error:
        raise VendorError(Trouble.SERVER, f"The vendor's SDK gave up ({type(error).__name__}).") from None


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
