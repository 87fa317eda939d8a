"""
What editors are told of scripts fits them: whatever the loader accepts passes, mistakes do not.

The schema in git is the one made of the models: `ekc ivr schema -o ivr_scripts/script.schema.json`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import fastjsonschema
import pytest

from ekc_telephony.settings.document import read_document
from ekc_telephony.settings.ivr.editor_schema import DESCRIPTIONS, script_schema
from ekc_telephony.settings.ivr.nodes import KINDS

PROJECT: Final = Path(__file__).parents[3]
SCRIPTS: Final = PROJECT / "ivr_scripts"
SCHEMA: Final = SCRIPTS / "script.schema.json"
OTHERS: Final = sorted((Path(__file__).parent / "ivr_counter_examples").glob("*.yaml"))
FIRST_LINE: Final = "# yaml-language-server: $schema=script.schema.json"
HEALTHY: Final = """
entry: hello
nodes:
  hello: {kind: play, prompts: [greeting], next: menu}
  menu:
    kind: menu
    prompts: [{text: {ru: "Нажмите один.", en: "Press one."}}]
    keys: {1: person, "*": menu}
    timeout: 1m30s
    retries: 1
    invalid_prompts: []
    timeout_prompts: []
    exhausted: person
  person: {kind: enqueue, queue: 101}
"""


@pytest.fixture(scope="module")
def accepts() -> Callable[[Any], object]:
    validate: Callable[[Any], object] = fastjsonschema.compile(script_schema(), use_default=False)
    return validate


def as_json(plain: object) -> object:
    """Return what an editor sees: keys are text there, and a number stands as it is written."""
    match plain:
        case dict():
            return {
                str(getattr(key, "written", key)): as_json(value) for key, value in plain.items()
            }
        case list():
            return [as_json(each) for each in plain]
        case bool() | int() | float() | str() | None:
            return plain
        case _:
            return str(plain)


def read(text: str) -> object:
    return as_json(read_document(Path("script.yaml"), text=text).plain)


def test_the_schema_in_git_is_the_one_made_of_the_models() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == script_schema()


def test_every_kind_of_node_and_every_key_is_explained() -> None:
    schema = script_schema()
    nodes = [each["then"]["$ref"] for each in schema["definitions"]["Node"]["allOf"]]
    assert len(nodes) == len(KINDS)
    told = [schema["definitions"][each.rpartition("/")[2]]["description"] for each in nodes]
    assert [each.split("`")[1] for each in told] == list(KINDS)
    assert set(DESCRIPTIONS) == set(keys_of(schema))


def keys_of(schema: dict[str, Any]) -> Iterator[str]:
    for each in (schema, *schema["definitions"].values()):
        yield from each.get("properties", ())


@pytest.mark.parametrize("file", sorted(SCRIPTS.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_script_that_ships_passes_and_names_the_schema(
    file: Path, accepts: Callable[[Any], object]
) -> None:
    accepts(as_json(read_document(file).plain))
    assert file.read_text(encoding="utf-8").splitlines()[0] == FIRST_LINE


@pytest.mark.parametrize("file", OTHERS, ids=lambda file: file.stem)
def test_scripts_that_are_well_formed_and_wrong_pass_too(
    file: Path, accepts: Callable[[Any], object]
) -> None:
    accepts(as_json(read_document(file).plain))


def test_a_healthy_script_passes(accepts: Callable[[Any], object]) -> None:
    accepts(read(HEALTHY))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("kind: play", "kind: plya"),
        ("kind: play, ", ""),
        ("next: menu", "nxt: menu"),
        (", next: menu", ""),
        ("next: menu", "next: [menu]"),
        ("next: menu", "next: главное меню"),
        ("prompts: [greeting]", "prompts: greeting"),
        ("prompts: [greeting]", "prompts: []"),
        ("prompts: [greeting]", "prompts: [{txt: Добрый день}]"),
        ("timeout: 1m30s", "timeout: 90"),
        ("timeout: 1m30s", "timeout: 90 s"),
        ("retries: 1", "retries: 10"),
        ("retries: 1", "retries: once"),
        ("keys: {1: person", "keys: {11: person"),
        ("entry: hello", ""),
        ("entry: hello", "enter: hello"),
        ("entry: hello", "entry: hello\nmax_time_to_human: 120"),
        ("entry: hello", "entry: hello\nmax_keys_to_human: 21"),
        ("entry: hello", "entry: hello\nlanguages: [russian]"),
        ("entry: hello", "entry: hello\nvariables: {age: {kind: integer}}"),
        ("queue: 101", "queue: 101, answer: later"),
        ("queue: 101", "queue: 101, skills: {general: 11}"),
        ("hello:", "привет:"),
    ],
)
def test_a_mistake_of_form_is_refused(
    right: str, wrong: str, accepts: Callable[[Any], object]
) -> None:
    assert right in HEALTHY
    with pytest.raises(fastjsonschema.JsonSchemaValueException):
        accepts(read(HEALTHY.replace(right, wrong, 1)))


@pytest.mark.parametrize(
    "limits", ["max_time_to_human: none", "max_keys_to_human: none", "max_time_to_human: 500ms"]
)
def test_a_limit_may_be_none(limits: str, accepts: Callable[[Any], object]) -> None:
    accepts(read(f"{limits}{HEALTHY}"))


def identifying(how: str) -> dict[str, Any]:
    ways = "identified: b, otherwise: b"
    written = read(f"entry: a\nnodes: {{a: {{kind: identify, service: s, {how}, {ways}}}}}")
    assert isinstance(written, dict)
    return written


@pytest.mark.parametrize("how", ["by: number", "by: snils, prompts: [greeting], timeout: 5s"])
def test_whoever_types_is_asked(how: str, accepts: Callable[[Any], object]) -> None:
    written = identifying(how)
    accepts(written)
    KINDS["identify"].model_validate(written["nodes"]["a"])


@pytest.mark.parametrize(
    "how",
    [
        "by: snils, prompts: [greeting]",
        "by: snils, timeout: 5s",
        "by: number, prompts: [greeting]",
    ],
)
def test_who_must_type_and_is_not_asked_is_refused(
    how: str, accepts: Callable[[Any], object]
) -> None:
    written = identifying(how)
    with pytest.raises(fastjsonschema.JsonSchemaValueException):
        accepts(written)
    with pytest.raises(ValueError, match="prompts"):
        KINDS["identify"].model_validate(written["nodes"]["a"])


def test_the_page_of_scripts_explains_every_kind_and_names_keys_that_exist() -> None:
    page = (SCRIPTS / "README.md").read_text(encoding="utf-8").partition("## The head")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| .*\|$", page, re.MULTILINE)
    assert sorted(kind for kind, _ in rows) == sorted(KINDS)
    for kind, told in rows:
        outside_brackets = re.sub(r"\(.*?\)", "", told)
        named = set(re.findall(r"`(\w+)`", outside_brackets))
        assert named <= KINDS[kind].model_fields.keys(), kind
