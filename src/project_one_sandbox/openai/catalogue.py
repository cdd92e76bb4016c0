"""The models it sells, their prices and last days. Source: reference openai.md, section 6."""

from dataclasses import dataclass
from datetime import date

from project_one_sandbox.shapes import Json

_CREATED = 1_700_000_000
_MILLION = 1_000_000
_LONG_PROMPT = 272_000
_LAST_OF_2024 = date(2027, 1, 14)
_LAST_OF_5 = date(2026, 12, 11)


@dataclass(frozen=True, slots=True)
class Model:
    """Prices in micro-dollars per million tokens. `cache_write`: None where writing the cache costs nothing extra.

    `shutdown`: from this day (UTC) on it is gone.
    """

    id: str
    input: int
    cached: int
    output: int
    cache_write: int | None = None
    shutdown: date | None = None
    context: int = 1_050_000
    most_output: int = 128_000
    is_reasoning: bool = True

    def as_json(self, shutdown: date | None) -> Json:
        return {
            "id": self.id,
            "object": "model",
            "created": _CREATED,
            "owned_by": "project-one-sandbox",
            "shutdown_date": None if shutdown is None else shutdown.isoformat(),
        }

    def cost_pico(self, usage: "Usage") -> int:
        """What a call costs in millionths of a micro-dollar, exactly. Above 272k input tokens the prices rise."""
        input_factor, output_half = (2, 3) if self.is_reasoning and usage.input > _LONG_PROMPT else (1, 2)
        write = self.input if self.cache_write is None else self.cache_write
        plain = usage.input - usage.cached - usage.cache_written
        came_in = plain * self.input + usage.cached * self.cached + usage.cache_written * write
        return came_in * input_factor + usage.output * self.output * output_half // 2


@dataclass(frozen=True, slots=True)
class Usage:
    """`cached` and `cache_written` are part of `input`, `reasoning` of `output`."""

    input: int
    output: int
    cached: int = 0
    cache_written: int = 0
    reasoning: int = 0


def micro(pico: int) -> int:
    """Micro-dollars, rounded half up."""
    return (pico + _MILLION // 2) // _MILLION


MODERATION = "omni-moderation-latest"
_MINI_OF_4O = Model("gpt-4o-mini", 150_000, 75_000, 600_000, None, _LAST_OF_2024, 128_000, 16_384, is_reasoning=False)
_OF_41 = Model("gpt-4.1", 2_000_000, 500_000, 8_000_000, None, _LAST_OF_2024, 1_047_576, 32_768, is_reasoning=False)
_MINI_OF_41 = Model(
    "gpt-4.1-mini", 400_000, 100_000, 1_600_000, None, _LAST_OF_2024, 1_047_576, 32_768, is_reasoning=False
)
_NANO_OF_41 = Model(
    "gpt-4.1-nano", 100_000, 25_000, 400_000, None, date(2026, 10, 23), 1_047_576, 32_768, is_reasoning=False
)
MODELS = {
    model.id: model
    for model in (
        _MINI_OF_4O,
        _OF_41,
        _MINI_OF_41,
        _NANO_OF_41,
        Model("gpt-5-mini", 250_000, 25_000, 2_000_000, None, _LAST_OF_5, 400_000),
        Model("gpt-5.4-mini", 750_000, 75_000, 4_500_000, None, None, 400_000),
        Model("gpt-5.6-luna", 200_000, 20_000, 1_200_000, 250_000),
        Model("gpt-6-luna", 100_000, 10_000, 500_000, 125_000),
        Model("gpt-6.1-terra", 1_000_000, 50_000, 5_000_000, 1_250_000),
        Model("gpt-6.1-sol", 2_000_000, 100_000, 10_000_000, 2_500_000),
        Model("gpt-6-astra", 10_000_000, 1_000_000, 50_000_000, 12_500_000),
        Model(MODERATION, 0, 0, 0, None, None, 32_768, 1, is_reasoning=False),
    )
}
