"""Meta's error codes and what to do about each. Source: WhatsApp Cloud API error codes, Dec 2025."""

from project_one.delivery.domain import Action, Cause

_RETRY = (Action.RETRY, Cause.VENDOR_TROUBLE)
_SLOW = (Action.SLOW_DOWN, Cause.VENDOR_PACING)
_WAIT = (Action.WAIT_FOR_RECIPIENT, Cause.VENDOR_PACING)
_FRAME = (Action.SWITCH_FRAME, Cause.TEMPLATE)
_NUMBER = (Action.STOP_NUMBER, Cause.NUMBER)
_HALT = (Action.STOP_MORNING, Cause.NUMBER)
_BUG = (Action.GIVE_UP, Cause.OUR_REQUEST)
_GONE = (Action.GIVE_UP, Cause.RECIPIENT)
_CAPPED = (Action.GIVE_UP, Cause.USER_CAP)

ACTIONS: dict[int, tuple[Action, Cause]] = {
    0: _HALT,  # token invalid: every send of the account would fail
    1: _RETRY,
    2: _RETRY,
    3: _HALT,
    4: _SLOW,
    10: _HALT,
    33: _NUMBER,
    100: _BUG,
    190: _HALT,
    368: _HALT,
    80007: _SLOW,
    130429: _SLOW,
    130472: _CAPPED,
    130497: _GONE,
    131000: _RETRY,
    131005: _HALT,
    131008: _BUG,
    131009: _BUG,
    131016: _RETRY,
    131021: _GONE,
    131026: _GONE,
    131030: _GONE,
    131031: _HALT,
    131035: _RETRY,
    131036: _RETRY,
    131037: _NUMBER,
    131042: _HALT,
    131044: _HALT,
    131045: _NUMBER,
    131047: _BUG,
    131048: _NUMBER,
    131049: _CAPPED,
    131050: (Action.END_CONSENT, Cause.CONSENT),
    131051: _BUG,
    131053: _RETRY,
    131055: _BUG,
    131056: _WAIT,
    131057: _SLOW,
    131062: _BUG,
    131063: _HALT,
    131064: _HALT,
    132000: _BUG,
    132001: _FRAME,
    132005: _BUG,
    132007: _FRAME,
    132008: _BUG,
    132012: _BUG,
    132015: _FRAME,
    132016: _FRAME,
    132018: _BUG,
    132068: _FRAME,
    132069: _FRAME,
    133000: _NUMBER,
    133004: _RETRY,
    133005: _NUMBER,
    133006: _NUMBER,
    133008: _NUMBER,
    133009: _NUMBER,
    133010: _NUMBER,
    133015: _NUMBER,
    133016: _NUMBER,
    134100: _BUG,
    134101: _SLOW,
    134102: _HALT,
    135000: _BUG,
    137000: _GONE,
}

_PERMISSION = range(200, 300)
_TOO_MANY = 429
_SERVER = 500


def action_for(code: int, http_status: int | None = None) -> tuple[Action, Cause]:
    """What to do about `code`; an unknown one is judged by its HTTP status (5xx retry, 429 slow down, else our bug)."""
    if code in ACTIONS:
        return ACTIONS[code]
    if code in _PERMISSION:
        return _HALT
    if http_status is None or http_status >= _SERVER:
        return _RETRY
    return _SLOW if http_status == _TOO_MANY else _BUG
