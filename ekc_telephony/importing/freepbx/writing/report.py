"""
What an import tells: `IMPORT.md` for the admin, JSON for programs.

Rule 1: the report is complete: every row that was read is carried over or has a line here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from ekc_telephony.importing.freepbx.growth.carry import Imported
from ekc_telephony.importing.freepbx.writing.drafts import Prompt, Script
from ekc_telephony.importing.freepbx.writing.ledger import Remark, Weight
from ekc_telephony.importing.freepbx.writing.yaml_text import (
    numbers_snippet,
    outside_snippet,
    queues_snippet,
    schedules_snippet,
)

REPORT_FILE = "IMPORT.md"

_HEADINGS = {
    Weight.DECIDE: "Решить: перенесено не всё",
    Weight.CHANGED: "Перенесено, но работает иначе",
    Weight.CHECK: "Проверка: что скажет `ekc ivr check`",
    Weight.NOTE: "К сведению",
    Weight.UNUSED: "Не использовано: сюда не ведёт ни одно меню",
}


def as_markdown(imported: Imported) -> str:
    """Return the report for people."""
    order = (
        "Никто не потерян: чего сценарий ЕКЦ не умеет, то ведёт к человеку, в очередь "
        f"`{imported.person}`.\nПорядок: решить вопросы ниже, вписать фрагменты в `ekc.yaml`, "
        "перенести звук, проверить `ekc conf check` и `ekc ivr check`, опубликовать "
        "(`ekc ivr publish`), прослушать каждое меню.\n"
    )
    parts = [
        "# Перенос меню из FreePBX\n",
        f"{summary(imported)}\n",
        order,
        *_remarks(imported.remarks),
        "## Сценарии\n",
        _table(("файл", "во FreePBX", "узлов", "номера"), map(_script_cells, imported.scripts)),
        *_snippets(imported),
        *_sounds(imported.prompts),
    ]
    return "\n".join(part for part in parts if part)


def summary(imported: Imported) -> str:
    """Return the import in one sentence."""
    counts = Counter(each.weight for each in imported.remarks)
    told = ", ".join(f"{weight.value} {counts[weight]}" for weight in Weight)
    return (
        f"Сценариев: {len(imported.scripts)}; строк прочитано {imported.rows}, перенесено "
        f"{len(imported.carried)}; замечаний: {told}."
    )


def as_tree(imported: Imported) -> dict[str, object]:
    """Return the report for programs."""
    return {
        "scripts": [
            {
                "name": each.name,
                "file": f"{each.name}.yaml",
                "title": each.title,
                "entry": each.entry,
                "nodes": {
                    name: {"kind": node.kind, "from": list(node.comments)}
                    for name, node in each.nodes.items()
                },
                "numbers": list(each.numbers),
                "called": each.is_called,
                "calls": list(each.calls),
                "languages": list(each.languages),
            }
            for each in imported.scripts
        ],
        "queues": [
            {"name": each.name, "title": each.title, "from": each.source}
            for each in imported.queues
        ],
        "schedules": [
            {
                "name": each.name,
                "time_zone": each.time_zone,
                "weekly": {days: list(intervals) for days, intervals in each.weekly},
                "from": each.source,
            }
            for each in imported.schedules
        ],
        "outside": [{"number": each.number, "from": each.source} for each in imported.outside],
        "prompts": [
            {"key": each.key, "title": each.title, "file": each.file, "from": each.source}
            for each in imported.prompts
        ],
        "person": imported.person,
        "rows": imported.rows,
        "carried": sorted(imported.carried),
        "remarks": [
            {
                "weight": each.weight.name.lower(),
                "row": each.row,
                "title": each.title,
                "what": each.what,
                "advice": each.advice,
            }
            for each in imported.remarks
        ],
    }


def _remarks(remarks: Iterable[Remark]) -> Iterator[str]:
    by_weight: dict[Weight, list[Remark]] = {weight: [] for weight in Weight}
    for each in remarks:
        by_weight[each.weight].append(each)
    for weight, group in by_weight.items():
        if group:
            yield f"## {_HEADINGS[weight]} ({len(group)})\n"
            cells = ((each.title, each.row, each.what, each.advice) for each in group)
            yield _table(("где", "строка", "что", "что делать"), cells)


def _script_cells(script: Script) -> tuple[str, ...]:
    numbers = ", ".join(script.numbers) or ("вызывают другие" if script.is_called else "–")
    return (f"{script.name}.yaml", script.title, str(len(script.nodes)), numbers)


def _snippets(imported: Imported) -> Iterator[str]:
    snippets = (
        ("Номера", numbers_snippet(imported.scripts)),
        ("Внешние номера; trunk – ваша линия", outside_snippet(imported.outside)),
        ("Расписания", schedules_snippet(imported.schedules)),
        ("Очереди: навыки, времена и правила впишите свои", queues_snippet(imported.queues)),
    )
    yield "## Вписать в ekc.yaml\n"
    yield f"Очередь `{imported.person}` тоже должна там быть.\n"
    for heading, snippet in snippets:
        if snippet:
            yield f"{heading}:\n\n```yaml\n{_fenced(snippet)}\n```\n"


def _fenced(snippet: str) -> str:
    """Return a snippet that cannot end its own block."""
    return snippet.replace("```", "'''")


def _sounds(prompts: tuple[Prompt, ...]) -> Iterator[str]:
    if not prompts:
        return
    yield "## Перенести звук\n"
    yield (
        "Файлы FreePBX лежат в `/var/lib/asterisk/sounds/<язык>/`; ЕКЦ нужен WAV, 8 кГц, моно, "
        "16 бит:\n`sox custom/имя.wav -r 8000 -c 1 -b 16 ключ.wav`. Готовый файл кладут в папку "
        "студии, `studio/ru/ключ.wav` (где она, скажет `ekc sounds texts`).\nЗаписи может и не "
        'быть: напишите в сценарии вместо ключа текст, `prompts: [{text: "…"}]`, и '
        "`ekc ivr publish` озвучит его.\n"
    )
    cells = ((e.key, e.title, e.file or "нет: записать заново", e.source) for e in prompts)
    yield _table(("ключ", "во FreePBX", "файл", "откуда"), cells)


def _table(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heading, tuple("---" for _ in heading), *rows]
    return "".join(f"| {' | '.join(_cell(each) for each in line)} |\n" for line in lines)


def _cell(text: str) -> str:
    """Return a text that is plain inside a cell of a table."""
    escaped = text.replace("\\", "\\\\").replace("|", "\\|")
    return escaped.replace("<", "&lt;").replace("`", "'")
