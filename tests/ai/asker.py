"""A process of its own that asks one question: `python -m tests.ai.asker VENDOR_URL REDIS_URL CAPTION [DEADLINE_S]`.

It says `ready`, waits for a line, asks, and writes what came back as a line of JSON.
"""

import asyncio
import json
import sys
from dataclasses import replace

from pydantic import SecretStr

from project_one.ai.cache import AnswerCache
from project_one.ai.domain import Answer
from project_one.ai.gate import Gate, GateTools
from project_one.vendors.openai.client import OpenAIClient, OpenAIConfig

from .prompt import SUSPICIONS
from .purse import NOW, MemoryPurse
from .questions import LIMITS, Listed, question


async def main(vendor_url: str, redis_url: str, caption: str, deadline_s: str = "3") -> None:
    client = OpenAIClient(OpenAIConfig(vendor_url, SecretStr("sk-test")))
    cache = AnswerCache.connected(redis_url)
    purse = MemoryPurse()
    tools = GateTools({"suspicions": SUSPICIONS}, Listed().models, client, purse, cache, lambda: NOW, lambda _: "hash")
    gate = Gate(tools)
    await client.models()
    print("ready", flush=True)  # noqa: T201
    await asyncio.to_thread(sys.stdin.readline)
    result = await gate.call(question(caption), replace(LIMITS, deadline_s=float(deadline_s)))
    await gate.close()  # until the call is booked
    said = (
        {"cached": result.is_cached, "call": str(result.call_id)}
        if isinstance(result, Answer)
        else {"no": result.reason}
    )
    print(json.dumps(said | {"calls": len(purse.settled)}), flush=True)  # noqa: T201
    await client.close()
    await cache.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
