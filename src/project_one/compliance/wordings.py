"""Standing words of the rewrite: neutral sentences by category, reasons by check. `data/rewrites/*.yaml`, read once."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import yaml

from project_one.compliance.domain import Register

_KEY = {
    Register.EN: "en",
    Register.HI: "hi",
    Register.MR: "mr",
    Register.HI_LATN: "hi-Latn",
    Register.MR_LATN: "mr-Latn",
}

PAST_PERFORMANCE = "past_performance"
"""The category whose wording follows the sentence and does not replace it."""


def neutral_categories() -> frozenset[str]:
    return frozenset(_texts("neutral"))


def neutral(category: str, register: Register) -> str:
    """The wording in a register; English for a mixed text. Raises KeyError for a category without one."""
    return _texts("neutral")[category][_KEY.get(register, "en")]


def every_neutral() -> list[str]:
    """All neutral sentences, in all registers."""
    return [text for texts in _texts("neutral").values() for text in texts.values()]


def reason(rule_id: str, language: str) -> str | None:
    """Why, in the reader's language (en, hi, mr); None when the check is a rule, which has its own message."""
    texts = _texts("reasons").get(rule_id)
    return None if texts is None else texts[language]


@cache
def _texts(name: str) -> Mapping[str, Mapping[str, str]]:
    path = files("project_one.compliance") / "data" / "rewrites" / f"{name}.yaml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))
