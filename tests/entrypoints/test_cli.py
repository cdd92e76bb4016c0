"""What the person at the terminal reads when the ground gives way."""

import pytest
from sqlalchemy.exc import DBAPIError

from project_one.entrypoints import cli


class _Refusal(Exception):
    def __init__(self, sqlstate: str) -> None:
        super().__init__("could not extend file")
        self.sqlstate = sqlstate


def _error(sqlstate: str) -> DBAPIError:
    return DBAPIError("INSERT", None, _Refusal(sqlstate))


@pytest.mark.parametrize(
    ("sqlstate", "says"), [("53100", "disk is full"), ("57P01", "went away"), ("08006", "went away")]
)
def test_a_server_in_trouble_is_one_sentence(
    sqlstate: str, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> None:
        raise _error(sqlstate)

    monkeypatch.setattr(cli, "app", fails)
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    said = capsys.readouterr().err
    assert stopped.value.code == 1
    assert says in said
    assert said.count("\n") == 1


def test_our_own_mistake_keeps_its_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        raise _error("42703")

    monkeypatch.setattr(cli, "app", fails)
    with pytest.raises(DBAPIError):
        cli.main()
