"""What proves a registration, and telling a document's kind by its bytes. Pure."""

from collections.abc import Mapping, Set
from enum import StrEnum

from project_one.advisor.errors import DocumentInvalidError, DocumentTooLargeError
from project_one.vocabulary.domain import Capacity

MOST_BYTES = 5 * 1024 * 1024
_ZIP_DIRECTORY = b"PK\x05\x06"
_ZIP_TAIL = 65_557  # a zip's directory ends within its last bytes: 22 and a comment of up to 65,535
_PDF_TAIL = 1024


class DocumentKind(StrEnum):
    """`CERTIFICATE`: of SEBI for IA and RA, of AMFI (the ARN card) for MFD."""

    CERTIFICATE = "certificate"
    NISM_CERTIFICATE = "nism-certificate"
    PAN = "pan"
    ADDRESS_PROOF = "address-proof"


class MediaType(StrEnum):
    PDF = "application/pdf"
    JPEG = "image/jpeg"
    PNG = "image/png"


_BASE = frozenset({DocumentKind.CERTIFICATE, DocumentKind.PAN, DocumentKind.ADDRESS_PROOF})
REQUIRED: Mapping[Capacity, frozenset[DocumentKind]] = {
    Capacity.MFD: _BASE,
    Capacity.IA: _BASE | {DocumentKind.NISM_CERTIFICATE},
    Capacity.RA: _BASE | {DocumentKind.NISM_CERTIFICATE},
}
"""An MFD's ARN is issued on her NISM certificate, so her ARN card carries it."""


def is_complete(capacity: Capacity, kinds: Set[DocumentKind]) -> bool:
    return kinds >= REQUIRED[capacity]


def sniff(data: bytes) -> MediaType:
    """What the bytes are, whatever their name says. Raises DocumentInvalidError, DocumentTooLargeError."""
    if len(data) > MOST_BYTES:
        message = "A document may have 5 MB; scan it with fewer dots per inch."
        raise DocumentTooLargeError(message)
    is_also_zip = _ZIP_DIRECTORY in data[-_ZIP_TAIL:]
    if data.startswith(b"%PDF-") and b"%%EOF" in data[-_PDF_TAIL:] and not is_also_zip:
        return MediaType.PDF
    if data.startswith(b"\xff\xd8\xff") and data.rstrip(b"\x00").endswith(b"\xff\xd9"):
        return MediaType.JPEG
    if data.startswith(b"\x89PNG\r\n\x1a\n") and data.endswith(b"IEND\xaeB`\x82"):
        return MediaType.PNG
    message = "Send a complete PDF, JPEG or PNG; what counts is what the file is, not its name."
    raise DocumentInvalidError(message)
