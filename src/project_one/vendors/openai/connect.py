"""A client for a process that asks a model; the vendor's SDK is only loaded there."""

from typing import TYPE_CHECKING

from pydantic import SecretStr

if TYPE_CHECKING:
    from project_one.vendors.openai.client import OpenAIClient


def open_client(*, base_url: str, key: SecretStr) -> "OpenAIClient | None":
    """None without a key: the platform runs on its rules alone. The caller closes it."""
    if not key.get_secret_value().strip():
        return None
    # the SDK takes half a second and 35 MB of every process that loads it
    from project_one.vendors.openai.client import OpenAIClient, OpenAIConfig

    return OpenAIClient(OpenAIConfig(base_url, key))
