"""Who may come in through HTTP and how often: authentication and rate limits of the api process."""

import contextlib
import ipaddress
from collections.abc import AsyncGenerator, Sequence
from typing import Annotated

from fastapi import Request, Response, Security
from fastapi.security import APIKeyHeader, HTTPBearer

from project_one.advisor import firm_tier
from project_one.advisor.errors import TierNeededError
from project_one.auth.domain import Principal
from project_one.auth.errors import NotAuthenticatedError
from project_one.auth.ports import FirmTerms
from project_one.auth.revocation import Revocations
from project_one.auth.service import Authenticator, Provider
from project_one.auth.session_token import TokenRules
from project_one.bootstrap import House
from project_one.kernel import problems, rates
from project_one.kernel.rates import RateExceededError, Rates, Standing
from project_one.vendors.clerk.jwks import JwksClient
from project_one.vendors.clerk.pem import PemKey

BEARER = HTTPBearer(auto_error=False, description="A Clerk session token.")
API_KEY = APIKeyHeader(name="X-API-Key", auto_error=False, description="A key of a firm: POST /v1/api-keys.")
_IPV6_HOME = 64  # bits of an address that one customer of a provider has for herself


class Doorkeeper:
    """One an application. Usable between entering and leaving `opened`."""

    def __init__(self, house: House) -> None:
        self._house = house
        redis_url = house.settings.redis_url.get_secret_value()
        self.revocations = Revocations.connected(redis_url, house.database.readings)
        self.terms = FirmTerms(
            ensure_keys=lambda session, firm_id: firm_tier.ensure_exports(session, firm_id, now=house.clock()),
            seats=lambda session, firm_id: firm_tier.seats_of_firm(session, firm_id, now=house.clock()),
        )
        self._rates = Rates(redis_url)
        self._authenticator: Authenticator | None = None

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncGenerator[None]:
        settings = self._house.settings
        keys = self._signing_keys() if settings.clerk_issuer else None
        self._authenticator = Authenticator(
            self._house.database,
            provider=None if keys is None else Provider(TokenRules(settings.clerk_issuer, settings.parties), keys),
            revocations=self.revocations,
            terms=self.terms,
            clock=self._house.clock,
        )
        try:
            yield
        finally:
            if keys is not None:
                await keys.close()
            await self.revocations.close()
            await self._rates.close()

    def _signing_keys(self) -> JwksClient | PemKey:
        settings = self._house.settings
        return PemKey(settings.clerk_jwt_key) if settings.clerk_jwt_key else JwksClient(settings.jwks_url)

    async def principal(
        self,
        request: Request,
        _bearer: Annotated[object, Security(BEARER)],
        _key: Annotated[object, Security(API_KEY)],
    ) -> Principal:
        """The caller, as a dependency; the two schemes are named for the OpenAPI document. Raises NotAuthenticatedError, TierNeededError, RateExceededError."""
        assert self._authenticator is not None  # noqa: S101  the application serves only while it is open
        header = request.headers.get("authorization")
        known = self._authenticator.remembered(header)
        try:
            if known is not None:
                session = known.claims.session
                standing, read = await self._hit(known.principal, beside=self.revocations.keys_of(session))
                await self._authenticator.ensure_open(session, read=read)
                caller = known.principal
            else:
                caller = await self._authenticator.authenticate(header, request.headers.get("x-api-key"))
                standing, _ = await self._hit(caller)
        except (NotAuthenticatedError, TierNeededError):
            if _has_credentials(request):  # without any it was counted at the door
                self._judge(request, await self._hit_address(request))
            raise
        self._judge(request, standing)
        return caller

    async def count_stranger(self, request: Request) -> Response | None:
        """Count who comes without credentials; the answer when she came too often."""
        if _has_credentials(request) or request.method == "OPTIONS":
            return None
        try:
            self._judge(request, await self._hit_address(request))
        except RateExceededError as error:
            headers = self.rate_headers(request)
            status = problems.STATUS[error.kind]
            return problems.problem(
                status=status, code=error.code, title=error.title, detail=error.detail, request=request, headers=headers
            )
        return None

    def rate_headers(self, request: Request) -> dict[str, str]:
        """What the caller is told about her limit; nothing where none is counted."""
        standing: Standing | None = getattr(request.state, "rate", None)
        return {} if standing is None else standing.headers()

    async def _hit(
        self, caller: Principal, *, beside: Sequence[str] = ()
    ) -> tuple[Standing, Sequence[str | None] | None]:
        per_minute = self._house.settings.rate_per_principal
        return await self._rates.hit(f"principal:{caller.actor}", per_minute=per_minute, beside=beside)

    async def _hit_address(self, request: Request) -> Standing:
        per_minute = self._house.settings.rate_per_address
        standing, _ = await self._rates.hit(f"address:{home_of(request)}", per_minute=per_minute)
        return standing

    @staticmethod
    def _judge(request: Request, standing: Standing) -> None:
        request.state.rate = standing
        if not standing.is_within:
            raise rates.exceeded(standing)


def _has_credentials(request: Request) -> bool:
    return "authorization" in request.headers or "x-api-key" in request.headers


def home_of(request: Request) -> str:
    """The address a request comes from; of IPv6 the network, since whoever has one address there has them all."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, _IPV6_HOME), strict=False).network_address)
    return str(address)
