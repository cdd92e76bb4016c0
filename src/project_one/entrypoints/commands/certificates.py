"""`project-one certificate`: without an installation and without network."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from project_one.delivery.certificate import (
    CertificateInvalidError,
    ExportDamagedError,
    as_text,
    certificate_body,
    key_id,
    verify,
)
from project_one.entrypoints.up.places import UpError

certificate = typer.Typer(no_args_is_help=True, help="Check SLA certificates, offline.")


@certificate.command(name="verify")
def check(
    file: Path,
    key: Annotated[str | None, typer.Option(help="The public key (hex) you trust.")] = None,
) -> None:
    """Check the signature of a certificate file. Needs no installation and no network."""
    try:
        signed = verify(file.read_bytes())
    except CertificateInvalidError as error:
        raise UpError(str(error)) from error
    if key is not None and signed.public_key.hex() != key.lower():
        message = f"The signature is good, but by the key {key_id(signed.public_key)}, not by the one you trust."
        raise UpError(message)
    trust = "" if key else "; compare this key with the published one"
    typer.echo(f"Signature good, by key {key_id(signed.public_key)}{trust}.")
    typer.echo(as_text(signed.body))


@certificate.command(name="recompute")
def recompute(file: Path) -> None:
    """Compute the certificate's body again from a ledger export; the same export gives the same bytes."""
    try:
        body = certificate_body(file.read_bytes())
    except ExportDamagedError as error:
        message = f"{file}: {error}."
        raise UpError(message) from error
    sys.stdout.buffer.write(body + b"\n")
