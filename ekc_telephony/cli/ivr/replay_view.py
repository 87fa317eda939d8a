"""
How `ekc ivr replay` tells what changes: tables for people, plain values for programs.

Rule 1: nothing personal is shown: of a number its last two digits, of keys their count, and of
what was said only what stands in the script; values that were spoken are dots.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import groupby, zip_longest
from textwrap import shorten
from typing import Final

import typer
from rich.table import Table
from typing_extensions import override

from ekc_telephony.cli.asking import print_table
from ekc_telephony.core.ivr.retelling.comparison import (
    Change,
    Group,
    Retold,
    Spread,
    Summary,
    Tally,
    Way,
    in_words,
)
from ekc_telephony.core.ivr.retelling.recorded import RecordedCall
from ekc_telephony.core.ivr.retelling.walk import Reached, Said, Walk
from ekc_telephony.core.ivr.script import Script
from ekc_telephony.core.ivr.ways import utterances_of
from ekc_telephony.core.kernel.ids import PromptKey

_SHOWN_DIGITS: Final = 2
_SHOWN_TEXT: Final = 48
"""Characters of what a prompt says: enough to know it, and both versions fit beside each other."""
_HIDDEN: Final = "…"
_NOBODY: Final = "—"
_MOMENT: Final = "%Y-%m-%d %H:%M:%S"
Texts = Mapping[PromptKey, Mapping[str, str]]


class Report:
    """Takes calls, one by one, and tells of them at the end."""

    def __init__(self) -> None:
        self.tally = Tally()

    def take(self, retold: Retold) -> None:
        """Take note of a call."""
        self.tally.count(retold)

    def tell(self, *, left_out: int, guessed: int) -> None:
        """
        Tell of all calls that were taken; of one at least.

        Args:
            left_out: So many calls of the journal could not be read.
            guessed: Of so many prompts the length is not known.
        """
        raise NotImplementedError


class Tables(Report):
    """
    All calls together, for people.

    Args:
        version: What they were told again with.
        is_each: Name every call for which anything changes, too.
    """

    def __init__(self, version: Script, *, is_each: bool) -> None:
        super().__init__()
        self._version, self._is_each = version, is_each
        self._rows: list[tuple[str, ...]] = []

    @override
    def take(self, retold: Retold) -> None:
        super().take(retold)
        if self._is_each and retold.changes:
            self._rows.append(_row_of(retold))

    @override
    def tell(self, *, left_out: int, guessed: int) -> None:
        _show(self._version.script, self.tally.summary())
        if self._is_each:
            _show_rows(self._rows)
        if left_out:
            typer.echo(
                f"{left_out} calls are left out: they began before the journal, or their version "
                "cannot be read any more"
            )
        if guessed:
            typer.echo(f"times are estimated: {guessed} prompts are not spoken yet")


class OneCall(Report):
    """
    One call in full, for people.

    Args:
        version: What it was told again with.
        texts: What its texts say: key → language → text.
    """

    def __init__(self, version: Script, texts: Texts) -> None:
        super().__init__()
        self._version, self._texts = version, texts
        self._retold: list[Retold] = []

    @override
    def take(self, retold: Retold) -> None:
        super().take(retold)
        self._retold.append(retold)

    @override
    def tell(self, *, left_out: int, guessed: int) -> None:
        for each in self._retold:
            _show_call(each, self._version, self._texts)


class Json(Report):
    """
    Everything, for programs.

    Args:
        is_each: The calls themselves, too.
    """

    def __init__(self, *, is_each: bool) -> None:
        super().__init__()
        self._each: list[dict[str, object]] | None = [] if is_each else None

    @override
    def take(self, retold: Retold) -> None:
        super().take(retold)
        if self._each is not None:
            self._each.append(_call_as_json(retold))

    @override
    def tell(self, *, left_out: int, guessed: int) -> None:
        told = _as_json(self.tally.summary())
        if self._each is not None:
            told["each"] = self._each
        told |= {"left_out": left_out, "estimated_prompts": guessed}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))


def _show(script: str, summary: Summary) -> None:
    """Show what changes for all calls together."""
    span = f"{summary.first:{_MOMENT}} to {summary.last:{_MOMENT}} UTC"
    met = ", ".join(f"{version or 'no version'} ({n})" for version, n in summary.versions.items())
    typer.echo(f"{script}: {summary.calls} calls, {span}")
    typer.echo(f"met: {met}")
    table = Table("", "calls", "share", "for example", box=None)
    table.add_row("nothing changes", str(summary.same), _share(summary.same, summary.calls), "")
    for change, count in summary.counts.items():
        groups = [each for each in summary.groups if each.change is change]
        is_plain = len(groups) == 1 and not groups[0].detail
        examples = _examples(groups[0]) if is_plain else ""
        table.add_row(change.value, str(count), _share(count, summary.calls), examples)
        for each in () if is_plain else groups:
            table.add_row(f"    {each.detail}", str(each.calls), "", _examples(each))
    print_table(table)
    _show_ways(summary)


def _show_ways(summary: Summary) -> None:
    table = Table("to a person", "calls", "median", "p90", "most", "keys", "p90", "most", box=None)
    table.add_row("before", *_row(summary.old))
    table.add_row("now", *_row(summary.new))
    print_table(table)


def _row(way: Way) -> tuple[str, ...]:
    if way.seconds is None or way.keys is None:
        return ("0", *[_NOBODY] * 6)
    seconds, keys = way.seconds, way.keys
    return (
        str(seconds.calls),
        *(f"{each:.1f} s" for each in (seconds.median, seconds.ninetieth, seconds.most)),
        *(f"{each:g}" for each in (keys.median, keys.ninetieth, keys.most)),
    )


def _row_of(retold: Retold) -> tuple[str, ...]:
    """Return the row of `_show_rows` for a call."""
    return (
        retold.call.call,
        f"{retold.call.began_at:{_MOMENT}}",
        _number(retold.call),
        ", ".join(_names(retold.changes)),
        retold.detail,
    )


def _show_rows(rows: Iterable[tuple[str, ...]]) -> None:
    """Show calls for which anything changes, a line each."""
    table = Table("call", "began (UTC)", "number", "what changes", "", box=None)
    for each in rows:
        table.add_row(*each)
    print_table(table)


def _show_call(retold: Retold, version: Script, texts: Texts) -> None:
    """Show one call in full: what is said in both versions, and how it ends."""
    call = retold.call
    typer.echo(f"{call.call}, {call.began_at:{_MOMENT}} UTC, from {_number(call)} to {call.did}")
    typer.echo(f"met {call.script.script} {call.script.version}".rstrip())
    table = Table("", "then", "now", box=None)
    old, new = _written_in(call.script), _written_in(version)
    for before, after in _side_by_side(retold.old.said, retold.new.said):
        mark = "" if before == after else "≠"
        table.add_row(mark, _words(before, old, texts), _words(after, new, texts))
    table.add_row("", "", "")
    table.add_row("keys", str(retold.old.keys), str(retold.new.keys))
    table.add_row("to a person", _reached(retold.old.person), _reached(retold.new.person))
    table.add_row("ends", in_words(retold.old.end), in_words(retold.new.end))
    print_table(table)
    if not retold.is_evidence:
        typer.echo(f"cannot be told again: it {retold.detail}")
    else:
        typer.echo(", ".join(_names(retold.changes)) or "nothing changes")


def _as_json(summary: Summary) -> dict[str, object]:
    """Return what changes for all calls together, as plain values."""
    return {
        "calls": summary.calls,
        "versions": dict(summary.versions),
        "same": summary.same,
        "changes": {change.name.lower(): count for change, count in summary.counts.items()},
        "groups": [
            {
                "change": each.change.name.lower(),
                "detail": each.detail,
                "calls": each.calls,
                "examples": list(each.examples),
            }
            for each in summary.groups
        ],
        "before": _way(summary.old),
        "now": _way(summary.new),
    }


def _call_as_json(retold: Retold) -> dict[str, object]:
    """Return one call as plain values."""
    return {
        "call": retold.call.call,
        "began_at": retold.call.began_at.isoformat(),
        "did": retold.call.did,
        "number": _number(retold.call),
        "version": retold.call.script.version,
        "changes": [each.name.lower() for each in Change if each in retold.changes],
        "detail": retold.detail,
        "before": _walk(retold.old),
        "now": _walk(retold.new),
    }


def _walk(walked: Walk) -> dict[str, object]:
    person = walked.person
    return {
        "end": in_words(walked.end),
        "keys": walked.keys,
        "nodes": [each.node for each in walked.said],
        "seconds_to_person": None if person is None else person.after.total_seconds(),
        "keys_to_person": None if person is None else person.keys,
    }


def _way(way: Way) -> dict[str, object]:
    return {"seconds": _spread(way.seconds), "keys": _spread(way.keys)}


def _spread(spread: Spread | None) -> dict[str, object] | None:
    if spread is None:
        return None
    return {
        "calls": spread.calls,
        "median": spread.median,
        "p90": spread.ninetieth,
        "most": spread.most,
    }


def _side_by_side(
    old: Sequence[Said], new: Sequence[Said]
) -> Iterator[tuple[Said | None, Said | None]]:
    """Pair what was said in both versions; what is said in one only stands alone."""
    alike = SequenceMatcher(a=old, b=new, autojunk=False)
    for _, a, after_a, b, after_b in alike.get_opcodes():
        yield from zip_longest(old[a:after_a], new[b:after_b])


def _words(said: Said | None, written: Container[PromptKey], texts: Texts) -> str:
    if said is None:
        return ""
    return f"{said.node}: {' '.join(_parts(said, written, texts))}"


def _parts(said: Said, written: Container[PromptKey], texts: Texts) -> Iterator[str]:
    """Yield what was said, part by part; a value is one dotted part, however it is spoken."""
    for is_written, parts in groupby(said.prompts, key=written.__contains__):
        if not is_written:
            yield _HIDDEN
            continue
        for each in parts:
            text = texts.get(each, {}).get(said.language)
            yield each if text is None else f"«{shorten(text, _SHOWN_TEXT, placeholder=_HIDDEN)}»"


def _written_in(version: Script) -> frozenset[PromptKey]:
    """Return the prompts that stand in a script, rather than those a value is spoken with."""
    return frozenset(
        part
        for node in version.nodes.values()
        for utterance in utterances_of(node)
        for part in utterance
        if isinstance(part, str)
    )


def _reached(person: Reached | None) -> str:
    if person is None:
        return _NOBODY
    return f"{person.after.total_seconds():.1f} s, {person.keys} keys"


def _names(changes: Iterable[Change]) -> list[str]:
    wanted = set(changes)
    return [each.value for each in Change if each in wanted]


def _number(call: RecordedCall) -> str:
    return "hidden" if call.number is None else f"{_HIDDEN}{call.number[-_SHOWN_DIGITS:]}"


def _share(count: int, calls: int) -> str:
    return f"{100 * count / calls:.1f} %"


def _examples(group: Group) -> str:
    return ", ".join(group.examples)
