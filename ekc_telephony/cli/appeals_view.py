"""How calls and appeals look on a terminal and in an export file; no store and no options here."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime, timedelta, tzinfo
from typing import Final

import msgspec
from rich.table import Table

from ekc_telephony.adapters.sql.queries import (
    AppealHistory,
    CallbackSummary,
    CallHistory,
    CallSummary,
    NoteSummary,
    SegmentSummary,
)
from ekc_telephony.cli import appeals_words as words
from ekc_telephony.core.call.facts import NoteKind, SegmentKind
from ekc_telephony.core.stats.opinions import MARKS

COLUMNS: Final = tuple(field.name for field in fields(CallSummary))

_FORMULA: Final = re.compile(r"[=+\-@\t\r]")
"""What a spreadsheet takes for the beginning of a formula (OWASP, «CSV injection»)."""
_TELEPHONE: Final = re.compile(r"\+?\d+")
_MINUTE_S: Final = 60


def calls_table(calls: Iterable[CallSummary], *, zone: tzinfo | None) -> Table:
    """Lay the calls out for a person; a zone of None is the machine's own."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("Поступил", "Обращение", "Номер", "Набран", "Очередь", "Оператор"):
        table.add_column(heading, no_wrap=True)
    table.add_column("До ответа", justify="right", no_wrap=True)
    table.add_column("Всего", justify="right", no_wrap=True)
    table.add_column("Исход", no_wrap=True)
    table.add_column("Оценка", no_wrap=True)
    for call in calls:
        table.add_row(
            moment(call.registered_at, zone),
            call.appeal,
            call.number or words.HIDDEN_NUMBER,
            call.did,
            call.queue or "–",
            call.agent or "–",
            length(call.registered_at, call.answered_at),
            length(call.registered_at, call.ended_at),
            words.OUTCOMES[call.outcome],
            call.rating or "",
        )
    return table


def history_lines(history: AppealHistory, *, zone: tzinfo | None) -> list[str]:
    """Tell an appeal as a timeline."""
    lines = [
        f"Обращение {history.appeal}",
        f"{words.STATES[history.state].capitalize()}: {moment(history.opened_at, zone)}",
        f"Номер звонящего: {history.number or words.HIDDEN_NUMBER}",
    ]
    for call in history.calls:
        lines += ["", *_call_lines(call, zone)]
    return lines


def as_json(value: object) -> str:
    """Return JSON with the Enums' values and UTC moments, letters unescaped."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def csv_line(values: Iterable[object], *, delimiter: str) -> str:
    """Return one line of CSV whose cells no spreadsheet takes for a formula."""
    line = io.StringIO()
    csv.writer(line, delimiter=delimiter).writerow([_harmless(value) for value in values])
    return line.getvalue()


def plain_cells(call: CallSummary) -> list[object]:
    """Return a call's cells for a program: UTC moments in ISO 8601, the Enums' values."""
    cells = msgspec.to_builtins(call)
    return [cells[column] for column in COLUMNS]


def spreadsheet_cells(call: CallSummary, *, zone: tzinfo | None) -> list[object]:
    """Return a call's cells for a person: local time, Russian words."""
    cells: list[object] = []
    for column in COLUMNS:
        value = getattr(call, column)
        if column == "outcome":
            value = words.OUTCOMES[value]
        elif isinstance(value, datetime):
            value = moment(value, zone)
        cells.append(value)
    return cells


def moment(at: datetime, zone: tzinfo | None) -> str:
    """Return local time as people in Russia write it: 02.03.2026 12:00:05."""
    return at.astimezone(zone).strftime("%d.%m.%Y %H:%M:%S")


def length(start: datetime, end: datetime | None) -> str:
    """Return minutes and seconds, `–` when there is no end."""
    return "–" if end is None else minutes(end - start)


def minutes(span: timedelta) -> str:
    """Return minutes and seconds: 1:05."""
    whole = int(span.total_seconds())  # down, so that lengths and clock times agree
    return f"{whole // _MINUTE_S}:{whole % _MINUTE_S:02}"


def _call_lines(call: CallHistory, zone: tzinfo | None) -> list[str]:
    summary = call.summary
    started = summary.registered_at
    events = [(started, "звонок зарегистрирован")]
    events += [(segment.started_at, _tell_segment(segment)) for segment in call.segments]
    events += [(fault.at, f"! {words.FAULTS[fault.kind]}: {fault.detail}") for fault in call.faults]
    events += [(note.at, _tell_note(note)) for note in call.notes]
    if summary.ended_at is not None:
        events.append((summary.ended_at, f"звонок завершён: {words.OUTCOMES[summary.outcome]}"))
    if call.callback is not None:
        reason = words.CALLBACK_REASONS[call.callback.reason]
        state = words.CALLBACK_STATES[call.callback.state]
        events.append((call.callback.due_at, f"в списке обратных звонков: {reason}; {state}"))
    script = f", сценарий {summary.script}" if summary.script else ""
    return [
        f"Звонок {summary.call} на {summary.did}{script}: {words.OUTCOMES[summary.outcome]}",
        *(
            f"  {at.astimezone(zone):%H:%M:%S}  {'+' + minutes(at - started):>6}  {text}"
            for at, text in sorted(events, key=lambda event: event[0])
        ),
    ]


def _tell_note(note: NoteSummary) -> str:
    match note.kind:
        case NoteKind.RATED:
            return f"{words.NOTES[note.kind]}: {note.reason} из {len(MARKS)}"
        case NoteKind.ASKED_TO_RATE:
            return words.NOTES[note.kind]
        case NoteKind.ASKED:
            return f"{words.NOTES[note.kind]} {_question(note)}"
        case NoteKind.SURVEYED:
            return f"{words.NOTES[note.kind]} {_question(note)}: {note.reason}"
        case NoteKind.IDENTIFIED:
            return f"{words.NOTES[note.kind]}: {words.PROOFS.get(note.reason or '', note.reason)}"
        case _:
            return _tell_deed(note)


def _question(note: NoteSummary) -> str:
    survey, _, question = (note.target or "").rpartition(".")
    return f"«{question}» опроса {survey}" if survey else f"«{question}»"


def _tell_deed(note: NoteSummary) -> str:
    people = " → ".join(each for each in (note.agent, note.target) if each)
    told = f"{words.NOTES[note.kind]}: {people}" if people else words.NOTES[note.kind]
    return f"{told} («{note.reason}»)" if note.reason else told


def callbacks_table(callbacks: Iterable[CallbackSummary], *, zone: tzinfo | None) -> Table:
    """Lay the callback list out for a person; a zone of None is the machine's own."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("Внесён", "Номер", "Причина", "Состояние", "Обращение"):
        table.add_column(heading, no_wrap=True)
    for each in callbacks:
        table.add_row(
            moment(each.due_at, zone),
            each.number,
            words.CALLBACK_REASONS[each.reason],
            words.CALLBACK_STATES[each.state],
            each.appeal,
        )
    return table


def _tell_segment(segment: SegmentSummary) -> str:
    text = words.KINDS[segment.kind]
    if segment.kind is SegmentKind.WAITING and segment.queue:
        text += f" {segment.queue}"
    elif segment.agent:
        text += f" {segment.agent}"
    if segment.ended_at is not None:
        text += f" ({length(segment.started_at, segment.ended_at)})"
    text += f": {words.SEGMENT_OUTCOMES[segment.outcome]}"
    return text + (f", запись {segment.recording}" if segment.recording else "")


def _harmless(value: object) -> object:
    if isinstance(value, str) and _FORMULA.match(value) and not _TELEPHONE.fullmatch(value):
        return f"'{value}"
    return value
