"""Sealed documents in a bucket of S3, or of a store that speaks its protocol."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

import boto3
import structlog
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from project_one.advisor.errors import DocumentStorageAwayError
from project_one.vendors.storage.keys import checked, is_key

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = structlog.get_logger()

T = TypeVar("T")
_MISSING = frozenset({"NoSuchKey", "404"})
_CONNECTIONS = 10


@dataclass(frozen=True)
class Bucket:
    """`endpoint_url`: of another store than Amazon's; empty for Amazon's own."""

    name: str
    region: str
    endpoint_url: str = ""


class S3Storage:
    """Implements `DocumentStorage`. Credentials come as Amazon's libraries find them: role of the machine, environment.

    One call takes at most about 40 s: three attempts of 3 s to connect and 10 s to read. The store encrypts what it keeps.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._client: S3Client | None = None
        self._making = threading.Lock()

    async def put(self, key: str, data: bytes) -> None:
        await self._call(self._put, checked(key), data)

    async def get(self, key: str) -> bytes | None:
        return await self._call(self._get, checked(key))

    async def delete(self, key: str) -> None:
        await self._call(self._delete, checked(key))

    async def kept_under(self, folder: str, *, before: datetime) -> list[str]:
        return await self._call(self._older, checked(folder), before)

    async def _call(self, what: "Callable[..., T]", *arguments: object) -> T:
        """Raises DocumentStorageAwayError for whatever the store or the way to it does wrong."""
        try:
            return await asyncio.to_thread(lambda: what(self._connected(), *arguments))
        except (BotoCoreError, ClientError) as error:
            code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else None
            log.warning("documents.s3-away", error=type(error).__name__, code=code)
            message = "The document storage does not answer as it should; try again shortly."
            raise DocumentStorageAwayError(message) from error

    def _connected(self) -> "S3Client":
        with self._making:
            if self._client is None:
                config = Config(
                    connect_timeout=3,
                    read_timeout=10,
                    retries={"total_max_attempts": 3, "mode": "standard"},
                    max_pool_connections=_CONNECTIONS,
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                )
                self._client = boto3.session.Session().client(
                    "s3",
                    region_name=self._bucket.region,
                    endpoint_url=self._bucket.endpoint_url or None,
                    config=config,
                )
            return self._client

    def _put(self, client: "S3Client", key: str, data: bytes) -> None:
        client.put_object(Bucket=self._bucket.name, Key=key, Body=data, ServerSideEncryption="AES256")

    def _get(self, client: "S3Client", key: str) -> bytes | None:
        try:
            return client.get_object(Bucket=self._bucket.name, Key=key)["Body"].read()
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _MISSING:
                return None
            raise

    def _delete(self, client: "S3Client", key: str) -> None:
        client.delete_object(Bucket=self._bucket.name, Key=key)

    def _older(self, client: "S3Client", folder: str, before: datetime) -> list[str]:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket.name, Prefix=f"{folder}/")
        listed = [item for page in pages for item in page.get("Contents", ())]
        keys = [
            item["Key"] for item in listed if "Key" in item and "LastModified" in item and item["LastModified"] < before
        ]
        return sorted(key for key in keys if is_key(key))
