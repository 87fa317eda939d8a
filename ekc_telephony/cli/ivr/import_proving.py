"""
What `ekc ivr check` will say of imported scripts, told where the admin works on them.

FreePBX allows menus that leave somebody lost, and they are carried over as they were: an import
does not decide for callers. So every script is proved as soon as it is grown, as if its recordings,
schedules and queues were there already: each finding is a line of `IMPORT.md`, and each error a
comment at its node.

Rule 1: an error that the proofs find in an imported script stands at its node, with its code.
Rule 2: recordings are taken for a second long: what is too long then, is too long with any.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.ivr.proofs.finding import Code, Finding, Severity
from ekc_telephony.core.ivr.proofs.program import Limits, Program
from ekc_telephony.core.ivr.proofs.prove import prove
from ekc_telephony.core.kernel.ids import PromptKey
from ekc_telephony.importing.freepbx import Imported
from ekc_telephony.importing.freepbx.growth.growing import STANDARD_PROMPTS
from ekc_telephony.importing.freepbx.writing.drafts import Node, Script
from ekc_telephony.importing.freepbx.writing.ledger import Remark, Weight
from ekc_telephony.settings.ivr.load import LoadedScript

_AS_IF: Final = timedelta(seconds=1)
_NOT_YET: Final = frozenset({Code.UNKNOWN_SCHEDULE})
"""What is only found since the snippets of the report are not in `ekc.yaml` yet."""
_IN_RUSSIAN: Final[Mapping[Code, tuple[str, str]]] = {
    Code.NO_ZERO: (
        "клавиша 0 не ведёт к оператору без новых вопросов (G2)",
        "раскомментируйте строку с 0, а если её нет, ведите 0 в очередь; после часов – в message",
    ),
    Code.THIRD_FAILURE: (
        "прощается больше одной ошибки: вторая должна вести к оператору (G2)",
        "поставьте retries: 1",
    ),
    Code.LOST_AFTER_FAILURES: (
        "кто ошибся или молчит, попадает не к оператору (G2)",
        "ведите exhausted в очередь",
    ),
    Code.NO_PERSON: (
        "отсюда можно не дойти до оператора",
        "дайте клавишу, ведущую в очередь, после часов – в message или callback",
    ),
    Code.TOO_MANY_KEYS: (
        "до оператора больше трёх клавиш",
        "дайте клавишу в очередь в первом меню",
    ),
    Code.TOO_LONG: (
        "до оператора дольше двух минут, и это без длины записей",
        "уменьшите timeout и retries",
    ),
    Code.TOO_LONG_IN_SILENCE: (
        "молчащего держат дольше двух минут, и это без длины записей",
        "уменьшите timeout и retries",
    ),
    Code.ONLY_INFORMED: (
        "после часов звонящий только слышит об этом (G2)",
        "предложите ему message или callback",
    ),
    Code.UNTRUE_GOODBYE: (
        "informed_after_hours там, где может быть открыто",
        "напишите outcome: self_served или ведите сюда только из closed",
    ),
}
"""What the proofs find in menus of FreePBX; all else is told in their own words."""


def proved(imported: Imported, loaded: Sequence[LoadedScript], *, now: datetime) -> Imported:
    """
    Return an import that tells what its scripts are refused for.

    Args:
        imported: What was grown.
        loaded: Its scripts, as the loader has read them.
        now: For the proofs' year of business hours.
    """
    found = {each: None for script in loaded for each in _found(imported, script, now)}
    remarks = [each for each, _ in found]
    errors = [error for _, error in found if error is not None]
    weights = list(Weight)
    return replace(
        imported,
        scripts=tuple(_commented(each, errors) for each in imported.scripts),
        remarks=tuple(
            sorted([*imported.remarks, *remarks], key=lambda each: weights.index(each.weight))
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Error:
    """What is to be said at a node."""

    script: str
    node: str
    comments: tuple[str, ...]


def _found(
    imported: Imported, loaded: LoadedScript, now: datetime
) -> Iterable[tuple[Remark, _Error | None]]:
    for finding in prove(_program(imported, loaded, now)).findings:
        if finding.code not in _NOT_YET:
            yield _told(loaded, finding)


def _program(imported: Imported, loaded: LoadedScript, now: datetime) -> Program:
    script = loaded.script
    lengths = dict.fromkeys(
        [*map(PromptKey, STANDARD_PROMPTS), *(PromptKey(each.key) for each in imported.prompts)],
        _AS_IF,
    )
    has_number = any(each.numbers for each in imported.scripts if each.name == script.script)
    has_person = any(isinstance(n, core.Enqueue | core.Transfer) for n in script.nodes.values())
    return Program(
        script=script,
        now=now,
        prompts=dict.fromkeys(script.languages, lengths),
        limits=Limits(keys=loaded.max_keys_to_human, time=loaded.max_time_to_human),
        is_for_overload=not has_number and not has_person,
    )


def _told(loaded: LoadedScript, finding: Finding) -> tuple[Remark, _Error | None]:
    place = loaded.places[finding.node]
    script, node = place.document.file.stem, str(place.location[-1])
    what, advice = _IN_RUSSIAN.get(finding.code, (finding.found, finding.advice))
    remark = Remark(
        weight=Weight.CHECK,
        row=finding.code.value,
        title=f"{script}.yaml, узел {node}",
        what=what if finding.severity is Severity.ERROR else f"{what} (предупреждение)",
        advice=advice,
    )
    if finding.severity is not Severity.ERROR:
        return remark, None
    comments = (f"ekc ivr check, {finding.code.value}: {what}", f"  что делать: {advice}")
    return remark, _Error(script=script, node=node, comments=comments)


def _commented(script: Script, errors: Sequence[_Error]) -> Script:
    nodes = dict(script.nodes)
    for each in errors:
        if each.script == script.name:
            nodes[each.node] = _with_comments(nodes[each.node], each.comments)
    return replace(script, nodes=nodes)


def _with_comments(node: Node, said: tuple[str, ...]) -> Node:
    # Before the others: of many comments only the first are written at the node.
    return replace(node, comments=(*said, *(each for each in node.comments if each not in said)))
