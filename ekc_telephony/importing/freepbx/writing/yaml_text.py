"""
Scripts and snippets as YAML that a person goes on editing.

Rule 1: only names that `names.slug` made and numbers stand unquoted; what people wrote stands in
        comments, on one line each, or in quotes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from ekc_telephony.importing.freepbx.growth.way import PERSON
from ekc_telephony.importing.freepbx.writing.drafts import (
    Node,
    Outside,
    Queue,
    Schedule,
    Script,
    Value,
)

_MOST_COMMENTS: Final = 12


def script_text(script: Script, *, person: str) -> str:
    """Return the file of a script."""
    lines = [
        "# yaml-language-server: $schema=script.schema.json",
        f"# Перенесено из FreePBX командой `ekc ivr import freepbx`: {script.title}.",
        "# Что перенесено не так, как было, и что решить, – в IMPORT.md рядом.",
        *([f"# Номера: {', '.join(script.numbers)}"] if script.numbers else []),
        *(
            ["# С него звонки не начинаются: его вызывают другие (kind: call)."]
            if script.is_called
            else []
        ),
        "",
        f"entry: {script.entry}",
        *([f"languages: [ru, {', '.join(script.languages)}]"] if script.languages else []),
        "",
        "nodes:",
    ]
    for index, (name, node) in enumerate(script.nodes.items()):
        lines += [""] if index else []
        lines += _node_lines(name, node)
    has_suggestion = any(node.suggestion for node in script.nodes.values())
    if has_suggestion and PERSON not in script.nodes:
        lines += ["", "  # Сюда ведёт предложенная клавиша 0; раскомментируйте вместе с ней:"]
        lines += [f"  # {PERSON}:", "  #   kind: enqueue", f"  #   queue: {person}"]
    return "\n".join(lines) + "\n"


def numbers_snippet(scripts: tuple[Script, ...]) -> str:
    """Return `numbers:` of `ekc.yaml`."""
    rows = [
        f'  - {{did: "{number}", script: {script.name}}}'
        for script in scripts
        for number in script.numbers
    ]
    return "\n".join(["numbers:", *rows]) if rows else ""


def schedules_snippet(schedules: tuple[Schedule, ...]) -> str:
    """Return `schedules:` of `ekc.yaml`."""
    lines = ["schedules:"] if schedules else []
    for each in schedules:
        lines.append(f"  {each.name}:  # {each.source}")
        lines += [f"    time_zone: {each.time_zone}", "    weekly:"]
        for days, intervals in each.weekly:
            quoted = ", ".join(f'"{interval}"' for interval in intervals)
            lines.append(f"      {days}: [{quoted}]")
        lines.append("    holidays: none  # FreePBX праздников не знает; RU – праздники России")
    return "\n".join(lines)


def queues_snippet(queues: tuple[Queue, ...]) -> str:
    """Return `queues:` of `ekc.yaml`, with values to be decided."""
    lines = ["queues:"] if queues else []
    for each in queues:
        lines += [
            f"  - id: {each.name}  # {each.source}",
            f"    title: {json.dumps(_title(each.title), ensure_ascii=False)}",
            "    line: first",
            "    skills: {general: 1}",
            "    ring_time: 20s",
            "    wrap_up: 30s",
            "    after_refusal: 5s",
            "    announce_every: 45s",
            "    record: true",
            "    when_no_agents: wait",
        ]
    return "\n".join(lines)


def outside_snippet(outside: tuple[Outside, ...]) -> str:
    """Return `outside:` of `ekc.yaml`; by which trunk, the admin knows."""
    rows = [f'  - {{number: "{each.number}", trunk: city}}  # {each.source}' for each in outside]
    return "\n".join(["outside:", *rows]) if rows else ""


def _title(written: str) -> str:
    """Return what phones can show: no quotes, brackets, backslashes or semicolons."""
    return " ".join(re.sub(r'["\\<>;]', " ", written).split())[:80] or "очередь"


def _node_lines(name: str, node: Node) -> Iterator[str]:
    for comment in node.comments[:_MOST_COMMENTS]:
        yield f"  # {comment}"
    if len(node.comments) > _MOST_COMMENTS:
        yield f"  # и ещё {len(node.comments) - _MOST_COMMENTS}, см. IMPORT.md"
    yield f"  {name}:"
    yield f"    kind: {node.kind}"
    for key, value in node.fields.items():
        yield from _field_lines(key, value)
        if isinstance(value, Mapping) and node.suggestion:
            instead = "вместо прежней строки с 0: " if "0" in value else ""
            yield (
                f"      # {node.suggestion}  # предложение: {instead}0 ведёт к человеку "
                "(требование G2)"
            )


def _field_lines(key: str, value: Value) -> Iterator[str]:
    match value:
        case str():
            yield f"    {key}: {value}"
        case tuple():
            yield f"    {key}: [{', '.join(value)}]"
        case _:
            yield f"    {key}:"
            for pressed, target in value.items():
                shown = pressed if pressed.isdecimal() else f'"{pressed}"'
                yield f"      {shown}: {target}"
