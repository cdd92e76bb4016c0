"""`project-one lint` for people."""

from pathlib import Path

from typer.testing import CliRunner

from project_one.compliance.rulebook import load
from project_one.entrypoints.cli import app


def test_a_likeness_is_explained_like_any_finding(tmp_path: Path) -> None:
    path = tmp_path / "caption.txt"
    path.write_text(
        "Put in your bonus now and a cheque of nine thousand finds its way to you each month, like rent from a good "
        "tenant, whatever the mood outside.\nAsha Rao, ARN-12345\nMutual Fund investments are subject to market risks, "
        "read all scheme related documents carefully.",
        encoding="utf-8",
    )
    told = load().weighed
    assert told is not None
    said = " ".join(CliRunner().invoke(app, ["lint", str(path)]).output.split())
    assert "HOUSE-READS-LIKE" in said
    assert told.message["en"] in said
