"""`project-one staff` and, for a demo, `project-one token`."""

import ipaddress
from typing import Annotated
from urllib.parse import urlsplit

import aiohttp
import typer

from project_one.auth import people
from project_one.auth.domain import Role
from project_one.bootstrap import open_house
from project_one.entrypoints.commands.common import run, settings
from project_one.entrypoints.demo_people import DEMO_PEOPLE
from project_one.entrypoints.up.places import UpError

staff = typer.Typer(no_args_is_help=True, help="Who belongs to the platform's staff.")

ClerkId = Annotated[str, typer.Option("--clerk-id", help="The person's id at Clerk: user_….")]
RoleOption = Annotated[str, typer.Option("--role", help="reviewer, admin, dpo or operator.")]
_HOUR = 3_600


@staff.command()
def grant(clerk_id: ClerkId, role: RoleOption) -> None:
    """Make somebody staff; also before she has signed in for the first time."""
    run(_change(clerk_id, role, granted=True))


@staff.command()
def revoke(clerk_id: ClerkId, role: RoleOption) -> None:
    """Take a role away; it holds everywhere within a minute."""
    run(_change(clerk_id, role, granted=False))


async def _change(clerk_id: str, role: str, *, granted: bool) -> None:
    change = people.grant_role if granted else people.revoke_role
    async with open_house(settings(), process="staff") as house, house.database.transactions() as session:
        roles = await change(session, clerk_id, role, actor="operator", now=house.clock())
    typer.echo(f"{clerk_id}: {_named(roles)}.")


def _named(roles: frozenset[Role]) -> str:
    return ", ".join(sorted(roles)) or "no role of staff"


def token(
    who: Annotated[str, typer.Option("--as", help=f"One of {', '.join(DEMO_PEOPLE)}.")],
    ttl: Annotated[int, typer.Option(min=1, max=86_400, help="How long it holds, in seconds.")] = _HOUR,
) -> None:
    """A session token of a demo person, for trying the API of a running demo."""
    if who not in DEMO_PEOPLE:
        message = f"Nobody in the demo is called {who!r}; there are: {', '.join(DEMO_PEOPLE)}."
        raise UpError(message)
    typer.echo(run(demo_token(settings().clerk_issuer, who, ttl=ttl)))


async def demo_token(issuer: str, who: str, *, ttl: int) -> str:
    """Ask the sandbox that plays Clerk. Raises UpError where none does."""
    root = issuer.removesuffix("/clerk")
    if root == issuer or not _is_loopback(root):
        message = "Tokens are made for a demo only: start one with `make run`. Elsewhere people sign in with Clerk."
        raise UpError(message)
    person = DEMO_PEOPLE[who]
    body = {"sub": person.clerk_id, "sid": f"sess_{person.clerk_id}", "org": person.organisation, "ttl": ttl}
    try:
        timeout = aiohttp.ClientTimeout(total=10)
        url = f"{root}/_sandbox/clerk/token"
        async with aiohttp.ClientSession(timeout=timeout) as session, session.post(url, json=body) as response:
            response.raise_for_status()
            return str((await response.json())["jwt"])
    except (aiohttp.ClientError, TimeoutError) as error:
        message = f"The sandbox at {root} gives no token ({type(error).__name__}); is the demo still running?"
        raise UpError(message) from error


def _is_loopback(url: str) -> bool:
    try:
        return ipaddress.ip_address(urlsplit(url).hostname or "").is_loopback
    except ValueError:
        return False
