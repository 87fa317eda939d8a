"""
The figures of one replication, for all callers, for each queue and for each stretch of the day.

A caller belongs to the queue in which he waited first, and to the stretch in which he called,
wherever and whenever he was answered. Every figure has one meaning, told at its name in `Figure`.

Rule 1: a figure about nothing is None, never 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeAlias

from ekc_telephony.core.acd.service_level import Wait, service_level
from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.kernel.words import Word
from ekc_telephony.settings.models import ServiceLevel
from ekc_telephony.simulation.ledger import Doing, Entry, Ledger

STRETCH: Final = timedelta(minutes=30)
"""What contact centres count in."""


class Figure(Word):
    """What is measured."""

    CALLS = "calls"
    """Calls that came in."""
    PEOPLE = "people"
    """Telephone numbers they came from: who calls again is one person."""
    PEOPLE_ANSWERED = "people_answered"
    """Of them, those who talked to an operator at last, 0 to 1."""
    ANSWERED = "answered"
    """Of them, those that an operator answered."""
    ABANDONED = "abandoned"
    """Callers who hung up while they waited, short calls included."""
    INFORMED = "informed"
    """Callers who were told something and let go: nobody there, closed, called back …"""
    CUT_OFF = "cut_off"
    """Callers whose call we ended before they had what they came for; 0, or something is wrong."""
    UNFINISHED = "unfinished"
    """Callers who were still there when the simulation ended."""
    SERVICE_LEVEL = "service_level"
    """By the target and the formula of the scenario, 0 to 1."""
    SPEED_OF_ANSWER_S = "asa_s"
    """Mean wait of those who were answered, ringing included."""
    MEAN_WAIT_S = "mean_wait_s"
    """Mean wait of all who waited, until the answer or until they left."""
    NINTH_DECILE_S = "wait_p90_s"
    """Nine of ten waited no longer."""
    LONGEST_WAIT_S = "longest_wait_s"
    DELAYED = "delayed"
    """Share of those who waited for whom no phone rang at once: P(wait) of Erlang's formulas."""
    ABANDONED_SHARE = "abandoned_share"
    """Abandoned ÷ (answered + abandoned)."""
    TALK_S = "talk_s"
    """Mean conversation."""
    OFFERS = "offers"
    """Phones that rang for one answered caller, in the mean."""
    OCCUPANCY = "occupancy"
    """(ringing + talking + wrap-up) ÷ (the same + ready and idle + resting) of all operators."""
    STAFF = "staff"
    """Operators at work, in the mean; breaks do not count."""


Figures: TypeAlias = Mapping[Figure, float | None]

_WORK: Final = (Doing.RINGING, Doing.TALKING, Doing.WRAP_UP)
_AT_WORK: Final = (*_WORK, Doing.IDLE, Doing.RESTING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One replication in figures."""

    total: Figures
    queues: Mapping[str, Figures]
    stretches: Mapping[int, Figures]
    """By the number of the stretch since the beginning of the hours."""
    happenings: int
    """Events that the core was told, and moments at which time made it act."""
    cpu_s: float
    """What it cost."""


def figures_of(ledger: Ledger, norm: ServiceLevel, *, measured_s: float) -> Figures:
    """Return the figures of everybody."""
    spent = ledger.spent_s
    at_work_s = sum(spent[each] for each in _AT_WORK)
    work_s = sum(spent[each] for each in _WORK)
    return {
        **_of_callers(ledger.measured(), norm),
        Figure.OCCUPANCY: work_s / at_work_s if at_work_s else None,
        Figure.STAFF: at_work_s / measured_s,
    }


def figures_by_queue(ledger: Ledger, norm: ServiceLevel) -> dict[str, Figures]:
    """Return the figures of each queue in which somebody waited."""
    queues: dict[str, list[Entry]] = {}
    for entry in ledger.measured():
        if entry.queue is not None:
            queues.setdefault(entry.queue, []).append(entry)
    return {queue: _of_callers(queues[queue], norm) for queue in sorted(queues)}


def figures_by_stretch(ledger: Ledger, norm: ServiceLevel) -> dict[int, Figures]:
    """Return the figures of each half-hour in which somebody called."""
    stretches: dict[int, list[Entry]] = {}
    for entry in ledger.measured():
        number = int(entry.arrived_s // STRETCH.total_seconds())
        stretches.setdefault(number, []).append(entry)
    return {number: _of_callers(stretches[number], norm) for number in sorted(stretches)}


def _of_callers(entries: Sequence[Entry], norm: ServiceLevel) -> dict[Figure, float | None]:
    outcomes = Counter(each.outcome for each in entries)
    waits = [each.waited_s for each in entries]
    waited = sorted(each for each in waits if each is not None)
    answered = [each for each in entries if each.answered_s is not None]
    abandoned = outcomes[CallOutcome.ABANDONED_IN_QUEUE] + outcomes[CallOutcome.SHORT]
    unfinished, cut_off = outcomes[None], sum(each.is_cut_off for each in entries)
    people = {each.caller.number for each in entries}
    reached = {each.caller.number for each in answered}
    talks = [
        each.talk_ended_s - each.answered_s
        for each in answered
        if each.talk_ended_s and each.answered_s is not None
    ]
    joined = [each for each in entries if each.joined_s is not None]
    return {
        Figure.CALLS: float(len(entries)),
        Figure.PEOPLE: float(len(people)),
        Figure.PEOPLE_ANSWERED: len(reached) / len(people) if people else None,
        Figure.ANSWERED: float(len(answered)),
        Figure.ABANDONED: float(abandoned),
        Figure.INFORMED: float(sum(each.is_informed for each in entries)),
        Figure.CUT_OFF: float(cut_off),
        Figure.UNFINISHED: float(unfinished),
        Figure.SERVICE_LEVEL: service_level(
            _told(entries, waits), target=norm.target, formula=norm.formula
        ),
        Figure.SPEED_OF_ANSWER_S: _mean(
            [
                wait or 0.0
                for each, wait in zip(entries, waits, strict=True)
                if each.answered_s is not None
            ]
        ),
        Figure.MEAN_WAIT_S: _mean(waited),
        Figure.NINTH_DECILE_S: waited[int(0.9 * (len(waited) - 1))] if waited else None,
        Figure.LONGEST_WAIT_S: waited[-1] if waited else None,
        Figure.DELAYED: _mean([float(each.offered_s != each.joined_s) for each in joined]),
        Figure.ABANDONED_SHARE: abandoned / (len(answered) + abandoned)
        if answered or abandoned
        else None,
        Figure.TALK_S: _mean(talks),
        Figure.OFFERS: _mean([float(each.offers) for each in answered]),
    }


def _told(entries: Sequence[Entry], waits: Sequence[float | None]) -> Iterator[Wait]:
    """Yield the waits of those whose call is over, as the service level counts them."""
    for entry, wait in zip(entries, waits, strict=True):
        if entry.outcome is not None:
            yield Wait(outcome=entry.outcome, waited=timedelta(seconds=wait or 0.0))


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
