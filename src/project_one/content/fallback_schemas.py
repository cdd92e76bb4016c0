"""HTTP bodies of the fallback library."""

import unicodedata
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from project_one.compliance.domain import Severity
from project_one.content.pack_schemas import CheckOut
from project_one.vocabulary.domain import Capacity, ContentClass, Language

_SHA256 = r"^[0-9a-f]{64}$"


def _printable(text: str) -> str:
    if any(unicodedata.category(char) in {"Cc", "Cs"} for char in text):
        message = "control characters and lone surrogates are not allowed"
        raise ValueError(message)
    return unicodedata.normalize("NFC", text)


Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_printable)]
Month = Annotated[int, Field(ge=1, le=12)]
Sha256 = Annotated[str, Field(pattern=_SHA256)]


class TextIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    topic: Line = Field(max_length=80)
    caption: Line = Field(max_length=500)


class TextsIn(BaseModel):
    """The same post in each language."""

    model_config = ConfigDict(extra="forbid")

    en: TextIn
    hi: TextIn
    mr: TextIn


class FallbackPackIn(BaseModel):
    """`months`: in which it may be used, 1 for January; empty for all."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "topic_family": "emergency-fund",
                    "content_class": "EDUCATION",
                    "capacities": ["MFD", "IA"],
                    "months": [],
                    "texts": {
                        "en": {
                            "topic": "Money for a bad month",
                            "caption": "With a few months' expenses in reserve, other plans do not break when income stops.",
                        },
                        "hi": {
                            "topic": "मुश्किल महीने के लिए पैसा",
                            "caption": "कुछ महीनों के खर्च जितनी बचत अलग रहे, तो आमदनी रुकने पर बाकी योजनाएँ नहीं टूटतीं।",
                        },
                        "mr": {
                            "topic": "अडचणीच्या महिन्यासाठी पैसे",
                            "caption": "काही महिन्यांच्या खर्चाइतकी रक्कम वेगळी ठेवली, तर उत्पन्न थांबले तरी बाकीचे बेत मोडत नाहीत.",
                        },
                    },
                }
            ]
        },
    )

    topic_family: str = Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=40)
    content_class: ContentClass = ContentClass.EDUCATION
    capacities: set[Capacity] = Field(min_length=1)
    months: set[Month] = Field(default_factory=set[int])
    texts: TextsIn


class FallbackApproveIn(BaseModel):
    """The hashes of the texts as you read them, by language."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"hashes": {"en": "0" * 64}}]})

    hashes: dict[Language, Sha256] = Field(min_length=1)


class FallbackTakeBackIn(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "The limit it names has changed."}]}
    )

    reason: Line = Field(min_length=3, max_length=500)


class FallbackFindingOut(BaseModel):
    """What a person looks at before she approves: numbers, dates or negations that the other languages say otherwise."""

    rule_id: str
    severity: Severity
    quote: str
    message: str
    remedy: str


class FallbackTextOut(BaseModel):
    language: Language
    topic: str
    caption: str
    content_sha256: str
    approvals: int
    is_approved: bool
    findings: list[FallbackFindingOut]


class FallbackPackOut(BaseModel):
    """`is_approved`: two people stand for each of its texts. `added_by`: null for packs that ship with the product.

    `checked`: what the rules said of the texts and of the messages made of them when the pack was added, as on a firm's
    pack; null for packs that ship with the product.
    """

    id: UUID
    slug: str
    topic_family: str
    content_class: ContentClass
    capacities: list[Capacity]
    months: list[int]
    added_by: str | None
    created_at: datetime
    checked: CheckOut | None
    is_approved: bool
    texts: list[FallbackTextOut]
