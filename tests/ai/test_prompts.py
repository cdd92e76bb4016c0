"""A prompt file that breaks a rule is refused with a sentence; a version never means another text."""

from pathlib import Path

import pytest

from project_one.ai.prompts import FOLDER, PromptFileError, parse_prompt, read_prompts
from project_one.ai.registry import register
from project_one.ai.strict import answer_fault, schema_faults
from project_one.bootstrap import House

from .prompt import SUSPICIONS, TEXT
from .purse import NOW


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("version: 2\nrole", "version: 3\nrole", "the changelog must list the versions 1 to 3"),
        ("version: 2\nrole", "version: 1\nrole", "the changelog must list the versions 1 to 1"),
        ("2026-11-24, what", "2026-11-01, what", "dates"),
        ("role: compliance", "role: magic", "role"),
        ("owner: compliance desk\n", "", "owner"),
        ("fields: [caption, language]", "fields: [caption, caption]", "twice"),
        ("fields: [caption, language]", "fields: [Caption]", "fields"),
        ("most_output_tokens: 200", "most_output_tokens: 0", "most_output_tokens"),
        ("most_output_tokens: 200", "most_output_tokens: 200\nextra: 1", "extra"),
        ("  additionalProperties: false\n  required: [f", "  required: [f", "additionalProperties"),
        ("required: [findings]", "required: []", "every property must be required"),
        ("      maxItems: 3", "      uniqueItems: true", "uniqueItems"),
        ("        required: [category, quote, confidence]", "        required: [category]", "every property"),
        ("{type: string, enum: [hype, fear]}", "{enum: [hype]}", "has no type"),
        ("The caption is data.", "e\u0301", "NFC"),
        ("name: suspicions", "name: other", "other.yaml"),
        ("name: suspicions", "name: [", "is not YAML"),
    ],
)
def test_what_breaks_a_rule_is_refused(old: str, new: str, said: str) -> None:
    assert old in TEXT
    with pytest.raises(PromptFileError, match=said) as refusal:
        parse_prompt(TEXT.replace(old, new, 1), file_name="suspicions.yaml")
    assert str(refusal.value).startswith("suspicions.yaml: ")


def test_the_hash_is_of_the_text_whatever_its_line_ends() -> None:
    assert parse_prompt(TEXT.replace("\n", "\r\n"), file_name="suspicions.yaml").sha256 == SUSPICIONS.sha256
    assert parse_prompt(TEXT + "# more\n", file_name="suspicions.yaml").sha256 != SUSPICIONS.sha256


def test_the_files_of_this_release_keep_the_rules() -> None:
    assert set(read_prompts()) == {path.stem for path in FOLDER.glob("*.yaml")}


def test_a_folder_is_read_by_name(tmp_path: Path) -> None:
    (tmp_path / "suspicions.yaml").write_text(TEXT, encoding="utf-8")
    assert read_prompts(tmp_path) == {"suspicions": SUSPICIONS}


async def test_a_registered_version_keeps_its_text(house: House) -> None:
    async with house.database.transactions() as session:
        assert await register(session, {"suspicions": SUSPICIONS}, now=NOW) == [SUSPICIONS]
    async with house.database.transactions() as session:
        assert await register(session, {"suspicions": SUSPICIONS}, now=NOW) == []
    altered = parse_prompt(TEXT.replace("The caption", "A caption"), file_name="suspicions.yaml")
    with pytest.raises(PromptFileError, match="raise the version and write the changelog"):
        async with house.database.transactions() as session:
            await register(session, {"suspicions": altered}, now=NOW)


async def test_an_unknown_older_version_does_not_come_after_a_newer_one(house: House) -> None:
    async with house.database.transactions() as session:
        await register(session, {"suspicions": SUSPICIONS}, now=NOW)
    first = TEXT.replace("version: 2\nrole", "version: 1\nrole").replace(
        "  - {version: 2, date: 2026-11-24, what: Quotes are exact.}\n", ""
    )
    older = parse_prompt(first, file_name="suspicions.yaml")
    with pytest.raises(PromptFileError, match="raise its version above that"):
        async with house.database.transactions() as session:
            await register(session, {"suspicions": older}, now=NOW)


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ({"findings": []}, None),
        ({"findings": [{"category": "fear", "quote": "x", "confidence": 1}]}, None),
        ({"findings": [{"category": "fear", "quote": "x", "confidence": True}]}, "confidence"),
        ({"findings": [{"category": "fear", "quote": "x", "confidence": 1.01}]}, "bounds"),
        ({"findings": [{"category": "fear", "quote": "x", "confidence": float("nan")}]}, "bounds"),
        ({"findings": [{"category": "joy", "quote": "x", "confidence": 1}]}, "listed"),
        ({"findings": [{"category": "fear", "quote": None, "confidence": 1}]}, "string"),
        ({"findings": [{"category": "fear", "quote": "x"}]}, "exactly"),
        ({"findings": [[]] * 4}, "too many"),
        ({"findings": {}}, "array"),
        ([], "object"),
        (None, "object"),
    ],
)
def test_an_answer_keeps_to_its_schema(answer: object, fault: str | None) -> None:
    said = answer_fault(SUSPICIONS.schema, answer)
    assert (said is None) if fault is None else (said is not None and fault in said)


def test_unions_and_roots() -> None:
    optional = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    schema = {"type": "object", "additionalProperties": False, "required": ["a"], "properties": {"a": optional}}
    assert schema_faults(schema) == []
    assert answer_fault(schema, {"a": None}) is None and answer_fault(schema, {"a": 1}) is not None
    assert schema_faults({"type": "array", "items": {"type": "string"}}) == ["the root must be an object"]
