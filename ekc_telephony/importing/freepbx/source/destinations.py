"""
Where FreePBX sends a call: `context,extension,priority`, as every table of it writes destinations.

Source: the `…_destinations` functions of the modules, for instance `ivr_destinations` («ivr-3,s,1»)
and `core_destinations` («app-blackhole,hangup,1»).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import Final


class Place(Enum):
    """What kind of thing a destination is."""

    NOWHERE = auto()
    IVR = auto()
    QUEUE = auto()
    RING_GROUP = auto()
    EXTENSION = auto()
    VOICEMAIL = auto()
    ANNOUNCEMENT = auto()
    TIME_CONDITION = auto()
    DAY_NIGHT = auto()
    TERMINATE = auto()
    CALLBACK = auto()
    MISC = auto()
    LANGUAGE = auto()
    CALLER_ID = auto()
    PRIORITY = auto()
    DIRECTORY = auto()
    OTHER = auto()


_PATTERNS: Final = tuple(
    (re.compile(pattern, re.ASCII), place)
    for pattern, place in (
        (r"ivr-(\d+),s(?:,|$)", Place.IVR),
        (r"ext-queues,(\d+)(?:,|$)", Place.QUEUE),
        (r"ext-group,(\d+)(?:,|$)", Place.RING_GROUP),
        (r"(?:from-did-direct|ext-local|ext-findmefollow),(?:FM)?(\d+)(?:,|$)", Place.EXTENSION),
        (r"ext-local,vm[a-z]?(\d+)(?:,|$)", Place.VOICEMAIL),
        (r"app-announcement-(\d+),s(?:,|$)", Place.ANNOUNCEMENT),
        (r"timeconditions,(\d+)(?:,|$)", Place.TIME_CONDITION),
        (r"app-daynight,(\d+)(?:,|$)", Place.DAY_NIGHT),
        (r"app-blackhole,(\w+)(?:,|$)", Place.TERMINATE),
        (r"callback,(\d+)(?:,|$)", Place.CALLBACK),
        (r"ext-miscdests,(\d+)(?:,|$)", Place.MISC),
        (r"app-languages,(\d+)(?:,|$)", Place.LANGUAGE),
        (r"app-setcid,(\d+)(?:,|$)", Place.CALLER_ID),
        (r"app-queueprio,(\d+)(?:,|$)", Place.PRIORITY),
        (r"directory,(\d+)(?:,|$)", Place.DIRECTORY),
    )
)

NAMES: Final[Mapping[Place, str]] = MappingProxyType(
    {
        Place.NOWHERE: "направление не задано",
        Place.IVR: "меню IVR",
        Place.QUEUE: "очередь",
        Place.RING_GROUP: "группа вызова",
        Place.EXTENSION: "внутренний номер",
        Place.VOICEMAIL: "голосовая почта",
        Place.ANNOUNCEMENT: "объявление",
        Place.TIME_CONDITION: "условие по времени",
        Place.DAY_NIGHT: "переключатель «день/ночь»",
        Place.TERMINATE: "завершение вызова",
        Place.CALLBACK: "обратный звонок",
        Place.MISC: "прочее назначение (Misc Destination)",
        Place.LANGUAGE: "смена языка",
        Place.CALLER_ID: "подмена номера (Set CallerID)",
        Place.PRIORITY: "приоритет в очереди",
        Place.DIRECTORY: "справочник сотрудников (Directory)",
        Place.OTHER: "назначение, которого ЕКЦ не знает",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """One destination, understood as far as its text says."""

    place: Place
    key: str
    """The number of the thing in its own table; for `TERMINATE` the way of ending."""
    written: str


def read_destination(written: str) -> Destination:
    """Return what a destination means; what is unknown is `Place.OTHER`."""
    text = written.strip()
    if not text:
        return Destination(place=Place.NOWHERE, key="", written="")
    for pattern, place in _PATTERNS:
        found = pattern.match(text)
        if found:
            return Destination(place=place, key=plain_number(found[1]), written=text)
    return Destination(place=Place.OTHER, key="", written=text)


def plain_number(written: str) -> str:
    """Return a number without the zeros before it, so that `03` and `3` are one menu."""
    return written.lstrip("0") or "0" if written.isdecimal() and written.isascii() else written


def small_number(written: str) -> int:
    """Return a count as FreePBX reads it: what is no number counts as zero."""
    is_number = written.isdecimal() and written.isascii() and len(written) <= _MOST_DIGITS
    return int(written) if is_number else 0


_MOST_DIGITS: Final = 6
