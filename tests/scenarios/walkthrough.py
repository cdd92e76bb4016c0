"""What `docs/walkthrough.md` writes: its bodies and its calls."""

import json
import re
from pathlib import Path
from typing import Any

_DOCUMENT = Path(__file__).parents[2] / "docs" / "walkthrough.md"
_BLOCK = re.compile(r"^```bash\n(.*?)^```", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"cat > \.data/walk/(\S+) <<'?END'?\n(.*?)^END$", re.DOTALL | re.MULTILINE)
_CALL = re.compile(r'(?:call|curl -sS -N) "\$API([^"]*)"([^\n]*)')
_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Walkthrough:
    """`calls`: as `POST /advisors/{}/approve`, ids left out."""

    def __init__(self) -> None:
        text = "\n".join(_BLOCK.findall(_DOCUMENT.read_text(encoding="utf-8")))
        self._files: dict[str, str] = dict(_FILE.findall(text))
        self.calls = {f"{_method(rest)} {re.sub('[$][A-Z]+', '{}', path)}" for path, rest in _CALL.findall(text)}

    def file(self, name: str) -> bytes:
        return self._files[name].encode()

    def body(self, name: str, **values: Any) -> Any:
        """The JSON of a file; `$NAME` in it stands for a value."""
        text = self._files[name]
        for variable, value in values.items():
            text = text.replace(f"${variable}", json.dumps(value))
        return json.loads(text)


def _method(rest: str) -> str:
    named = re.search(r"-X ([A-Z]+)", rest)
    if named:
        return named.group(1)
    return "POST" if re.search(" -[dF] ", rest) else "GET"


def as_written(method: str, path: str) -> str:
    return f"{method} {_UUID.sub('{}', path)}"
