"""Policies from the command line."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

import project_one
from project_one.bootstrap import House
from project_one.compliance.rulebook import load
from project_one.entrypoints.cli import app
from project_one.entrypoints.commands import policies
from project_one.settings import Settings


def test_the_shipped_folder_drafts_the_shipped_version(
    house: House, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Every file of the folder counts, the weights too: else a draft would say less than what it was copied from."""
    monkeypatch.setattr(policies, "settings", lambda: settings)
    folder = tmp_path / "policy"
    shutil.copytree(Path(project_one.__file__).parent / "compliance" / "data", folder)
    runner = CliRunner()
    drafted = runner.invoke(app, ["policies", "draft", str(folder), "--as", "asha", "--note", "as shipped"])
    assert drafted.output.startswith(load().version), drafted.output
    listed = runner.invoke(app, ["policies", "list"])
    assert "draft  by reviewer:asha: as shipped" in listed.output
    refused = runner.invoke(app, ["policies", "approve", "zz", "--as", "ravi", "--from", "2026-11-24"])
    assert "0 versions begin with 'zz'" in str(refused.exception)
