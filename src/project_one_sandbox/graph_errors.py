"""Every error code the sandbox can answer or report, with its HTTP status and title, and the two shapes it travels in.

Source: WhatsApp reference 7.1 and 7.2.
"""

import secrets
from dataclasses import dataclass

import orjson

from project_one_sandbox.shapes import Json

HELP = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"
THROUGHPUT = 130429


@dataclass(frozen=True, slots=True)
class Entry:
    http: int
    title: str


TABLE: dict[int, Entry] = {
    0: Entry(401, "AuthException"),
    1: Entry(400, "API Unknown"),
    2: Entry(503, "API Service"),
    3: Entry(500, "API Method"),
    4: Entry(400, "Application request limit reached"),
    10: Entry(403, "Permission denied"),
    33: Entry(400, "Parameter value is not valid"),
    100: Entry(400, "Invalid parameter"),
    190: Entry(401, "Access token has expired"),
    **{code: Entry(403, "API Permission") for code in range(200, 300)},
    368: Entry(403, "Temporarily blocked for policies violations"),
    80007: Entry(400, "Rate limit issues"),
    THROUGHPUT: Entry(400, "Rate limit hit"),
    130472: Entry(400, "User's number is part of an experiment"),
    130497: Entry(403, "Business account is restricted from messaging users in this country"),
    131000: Entry(500, "Something went wrong"),
    131005: Entry(403, "Access denied"),
    131008: Entry(400, "Required parameter is missing"),
    131009: Entry(400, "Parameter value is not valid"),
    131016: Entry(500, "Service unavailable"),
    131021: Entry(400, "Recipient cannot be sender"),
    131026: Entry(400, "Message undeliverable"),
    131030: Entry(400, "Recipient phone number not in allowed list"),
    131031: Entry(403, "Account has been locked"),
    131035: Entry(400, "Message retention period expired"),
    131036: Entry(400, "Device could not decrypt the message"),
    131037: Entry(
        400,
        "WhatsApp provided number needs display name approval before message can be sent",
    ),
    131042: Entry(400, "Business eligibility payment issue"),
    131044: Entry(400, "Business eligibility payment issue for calling"),
    131045: Entry(500, "Incorrect certificate"),
    131047: Entry(400, "Re-engagement message"),
    131048: Entry(400, "Spam rate limit hit"),
    131049: Entry(400, "This message was not delivered to maintain healthy ecosystem engagement"),
    131050: Entry(400, "Unable to deliver the message: user stopped marketing messages"),
    131051: Entry(400, "Unsupported message type"),
    131052: Entry(400, "Media download error"),
    131053: Entry(400, "Media upload error"),
    131055: Entry(400, "Method not allowed"),
    131056: Entry(400, "(Business Account, Consumer Account) pair rate limit hit"),
    131057: Entry(500, "Account in maintenance mode"),
    131059: Entry(400, "Invalid paging cursor"),
    131062: Entry(400, "Business-scoped user id recipients are not supported for this message"),
    131063: Entry(400, "Marketing templates are disabled for Cloud API on this account"),
    131064: Entry(400, "Messaging limit reduced after template classification violations"),
    132000: Entry(400, "Number of parameters does not match the expected number of params"),
    132001: Entry(404, "Template name does not exist in the translation"),
    132005: Entry(400, "Translated text too long"),
    132007: Entry(400, "Template format character policy violated"),
    132008: Entry(400, "Template parameter format rule violated"),
    132012: Entry(400, "Parameter format does not match format in the created template"),
    132015: Entry(400, "Template is paused"),
    132016: Entry(400, "Template is disabled"),
    132018: Entry(400, "There was an issue with the parameters in your template"),
    132068: Entry(400, "Flow is blocked"),
    132069: Entry(400, "Flow is throttled"),
    133000: Entry(500, "Incomplete deregistration"),
    133004: Entry(503, "Server temporarily unavailable"),
    133005: Entry(400, "Two-step verification PIN mismatch"),
    133006: Entry(400, "Phone number re-verification needed"),
    133008: Entry(400, "Too many two-step verification PIN guesses"),
    133009: Entry(400, "Two-step verification PIN guessed too fast"),
    133010: Entry(400, "Phone number not registered"),
    133015: Entry(400, "Please wait a few minutes before attempting to register this phone number"),
    133016: Entry(400, "Account register deregister rate limit exceeded"),
    134100: Entry(400, "Only marketing messages supported"),
    134101: Entry(400, "Template is still syncing"),
    134102: Entry(500, "Template is unavailable for use"),
    135000: Entry(400, "Generic user error"),
    137000: Entry(400, "Recipient identity key hash mismatch"),
}

_WITHOUT_DATA = frozenset({0, 1, 2, 3, 4, 10, 33, 190, *range(200, 300)})


class GraphError(Exception):
    """A refusal in Meta's words. `http`: overrides the status that the table names."""

    def __init__(self, code: int, details: str, *, http: int | None = None) -> None:
        super().__init__(details)
        self.code = code
        self.details = details
        self.http = TABLE[code].http if http is None else http

    def body(self) -> bytes:
        """As in an HTTP answer."""
        title = TABLE[self.code].title
        data = {"messaging_product": "whatsapp", "details": self.details}
        error: Json = {
            "message": f"(#{self.code}) {title}",
            "type": "OAuthException",
            "code": self.code,
        }
        if self.code in _WITHOUT_DATA:
            error["message"] = f"(#{self.code}) {title}: {self.details}"
        else:
            error["error_data"] = data
        error["fbtrace_id"] = "A" + secrets.token_urlsafe(16)
        return orjson.dumps({"error": error})


def reported(code: int, details: str | None = None) -> Json:
    """As in the `errors` of a webhook status."""
    title = TABLE[code].title
    return {
        "code": code,
        "title": title,
        "message": title,
        "error_data": {"details": details or title},
        "href": HELP,
    }
