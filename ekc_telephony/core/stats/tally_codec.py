"""
A tally as plain JSON values and back, without loss: for the store, for exports, for other programs.

Lengths of time are whole microseconds (`_us`), so that figures of half-hours add up to the day's
exactly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from enum import Enum
from typing import Any, TypeVar

from ekc_telephony.core.call.facts import CallOutcome, SegmentOutcome
from ekc_telephony.core.call.presence import NotReadyReason
from ekc_telephony.core.stats.lengths import Lengths, Waits
from ekc_telephony.core.stats.tally import Tally
from ekc_telephony.core.stats.visits import VisitEnding

WordT = TypeVar("WordT", bound=Enum)

_US = timedelta(microseconds=1)
_LENGTHS = ("talk", "wrap_up", "signed_in", "ready", "handling", "advising")
_SILENCES = ("caller_silences", "caller_silent", "agent_silences", "agent_silent")
_COUNTS = (
    *("received", "people", "ringing", "cut_off", "transferred", "longest_queue"),
    "asked_to_rate",
    *_SILENCES,
)
_UNSURE = ("held", "available")
_LATER: Mapping[str, Any] = {
    "people": None,
    "advising_us": 0,
    **dict.fromkeys(_SILENCES),
    "asked_to_rate": 0,
    "marks": {},
    "asked": {},
    "answers": {},
}
"""What older versions did not count, with what it is then."""


def plain(tally: Tally) -> dict[str, Any]:
    """Return what was counted as plain values."""
    return {
        **{name: getattr(tally, name) for name in _COUNTS},
        **{f"{name}_us": getattr(tally, name) // _US for name in _LENGTHS},
        **{f"{name}_us": _us(getattr(tally, name)) for name in _UNSURE},
        "outcomes": _words(tally.outcomes),
        "sought": _words(tally.sought),
        "visits": _words(tally.visits),
        "rings": _words(tally.rings),
        "not_ready_us": _words(tally.not_ready),
        "marks": dict(sorted(tally.marks.items())),
        "asked": dict(sorted(tally.asked.items())),
        "answers": _by_question(tally.answers),
        "from_queue": _plain_waits(tally.from_queue),
        "from_ring": _plain_waits(tally.from_ring),
        "handlings": _plain_lengths(tally.handlings),
        "service": _plain_lengths(tally.service),
    }


def tally_of(values: Mapping[str, Any]) -> Tally:
    """
    Return the tally that `plain` was given.

    Raises:
        KeyError: A value is missing.
    """
    values = {**_LATER, **values}
    from_queue = _waits(values["from_queue"])
    tally = Tally(from_queue.answered.edges)
    for name in _COUNTS:
        setattr(tally, name, values[name])
    for name in (*_LENGTHS, *_UNSURE):
        spent = values[f"{name}_us"]
        setattr(tally, name, None if spent is None else spent * _US)
    tally.outcomes = _counter(CallOutcome, values["outcomes"])
    tally.sought = _counter(VisitEnding, values["sought"])
    tally.visits = _counter(VisitEnding, values["visits"])
    tally.rings = _counter(SegmentOutcome, values["rings"])
    tally.not_ready = _counter(NotReadyReason, values["not_ready_us"])
    tally.marks, tally.asked = Counter(values["marks"]), Counter(values["asked"])
    tally.answers = Counter(
        {
            (question, answer): count
            for question, answers in values["answers"].items()
            for answer, count in answers.items()
        }
    )
    tally.from_queue, tally.from_ring = from_queue, _waits(values["from_ring"])
    tally.handlings = _lengths(values["handlings"])
    tally.service = _lengths(values["service"])
    return tally


def _us(length: timedelta | None) -> int | None:
    return None if length is None else length // _US


def _words(counter: Counter[WordT]) -> dict[str, int]:
    return {word.value: count for word, count in sorted(counter.items(), key=_by_word)}


def _by_question(answers: Counter[tuple[str, str]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (question, answer), count in sorted(answers.items()):
        found.setdefault(question, {})[answer] = count
    return found


def _by_word(item: tuple[Enum, int]) -> str:
    return str(item[0].value)


def _counter(words: type[WordT], values: Mapping[str, int]) -> Counter[WordT]:
    return Counter({words(word): count for word, count in values.items()})


def _plain_lengths(lengths: Lengths) -> dict[str, Any]:
    return {
        "edges_us": [edge // _US for edge in lengths.edges],
        "counts": list(lengths.counts),
        "total_us": lengths.total // _US,
        "longest_us": _us(lengths.longest),
    }


def _lengths(values: Mapping[str, Any]) -> Lengths:
    longest = values["longest_us"]
    return Lengths(
        edges=tuple(edge * _US for edge in values["edges_us"]),
        counts=list(values["counts"]),
        total=values["total_us"] * _US,
        longest=None if longest is None else longest * _US,
    )


def _plain_waits(waits: Waits) -> dict[str, Any]:
    return {
        "answered": _plain_lengths(waits.answered),
        "abandoned": _plain_lengths(waits.abandoned),
        "short": waits.short,
    }


def _waits(values: Mapping[str, Any]) -> Waits:
    return Waits(
        answered=_lengths(values["answered"]),
        abandoned=_lengths(values["abandoned"]),
        short=values["short"],
    )
