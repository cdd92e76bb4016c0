"""Prompt files: read, held to their rules, hashed. A version, once registered, never means another text."""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from project_one.ai.domain import Prompt, Role
from project_one.ai.strict import schema_faults
from project_one.kernel.canonical import sha256_hex

FOLDER = Path(__file__).parent / "data" / "prompts"

_Text = Annotated[str, Field(min_length=1)]
_Name = Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,62}$")]


class PromptFileError(Exception):
    """A prompt file breaks a rule; the text names the file and says what to do."""


class _Change(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    version: int
    date: date
    what: _Text


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: _Name
    version: Annotated[int, Field(ge=1)]
    role: Annotated[Role, Field(strict=False)]
    owner: _Text
    changelog: Annotated[list[_Change], Field(min_length=1)]
    fields: Annotated[list[_Name], Field(min_length=1)]
    most_output_tokens: Annotated[int, Field(ge=1, le=16_000)]
    system: _Text
    schema_: Annotated[dict[str, Any], Field(alias="schema")]


def read_prompts(folder: Path = FOLDER) -> dict[str, Prompt]:
    """Every prompt of the folder by name. Raises PromptFileError."""
    return {prompt.name: prompt for prompt in map(_read, sorted(folder.glob("*.yaml")))}


def parse_prompt(text: str, *, file_name: str) -> Prompt:
    """One prompt from the text of its file. Raises PromptFileError."""
    text = text.replace("\r\n", "\n")
    if not unicodedata.is_normalized("NFC", text):
        raise PromptFileError(f"{file_name}: the text is not NFC; save it in Unicode normal form C.")
    try:
        file = _File.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise PromptFileError(f"{file_name}: is not YAML: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise PromptFileError(f"{file_name}: {place}: {first['msg']}.") from error
    wrong = _wrong(file, file_name)
    if wrong:
        raise PromptFileError(f"{file_name}: {wrong}")
    return Prompt(
        name=file.name,
        version=file.version,
        sha256=sha256_hex(text.encode()),
        role=file.role,
        owner=file.owner,
        system=file.system,
        fields=tuple(file.fields),
        schema=file.schema_,
        most_output_tokens=file.most_output_tokens,
        changelog=tuple(change.model_dump(mode="json") for change in file.changelog),
    )


def unregistered(prompts: Mapping[str, Prompt], registered: Mapping[tuple[str, int], str]) -> Sequence[Prompt]:
    """Prompts that are not registered yet. `registered`: hash by name and version.

    Raises PromptFileError where a registered version has another hash, or an older version is to come after a newer one.
    """
    fresh: list[Prompt] = []
    for prompt in prompts.values():
        known = registered.get((prompt.name, prompt.version))
        newest = max((version for name, version in registered if name == prompt.name), default=0)
        if known is None and prompt.version < newest:
            raise PromptFileError(
                f"The prompt {prompt.name} is version {prompt.version} here, but {newest} was used already: "
                "raise its version above that and write the changelog."
            )
        if known is not None and known != prompt.sha256:
            raise PromptFileError(
                f"The prompt {prompt.name} was changed, but version {prompt.version} is registered with another text: "
                "raise the version and write the changelog."
            )
        if known is None:
            fresh.append(prompt)
    return fresh


def _read(path: Path) -> Prompt:
    return parse_prompt(path.read_text(encoding="utf-8"), file_name=path.name)


def _wrong(file: _File, file_name: str) -> str | None:
    if file_name != f"{file.name}.yaml":
        return f"the prompt {file.name} must stand in {file.name}.yaml."
    if len(set(file.fields)) < len(file.fields):
        return "a field is listed twice."
    versions = [change.version for change in file.changelog]
    if versions != list(range(1, file.version + 1)):
        return f"the changelog must list the versions 1 to {file.version} in order, each once."
    dates = [change.date for change in file.changelog]
    if dates != sorted(dates):
        return "the dates of the changelog go back."
    faults = schema_faults(file.schema_)
    return f"schema: {faults[0]}." if faults else None
