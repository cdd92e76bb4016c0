"""The program as a process: start, ready line, bad input, stop."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

import project_one_sandbox

COMMAND = [sys.executable, "-m", "project_one_sandbox"]
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(Path(project_one_sandbox.__file__).parents[1]),
}


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - our own program
        [*COMMAND, *arguments],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@contextmanager
def running(*arguments: str, **environment: str) -> Generator[tuple["subprocess.Popen[str]", str]]:
    process = subprocess.Popen(  # noqa: S603 - our own program
        [*COMMAND, "--port", "0", *arguments],
        env={**ENVIRONMENT, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("sandbox listening on http://127.0.0.1:")
        yield process, line.split()[-1]
    finally:
        process.kill()
        process.communicate()


def ask(url: str, body: object = None, token: str = "sandbox-access-token") -> str:  # noqa: S107 - the default
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, data, headers)  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
        return answer.read().decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_starts_answers_and_stops_within_a_second(tmp_path: Path, number: signal.Signals) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"numbers": [{"id": "7", "display_phone_number": "+91 98000 00000"}]}))
    environment = {"SANDBOX_ACCESS_TOKEN": "other"}
    with running("--config", str(config), **environment) as (process, url):
        assert '"id":"7"' in ask(f"{url}/v25.0/7", token="other")  # noqa: S106 - not secret
        ask(f"{url}/_sandbox/faults", {"kind": "accept_then_timeout", "hold_ms": 60000})
        template = {"name": "hello_world", "language": {"code": "en_US"}}
        body = json.dumps(
            {
                "messaging_product": "whatsapp",
                "to": "+911000000001",
                "type": "template",
                "template": template,
            }
        )
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as held:
            head = "POST /v25.0/7/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer other\r\nContent-Length: "
            held.sendall(f"{head}{len(body)}\r\n\r\n{body}".encode())
            until = time.monotonic() + 10
            while '"accepted":1' not in ask(f"{url}/_sandbox/oracle/summary"):
                assert time.monotonic() < until
            started = time.monotonic()
            process.send_signal(number)
            assert process.wait(timeout=10) == 0
            assert time.monotonic() - started < 1.0


def test_the_keys_of_its_openai_come_from_the_environment() -> None:
    with running(SANDBOX_OPENAI_KEY="one, two") as (_, url):
        for key in ("one", "two"):
            assert '"object":"list"' in ask(f"{url}/openai/v1/models", token=key)
        with pytest.raises(urllib.error.HTTPError) as refused:
            ask(f"{url}/openai/v1/models", token="sandbox-openai-key")  # noqa: S106 - the default
        with refused.value as answer:
            assert (answer.code, b"invalid_api_key" in answer.read()) == (401, True)


def test_a_busy_port_is_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("--port", str(port))
    assert done.returncode == 1
    assert done.stderr == f"sandbox: cannot listen on 127.0.0.1:{port}: Address already in use.\n"


@pytest.mark.parametrize(
    ("config", "word"),
    [
        ('{"receipts": {"batch_max": 0}}', "receipts.batch_max"),
        ('{"templates": [{"name": "X"}]}', "templates[0].name"),
        ("[]", "JSON object"),
        ("{", "JSON object"),
    ],
)
def test_a_bad_configuration_is_one_sentence(tmp_path: Path, config: str, word: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(config)
    done = run("--port", "0", "--config", str(path))
    assert (done.returncode, done.stdout) == (1, "")
    assert word in done.stderr
    assert done.stderr.count("\n") == 1


def test_bad_arguments_are_one_sentence(tmp_path: Path) -> None:
    missing = run("--config", str(tmp_path / "none.json"))
    assert (missing.returncode, missing.stderr.count("\n")) == (1, 1)
    assert run("--time-scale", "0").returncode == 1
    assert run("--port", "70000").returncode == 1
