"""
What calls leave behind besides their outcome: notes of the appeal, deeds of information systems.

The systems are the made-up ones of `lab/information_systems`; they run in this process, so that
what they know is looked at where it is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from ekc_telephony.adapters.sql.queries import CallHistory
from ekc_telephony.core.call.facts import NoteKind
from lab.demo.calls import Asked, Booked, Entered, Noted, Trace, Visited
from lab.information_systems.server import InformationSystems

_PROVED: Final = {
    "code_word": "узнали по кодовому слову",
    "snils": "узнали по СНИЛС",
    "registration": "узнали по номеру и дате заявления",
}
_OPERATIONS: Final = {
    "cases/status": "спрошено о заявлении {case}",
    "citizens/by-snils": "спрошено о СНИЛС",
    "vaccination": "спрошено о прививке, регион {region}",
    "offices": "спрошено об отделениях, регион {region}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A trace that a call must have left."""

    words: str
    """What is there; or what should be, when nothing is."""
    is_there: bool


def find_traces(
    traces: Sequence[Trace], found: Sequence[CallHistory], systems: InformationSystems
) -> tuple[Evidence, ...]:
    """Look for what a call must have left behind."""
    return tuple(_look(each, found, systems) for each in traces)


def _look(trace: Trace, found: Sequence[CallHistory], systems: InformationSystems) -> Evidence:
    match trace:
        case Noted():
            return Evidence(words=_in_words(trace), is_there=_is_noted(trace, found))
        case Asked(operation=operation, fields=fields):
            words = _OPERATIONS[operation].format_map(dict(fields))
            return Evidence(words=words, is_there=_was_asked(trace, systems))
        case Entered(script=script):
            entered = [call.summary.script for call in found]
            return Evidence(words=f"сценарий {script}", is_there=entered == [script])
        case Booked():
            return _booking(trace, systems)
        case Visited(snils=snils):
            visits = [each["visit"] for each in systems.registry.visits if each["snils"] == snils]
            words = f"врач вызван на дом: вызов {', '.join(visits) or '–'}"
            return Evidence(words=words, is_there=len(visits) == 1)
        case _:
            assert_never(trace)


def _in_words(trace: Noted) -> str:
    match trace.kind:
        case NoteKind.RATED:
            return f"оценка {trace.reason}"
        case NoteKind.SURVEYED:
            return f"{trace.target} = {trace.reason}"
        case _:
            return _PROVED[trace.reason]


def _is_noted(trace: Noted, found: Sequence[CallHistory]) -> bool:
    notes = [
        note
        for call in found
        for note in call.notes
        if (note.kind, note.reason) == (trace.kind, trace.reason)
        and trace.target in {None, note.target}
    ]
    return len(notes) == 1


def _was_asked(trace: Asked, systems: InformationSystems) -> bool:
    return any(
        each.operation == trace.operation
        and dict(trace.fields).items() <= json.loads(each.body or b"{}").items()
        for each in tuple(systems.asked)
    )


def _booking(trace: Booked, systems: InformationSystems) -> Evidence:
    slots = {each["slot"]: each for each in systems.registry.world["slots"]}
    booked = systems.registry.booked
    mine = [slots[slot] for slot, snils in booked.items() if snils == trace.snils]
    told = ", ".join(f"талон {slot['slot']}, {slot['time']}" for slot in mine) or "–"
    is_right = [slot["doctor"] for slot in mine] == [trace.doctor]
    return Evidence(words=f"записан к {trace.to}: {told}", is_there=is_right)
