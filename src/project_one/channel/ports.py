"""What the channel asks of a vendor."""

from collections.abc import Sequence
from typing import Protocol

from project_one.channel.domain import NumberReport, TemplateReport


class ChannelDirectory(Protocol):
    """The vendor's own list of our numbers and templates."""

    async def numbers(self) -> Sequence[NumberReport]: ...

    async def templates(self) -> Sequence[TemplateReport]: ...
