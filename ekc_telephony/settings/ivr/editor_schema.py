"""
What an editor is told of scripts: a JSON Schema (draft 7), made of the models that read them.

`ivr_scripts/script.schema.json` is this schema. An editor that knows it (VS Code with the extension
YAML) completes kinds and keys, explains them, and marks what the loader would refuse, node by node.

Rule 1: it accepts whatever the loader accepts. What it cannot express (that a target exists, that
an expression is well-formed) it lets pass: `ekc ivr check` says it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from ekc_telephony.core.ivr.script import Identification
from ekc_telephony.settings.ivr.head import NO_LIMIT, Head
from ekc_telephony.settings.ivr.nodes import KINDS, NODE_NAME

Schema: TypeAlias = dict[str, Any]

_REFERENCE: Final = "#/definitions/{model}"
DESCRIPTIONS: Final[Mapping[str, str]] = {
    "after": "Where he goes on whose operator has hung up.",
    "answer": "at_once: answered, with music. with_agent: he hears ringing until one picks up.",
    "answers": "Key: the answer that it means.",
    "attempts": "How often the information system may not know him.",
    "by": "What proves who he is.",
    "cases": "Conditions, tried from above; the first that is true leads on.",
    "closed": "The node for when the schedule is closed.",
    "entry": "The node where a call begins.",
    "exhausted": "The node for whoever was forgiven often enough.",
    "fallback": "The node for when the information system does not answer.",
    "fields": "Field of the question: an expression over the variables.",
    "format": "What is typed, and when it is complete and right.",
    "identified": "The node for whoever has proved who he is.",
    "identifies": "An answer proves who the caller is, by what he has typed before.",
    "initial": "What it holds at first.",
    "into": "The variable for what was typed; of a lookup, variable: name in the answer.",
    "invalid_prompts": "Heard after a wrong key.",
    "keys": "Key: the node to which it leads.",
    "kind": "What the caller meets here; of a variable, what it holds.",
    "known": "The node for whose number we know.",
    "language": "The language from now on; one of `languages` of the script.",
    "languages": "The languages it speaks; the first is that of a new caller.",
    "least": "The least number.",
    "max_keys_to_human": "So many keys at most to a person, from everywhere; none: no limit.",
    "max_length": "Digits at most.",
    "max_time_to_human": "So long at most to a person, from everywhere; none: no limit.",
    "min_length": "Digits at least.",
    "most": "The greatest number.",
    "name": "What statistics call the question.",
    "next": "The node that follows.",
    "nodes": "Name: node.",
    "not_found": "The node for when the information system has no such thing.",
    "not_found_prompts": "Heard by whom the information system does not know.",
    "number": "A number of `outside` in ekc.yaml.",
    "open": "The node for when the schedule is open.",
    "otherwise": "The node for all others.",
    "outcome": "What becomes of the call in the statistics.",
    "personal": "Never in logs, and spoken only to a caller who has proved who he is.",
    "priority": "Besides that of the queue.",
    "prompts": "Heard one after another: keys of sounds/manifest.yaml, or texts.",
    "questions": "Asked one after another.",
    "queue": "A queue of ekc.yaml.",
    "retries": "How often a wrong key or silence is forgiven.",
    "schedule": "A schedule of ekc.yaml.",
    "script": "The script that is called: a file beside this one, without .yaml.",
    "service": "An information system of ekc.yaml.",
    "side": "On which side of today the date must be.",
    "skills": "What the caller needs besides what the queue asks for: skill: level.",
    "text": "What is said, in words; a value as {{ name | form }}. Or language: text.",
    "time_zone": "Whose clock and calendar this script goes by.",
    "timeout": "So long we wait for a key, in silence.",
    "timeout_prompts": "Heard after silence.",
    "times": "How often a caller may pass.",
    "unknown": "The node for who hides his number.",
    "values": "Variable: an expression.",
    "variables": "What the script remembers of its caller.",
    "wait_prompts": "Heard while the information system is asked.",
    "way": "The way back, where the call leads by several: a name of its `ways`.",
    "ways": "Where else the called script may lead: the `way` of its return: the node.",
    "when": "An expression that is true or not.",
    "without_number": "The node for whose number we do not know.",
    "year_digits": "Digits of the year: 4 or 2.",
}
"""What a key means, in a line; a key means much the same wherever it stands."""


def script_schema() -> Schema:
    """Return the schema of a script's file."""
    models: Mapping[str, type[BaseModel]] = {"script": Head, **KINDS}
    places, whole = models_json_schema(
        [(model, "validation") for model in models.values()], ref_template=_REFERENCE
    )
    definitions: Schema = whole["$defs"]
    names = {
        kind: places[model, "validation"]["$ref"].rpartition("/")[2]
        for kind, model in models.items()
    }
    for each in definitions.values():
        _refine(each)
    head: Schema = definitions.pop(names.pop("script"))
    for name in names.values():
        definitions[name]["description"] = str(definitions[name]["description"]).splitlines()[0]
    definitions[names["identify"]] |= _asking_if_it_must()
    head["properties"]["nodes"] |= {
        "type": "object",
        "patternProperties": {f"^{NODE_NAME.pattern}$": {"$ref": "#/definitions/Node"}},
        "additionalProperties": False,
        "minProperties": 1,
    }
    for limit in ("max_time_to_human", "max_keys_to_human"):
        ways = [each for each in head["properties"][limit]["anyOf"] if each != {"type": "null"}]
        head["properties"][limit]["anyOf"] = [*ways, {"const": NO_LIMIT}]
    head["properties"]["max_time_to_human"]["default"] = "2m"
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        **head,
        "title": "A script of EKC",
        "description": "What a caller meets: a graph of nodes.",
        "definitions": {**dict(sorted(definitions.items())), "Node": _node(names)},
    }


def _node(names: Mapping[str, str]) -> Schema:
    """Return the schema of any node: by its kind alone is said what else it must be."""
    return {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": list(names), "description": DESCRIPTIONS["kind"]}},
        "allOf": [
            {
                "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
                "then": {"$ref": _REFERENCE.format(model=name)},
            }
            for kind, name in names.items()
        ],
    }


def _asking_if_it_must() -> Schema:
    """Return what `identify` must have besides, as `Identify` checks it."""
    return {
        "if": {"properties": {"by": {"const": Identification.NUMBER.value}}},
        "then": {"properties": {"prompts": {"maxItems": 0}}},
        "else": {"required": ["prompts", "timeout"], "properties": {"prompts": {"minItems": 1}}},
    }


def _refine(schema: Schema) -> None:
    """Let it be refused what pydantic's schema would let pass, and name every key's meaning."""
    schema.pop("title", None)
    for name, each in schema.get("properties", {}).items():
        each.pop("title", None)
        each["description"] = DESCRIPTIONS[name]
        _close(each)


def _close(schema: Schema) -> None:
    """Refuse keys of a mapping that do not match their pattern."""
    if "patternProperties" in schema:
        schema["additionalProperties"] = False
    for each in schema.get("anyOf", ()):
        _close(each)
