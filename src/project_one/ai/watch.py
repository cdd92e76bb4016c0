"""Whether the vendor takes our key, told once and remembered for readiness. Nothing here makes a process unready."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date

import structlog

from project_one.ai.ports import ModelClient, ModelReply, ModelRequest, Trouble, VendorError
from project_one.ai.prices import WARN_DAYS, PriceTable

log = structlog.get_logger()

NO_KEY = "No model is asked: OPENAI_API_KEY is empty. Texts are read by the rules and by people alone."
KEY_REFUSED = (
    "The model vendor does not accept OPENAI_API_KEY: set a valid key and start again. Until then texts are read by the "
    "rules and by people alone."
)
_TRIED_WITHIN_S = 10.0


class WatchedClient:
    """ai.ports.ModelClient over another. `list_models`: asks the vendor something that costs nothing."""

    def __init__(self, client: ModelClient, list_models: Callable[[], Awaitable[object]]) -> None:
        self._client = client
        self._list_models = list_models
        self.is_key_refused = False

    async def respond(self, request: ModelRequest) -> ModelReply:
        """Raises VendorError."""
        try:
            reply = await self._client.respond(request)
        except VendorError as error:
            self._note(error.trouble)
            raise
        self._note(None)
        return reply

    async def try_key(self) -> None:
        """Find out at the start; a vendor out of reach tells nothing of the key. Opens the first connection on the way."""
        try:
            async with asyncio.timeout(_TRIED_WITHIN_S):
                await self._list_models()
        except VendorError as error:
            self._note(error.trouble)
            if error.trouble is not Trouble.KEY:
                log.warning("ai.vendor-not-reached", trouble=error.trouble.value)
        except TimeoutError:
            log.warning("ai.vendor-not-reached", trouble="no answer")
        else:
            self._note(None)

    def _note(self, trouble: Trouble | None) -> None:
        if trouble is Trouble.KEY and not self.is_key_refused:
            log.error("ai.key-refused", detail=KEY_REFUSED)
        if trouble in {None, Trouble.KEY}:
            self.is_key_refused = trouble is Trouble.KEY


def warnings(client: WatchedClient | None, prices: PriceTable, *, on: date) -> list[str]:
    """What somebody should see to, a sentence each."""
    if client is None:
        return [NO_KEY]
    found = [KEY_REFUSED] if client.is_key_refused else []
    for end in prices.shutdowns_within(WARN_DAYS, on=on):
        follows = f"{end.successor} takes over by itself" if end.successor else "nobody takes over; name a successor"
        found.append(f"The model {end.model} ({end.role.value}) ends on {end.on}: {follows}.")
    return found
