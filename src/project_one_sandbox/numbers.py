"""Business phone numbers and their health. Source: WhatsApp reference 5."""

from dataclasses import dataclass

from project_one_sandbox.config import NumberConfig
from project_one_sandbox.graph_errors import THROUGHPUT, GraphError
from project_one_sandbox.limits import TokenBucket
from project_one_sandbox.shapes import Json, meta_json
from project_one_sandbox.templates import Template

HIGH_MPS = 1_000.0
_LOCKED = frozenset({"BANNED", "RESTRICTED", "FLAGGED"})
_TIERS = (
    (250, "TIER_250"),
    (2_000, "TIER_2K"),
    (10_000, "TIER_10K"),
    (100_000, "TIER_100K"),
)


def tier(limit: int) -> str:
    return next((name for most, name in _TIERS if limit <= most), "TIER_UNLIMITED")


@dataclass(slots=True)
class Number:
    id: str
    display_phone_number: str
    verified_name: str
    mps: float
    quality_rating: str
    status: str
    throughput: str
    bucket: TokenBucket

    @property
    def digits(self) -> str:
        return "".join(filter(str.isdecimal, self.display_phone_number))

    @property
    def e164(self) -> str:
        return f"+{self.digits}"

    def metadata(self) -> str:
        return meta_json({"display_phone_number": self.digits, "phone_number_id": self.id})

    def require_sendable(self) -> None:
        if self.status == "CONNECTED":
            return
        if self.status in _LOCKED:
            raise GraphError(131031, f"The business account of number {self.id} is {self.status}.")
        if self.status == "RATE_LIMITED":
            raise GraphError(THROUGHPUT, f"Number {self.id} is rate limited.")
        raise GraphError(131045, f"Number {self.id} is {self.status}, not registered for sending.")

    def as_meta(self, portfolio_limit: int, callback_url: str | None) -> Json:
        return {
            "id": self.id,
            "display_phone_number": self.display_phone_number,
            "verified_name": self.verified_name,
            "quality_rating": self.quality_rating,
            "status": self.status,
            "name_status": "APPROVED",
            "code_verification_status": "VERIFIED",
            "platform_type": "CLOUD_API",
            "throughput": {"level": self.throughput},
            "whatsapp_business_manager_messaging_limit": tier(portfolio_limit),
            "webhook_configuration": {} if callback_url is None else {"application": callback_url},
        }


def new_number(config: NumberConfig, scale: float, now: float) -> Number:
    return Number(
        id=config.id,
        display_phone_number=config.display_phone_number,
        verified_name=config.verified_name,
        mps=config.mps,
        quality_rating=config.quality_rating,
        status=config.status,
        throughput=config.throughput,
        bucket=TokenBucket(config.mps * scale, now),
    )


def _entity(kind: str, entity_id: str, trouble: tuple[int, str] | None, info: str | None) -> Json:
    found: Json = {
        "entity_type": kind,
        "id": entity_id,
        "can_send_message": "AVAILABLE",
    }
    if trouble is not None:
        found["can_send_message"] = "BLOCKED"
        found["errors"] = [
            {
                "error_code": trouble[0],
                "error_description": trouble[1],
                "possible_solution": "See the error code.",
            }
        ]
    elif info is not None:
        found["can_send_message"] = "LIMITED"
        found["additional_info"] = [info]
    return found


def _number_entity(number: Number) -> Json:
    try:
        number.require_sendable()
    except GraphError as error:
        return _entity("PHONE_NUMBER", number.id, (error.code, error.details), None)
    info = "The quality of the number is low." if number.quality_rating == "RED" else None
    return _entity("PHONE_NUMBER", number.id, None, info)


def _template_entity(template: Template) -> Json:
    code = {"APPROVED": None, "PAUSED": 132015, "DISABLED": 132016}.get(template.status, 132001)
    trouble = None if code is None else (code, f"The template is {template.status}.")
    return _entity("MESSAGE_TEMPLATE", template.id, trouble, None)


def health(waba_id: str, number: Number | None, template: Template | None) -> Json:
    """Overall as bad as the worst entity."""
    entities = [] if template is None else [_template_entity(template)]
    if number is not None:
        entities.append(_number_entity(number))
    for kind, entity_id in (
        ("WABA", waba_id),
        ("BUSINESS", f"{waba_id}1"),
        ("APP", f"{waba_id}2"),
    ):
        entities.append(_entity(kind, entity_id, None, None))
    found = {entity["can_send_message"] for entity in entities}
    worst = next(level for level in ("BLOCKED", "LIMITED", "AVAILABLE") if level in found)
    return {"can_send_message": worst, "entities": entities}
