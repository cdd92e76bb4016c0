"""Registration and phone numbers as people type them, brought to the one form we keep. Pure."""

import re
import unicodedata
from collections.abc import Mapping

from project_one.advisor.errors import NumberInvalidError, PhoneInvalidError
from project_one.vocabulary.domain import Capacity

_SHAPES: Mapping[Capacity, re.Pattern[str]] = {
    Capacity.MFD: re.compile(r"ARN-[0-9]{1,7}"),
    Capacity.IA: re.compile(r"INA[0-9]{9}"),
    Capacity.RA: re.compile(r"INH[0-9]{9}"),
}
_EXAMPLES: Mapping[Capacity, str] = {
    Capacity.MFD: "ARN-123456",
    Capacity.IA: "INA000012345",
    Capacity.RA: "INH000012345",
}
_ARN = re.compile(r"ARN[-–]{0,3}([0-9]{1,7})")
_PHONE = re.compile(r"\+91[6-9][0-9]{9}")


def _plain(text: str) -> str:
    """NFKC, capitals, any script's digits as 0-9; without spaces, dots, colons and what cannot be seen."""
    folded = unicodedata.normalize("NFKC", text).upper()
    digits = (str(unicodedata.digit(char)) if unicodedata.category(char) == "Nd" else char for char in folded)
    return "".join(char for char in digits if char not in ".:" and unicodedata.category(char)[0] not in "ZC")


def registration_number(capacity: Capacity, typed: str) -> str:
    """`arn 12 34` → `ARN-1234`; digits stay as typed, no zeros are added. Raises NumberInvalidError."""
    found = _plain(typed)
    arn = _ARN.fullmatch(found)
    if capacity is Capacity.MFD and arn is not None:
        found = f"ARN-{arn.group(1)}"
    if _SHAPES[capacity].fullmatch(found) is None:
        message = f"A registration number of capacity {capacity} looks like {_EXAMPLES[capacity]}; copy it from the certificate."
        raise NumberInvalidError(message, capacity=capacity.value)
    return found


def phone(typed: str) -> str:
    """An Indian mobile number in E.164. Raises PhoneInvalidError, which does not repeat the number."""
    found = re.sub(r"[\s()-]", "", unicodedata.normalize("NFKC", typed))
    if _PHONE.fullmatch(found) is None:
        message = "Send an Indian mobile number with its country code, like +919800000001."
        raise PhoneInvalidError(message)
    return found
