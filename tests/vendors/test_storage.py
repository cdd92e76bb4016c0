"""One promise of both storages: bytes come back as they went in, and no key leads elsewhere."""

import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from project_one.advisor.errors import DocumentStorageAwayError
from project_one.advisor.ports import DocumentStorage
from project_one.bootstrap import open_house
from project_one.settings import Settings
from project_one.vendors.storage.local import LocalStorage
from project_one.vendors.storage.s3 import Bucket, S3Storage

REGION = "ap-south-1"
SEALED = bytes(range(256)) * 400
KEY = "advisors/0193-a/0193-b"


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    """The address of a store that speaks S3."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def bucket(store: str, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    name = f"documents-{os.urandom(4).hex()}"
    client = boto3.client("s3", region_name=REGION, endpoint_url=store)
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return Bucket(name, REGION, store)


@pytest.fixture(params=["local", "s3"])
async def storage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[DocumentStorage]:
    if request.param == "local":
        yield LocalStorage(tmp_path / "documents")
    else:
        yield S3Storage(request.getfixturevalue("bucket"))


async def test_bytes_come_back_as_they_went_in(storage: DocumentStorage) -> None:
    assert await storage.get(KEY) is None
    for data in (SEALED, b"", b"other"):
        await storage.put(KEY, data)
        assert await storage.get(KEY) == data
    assert await storage.get("advisors/0193-a") is None


async def test_what_is_deleted_is_gone_and_may_be_deleted_again(storage: DocumentStorage) -> None:
    await storage.put(KEY, SEALED)
    for _ in range(2):
        await storage.delete(KEY)
        assert await storage.get(KEY) is None


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../x", "a/../b", "a//b", "A", "a.b", "a/", "a\n", "अ"])
async def test_no_key_leads_elsewhere(storage: DocumentStorage, key: str) -> None:
    for call in (storage.get(key), storage.put(key, b"x"), storage.delete(key)):
        with pytest.raises(ValueError, match="no storage key"):
            await call


async def test_what_was_put_before_a_moment_is_listed(storage: DocumentStorage) -> None:
    now = datetime.now(UTC)
    assert await storage.kept_under("advisors", before=now) == []
    for key in ("advisors/b/2", "advisors/a/1", "others/a"):
        await storage.put(key, SEALED)
    assert await storage.kept_under("advisors", before=now + timedelta(minutes=1)) == ["advisors/a/1", "advisors/b/2"]
    assert await storage.kept_under("advisors", before=now - timedelta(minutes=1)) == []


async def test_a_list_of_several_pages_is_whole(bucket: Bucket) -> None:
    client = boto3.client("s3", region_name=REGION, endpoint_url=bucket.endpoint_url)
    for number in range(1_001):
        client.put_object(Bucket=bucket.name, Key=f"advisors/{number:04d}", Body=b"")
    listed = await S3Storage(bucket).kept_under("advisors", before=datetime.now(UTC) + timedelta(minutes=1))
    assert len(listed) == 1_001


async def test_the_store_encrypts_what_it_keeps(bucket: Bucket) -> None:
    await S3Storage(bucket).put(KEY, SEALED)
    client = boto3.client("s3", region_name=REGION, endpoint_url=bucket.endpoint_url)
    assert client.head_object(Bucket=bucket.name, Key=KEY).get("ServerSideEncryption") == "AES256"


@pytest.mark.parametrize(
    "change", [{"name": "no-such-bucket"}, {"endpoint_url": "http://127.0.0.1:9"}], ids=["bucket", "address"]
)
async def test_a_store_that_does_not_do_its_work_is_away(bucket: Bucket, change: dict[str, str]) -> None:
    storage = S3Storage(Bucket(**(vars(bucket) | change)))
    for call in (storage.put(KEY, SEALED), storage.get(KEY), storage.delete(KEY)):
        with pytest.raises(DocumentStorageAwayError):
            await call


async def test_a_bucket_is_used_once_one_is_named(settings: Settings) -> None:
    async with open_house(settings, process="test") as house:
        assert isinstance(house.documents, LocalStorage)
    named = settings.model_copy(update={"documents_bucket": "documents"})
    async with open_house(named, process="test") as house:
        assert isinstance(house.documents, S3Storage)
