"""The library that ships with the product: fallback packs, frames and standard warnings, as reviewed data files.

Every text carries its SHA-256 and the two people who reviewed it; a file that does not match its hash is refused whole.
"""

from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any
from uuid import UUID

import yaml

from project_one.content.domain import (
    APPROVERS_NEEDED,
    PLACEHOLDERS,
    Content,
    Subject,
    frame_sha256,
)
from project_one.content.errors import LibraryDamagedError
from project_one.kernel.canonical import sha256_hex
from project_one.vocabulary.domain import Capacity, ContentClass, Language


@dataclass(frozen=True)
class Reviewed:
    """A hash and who stands for it."""

    subject: Subject
    sha256: str
    reviewers: tuple[UUID, ...]


@dataclass(frozen=True)
class PackFile:
    slug: str
    topic_family: str
    content_class: ContentClass
    capacities: tuple[Capacity, ...]
    months: tuple[int, ...]
    contents: tuple[Content, ...]


@dataclass(frozen=True)
class FrameFile:
    slug: str
    capacity: Capacity
    language: Language
    wording: int
    body: str
    warning: str
    stop_button: str
    sha256: str


@dataclass(frozen=True)
class Library:
    packs: tuple[PackFile, ...]
    frames: tuple[FrameFile, ...]
    reviews: tuple[Reviewed, ...]


def read_library(root: Traversable | None = None) -> Library:
    """Read and verify the shipped library. Raises LibraryDamagedError naming file and text."""
    root = root or resources.files("project_one.content").joinpath("data")
    reviews: list[Reviewed] = []
    warnings = _read_warnings(root.joinpath("warnings.yaml"))
    packs = [
        _read_pack(path, reviews)
        for path in sorted(root.joinpath("fallback").iterdir(), key=lambda item: item.name)
        if path.name.endswith(".yaml")
    ]
    frames = [_read_frame(entry, warnings, reviews) for entry in _load(root.joinpath("frames.yaml"))]
    return Library(packs=tuple(packs), frames=tuple(frames), reviews=tuple(reviews))


def _load(path: Traversable) -> Any:
    try:
        return yaml.load(
            path.read_text(encoding="utf-8"),
            Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader),
        )
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise _damaged(path.name, f"cannot be read ({type(error).__name__})") from error


def _damaged(where: str, what: str) -> LibraryDamagedError:
    return LibraryDamagedError(
        f"{where}: {what}. Restore the file from the release; it was reviewed as it stood there.",
        where=where,
    )


def _review(subject: Subject, sha256: str, entry: dict[str, Any], where: str) -> Reviewed:
    if entry.get("sha256") != sha256:
        raise _damaged(where, "the text does not match its SHA-256")
    reviewers = tuple(dict.fromkeys(UUID(item) for item in entry.get("reviewers", ())))
    if len(reviewers) < APPROVERS_NEEDED:
        raise _damaged(where, f"{APPROVERS_NEEDED} different reviewers are needed")
    return Reviewed(subject, sha256, reviewers)


def _read_pack(path: Traversable, reviews: list[Reviewed]) -> PackFile:
    data = _load(path)
    contents: list[Content] = []
    for code, entry in data["variants"].items():
        content = Content(topic=entry["topic"], caption=entry["caption"], language=Language(code))
        reviews.append(_review(Subject.CONTENT, content.sha256, entry, f"{path.name}, {code}"))
        contents.append(content)
    return PackFile(
        slug=data["slug"],
        topic_family=data["topic_family"],
        content_class=ContentClass(data["content_class"]),
        capacities=tuple(Capacity(item) for item in data["capacities"]),
        months=tuple(data["months"]),
        contents=tuple(contents),
    )


def _read_warnings(path: Traversable) -> dict[tuple[str, str], str]:
    texts: dict[tuple[str, str], str] = {}
    for entry in _load(path):
        if sha256_hex(entry["text"].encode()) != entry["sha256"]:
            raise _damaged(
                f"{path.name}, {entry['id']} {entry['language']}",
                "the text does not match its SHA-256",
            )
        texts[entry["id"], entry["language"]] = entry["text"]
    return texts


def _read_frame(entry: dict[str, Any], warnings: dict[tuple[str, str], str], reviews: list[Reviewed]) -> FrameFile:
    slug: str = entry["slug"]
    body: str = entry["body"]
    frame = FrameFile(
        slug=slug,
        capacity=Capacity(entry["capacity"]),
        language=Language(entry["language"]),
        wording=entry["wording"],
        body=body,
        warning=entry["warning"],
        stop_button=entry["stop_button"],
        sha256=entry["sha256"],
    )
    sha256 = frame_sha256(
        body=body,
        capacity=frame.capacity,
        language=frame.language,
        stop_button=frame.stop_button,
        warning=frame.warning,
    )
    reviews.append(_review(Subject.FRAME, sha256, entry, f"frames.yaml, {slug}"))
    if not body.endswith("\n" + warnings[frame.warning, frame.language.value]):
        raise _damaged(
            f"frames.yaml, {slug}",
            "the standard warning is not its last line, byte for byte",
        )
    if any(body.count("{{" + name + "}}") != 1 for name in PLACEHOLDERS):
        raise _damaged(f"frames.yaml, {slug}", "each placeholder must stand in it once")
    return frame
