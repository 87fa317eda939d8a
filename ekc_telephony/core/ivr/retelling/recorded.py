"""
What is known of a call of the past: what its caller did at each place of his script.

A call is a row of *stays*: one for every time the caller came to a node at which a script rests.
A stay has what was done there, in order: keys, silences, a hangup. What was said to him is not a
part of it, since another version says something else.

Rule 1: moments are kept as the caller meets them: since the words began, if he acted while they
were said, otherwise since he was waited for. Words have other lengths in another version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import TypeAlias

from ekc_telephony.core.call.lookup import LookupResult
from ekc_telephony.core.ivr.hours import BusinessHours, CallZones
from ekc_telephony.core.ivr.script import Script
from ekc_telephony.core.kernel.ids import CallId, Did, NodeId, ServiceId


class ExitKind(Enum):
    """The ways out of a script."""

    QUEUE = "queue"
    TRANSFER = "transfer"
    CALLBACK = "callback"
    MESSAGE = "message"
    GOODBYE = "goodbye"
    HANGUP = "hangup"
    """He hung up himself, before the script had led him anywhere."""


@dataclass(frozen=True, slots=True)
class Exit:
    """How a caller left his script at last."""

    kind: ExitKind
    detail: str = ""
    """The queue, the number outside, the outcome, the node of a hangup as the old version calls
    it."""


class Lost(Enum):
    """Why nobody knows how a caller left his script."""

    UNWRITTEN = "the journal does not tell how it went on"
    OUT_OF_SIGHT = "it was gone when the engine could see Asterisk again"
    BUG = "a bug of the engine ended it"
    OTHER_WAY = "the engine went another way than its script of then reads today"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """He pressed a key where one was asked for."""

    key: str = field(repr=False)
    waited: timedelta
    over_words: bool
    """`waited` counts since the words began, rather than since they had ended."""
    is_first: bool = True
    """The first of an entry, rather than one more digit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """He pressed nothing for this long after the words had ended."""

    waited: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """He cut words short by a key; if it counted, it stands where it counted."""

    after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class HungUp:
    """He hung up."""

    waited: timedelta
    over_words: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CameBack:
    """He came back to the script: his agent had hung up, or nobody answered outside."""

    after: timedelta


Act: TypeAlias = Pressed | Silent | Skipped | HungUp | CameBack


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """One time at one node."""

    node: NodeId
    acts: tuple[Act, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What an information system was asked, and what it answered."""

    service: ServiceId
    fields: Mapping[str, str] = field(repr=False)
    result: LookupResult | None
    """None: no answer for `took`."""
    took: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """What time means for one call."""

    schedules: Mapping[str, BusinessHours]
    """The business hours, by the clock that counts for it."""
    zones: CallZones


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCall:
    """One call of the past, in its script."""

    call: CallId
    did: Did
    number: str | None = field(repr=False)
    began_at: datetime
    script: Script
    """The version that he met."""
    clocks: Clocks
    """Of then."""
    stays: tuple[Stay, ...]
    lookups: tuple[Looked, ...]
    exit: Exit | Lost
    """How he left; or why that, or a part of the call, is not known."""
    hung_up_after: timedelta | None = None
    """When he hung up in the script, since the beginning; None when he did not."""
