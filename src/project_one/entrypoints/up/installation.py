"""An installation's own secrets and the environment its processes run in.

`secrets.json` is made once and kept (mode 0600): without it sealed phone numbers cannot be opened again.
`environment.json` is rewritten at each start and lets the command line talk to the running installation.
"""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from project_one.entrypoints.up.places import Place, UpError, find_place

_ALPHANUMERIC = (
    "postgres_password",
    "app_password",
    "valkey_password",
    "access_token",
    "app_secret",
    "verify_token",
    "openai_key",
)
_KEYS = ("vault_key", "lookup_key", "certificate_key", "clerk_webhook_key")


def load_secrets(place: Place) -> dict[str, str]:
    """The kept secrets; missing ones are made. Raises UpError when the file is damaged."""
    known: dict[str, str] = {}
    if place.secrets.exists():
        try:
            known = json.loads(place.secrets.read_text())
        except ValueError:
            message = f"{place.secrets} is damaged; restore it, or start with ARGS=--fresh (the sealed data are lost)."
            raise UpError(message) from None
    wanted = {name: secrets.token_hex(24) for name in _ALPHANUMERIC}
    wanted |= {name: base64.b64encode(secrets.token_bytes(32)).decode() for name in _KEYS}
    if not set(wanted) <= set(known):
        known = wanted | known
        write_private(place.secrets, json.dumps(known, indent=1))
    return known


def write_private(path: Path, text: str) -> None:
    """Replace `path` in one step with a file only we can read."""
    draft = path.with_name(path.name + ".new")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)


def running_environment() -> Mapping[str, str]:
    """What the processes of the installation in this folder run with; empty when there is none or it is stopped."""
    try:
        path = find_place() / "environment.json"
        return json.loads(path.read_text())
    except (UpError, OSError, ValueError):
        return {}


def adopt_running_environment() -> None:
    """Let this process use the installation that runs in this folder, unless the environment names its own servers."""
    if "DATABASE_URL" not in os.environ:
        for name, value in running_environment().items():
            os.environ.setdefault(name, value)
