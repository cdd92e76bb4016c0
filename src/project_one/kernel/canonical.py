"""Bytes that are the same wherever they are computed: what we hash, sign and export."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

import orjson

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"


_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def canonical_json(value: Json) -> bytes:
    """UTF-8 JSON with sorted keys, no spaces, text as is, no NaN."""
    return _ENCODER.encode(value).encode()


def canonical_texts(value: Mapping[str, str | Sequence[str]]) -> bytes:
    """The bytes of canonical_json, several times faster, where every value is a text."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def sha256_hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def iso_utc(moment: datetime) -> str:
    """`2026-11-24T00:29:30.000000Z`: always UTC, always microseconds, so that text order is time order."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_iso_utc(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
