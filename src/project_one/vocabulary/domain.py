"""The enums shared by all rooms."""

import re
from enum import StrEnum
from typing import NewType

Slot = NewType("Slot", str)  # "06:00", or "14:05:09" for a morning released by hand: the IST time of day it is for

DEFAULT_SLOT = Slot("06:00")
_SLOT = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?")


def parse_slot(text: str) -> Slot:
    """`HH:MM` or `HH:MM:SS`, Indian time. Raises ValueError."""
    if _SLOT.fullmatch(text) is None:
        message = f"a slot is an Indian time of day like 06:00, not {text!r}"
        raise ValueError(message)
    return Slot(text)


class Capacity(StrEnum):
    """In which legal role an advisor speaks. Exactly one per post (SEBI-ALL-CAPACITY)."""

    MFD = "MFD"
    IA = "IA"
    RA = "RA"


class Language(StrEnum):
    EN = "en"
    HI = "hi"
    MR = "mr"


class Tier(StrEnum):
    """What an advisor has booked; a trial ends by itself."""

    BASIC = "basic"
    STANDARD = "standard"
    PRO = "pro"
    TRIAL = "trial"


class ContentClass(StrEnum):
    EDUCATION = "EDUCATION"
    SERVICE = "SERVICE"
    ADVERTISEMENT = "ADVERTISEMENT"
