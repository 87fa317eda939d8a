"""
What happened in a rehearsal: its steps, each with its moment.

Rule 1: a step holds what it was about as it is, personal or not; whoever shows it masks what
`personal` names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TypeAlias

from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.call.lookup import LookupOutcome
from ekc_telephony.core.ivr.script import Identification
from ekc_telephony.core.kernel.ids import NodeId, PromptKey, ServiceId


class EndKind(Enum):
    """The ways in which a caller leaves a script."""

    QUEUE = "queue"
    CALLBACK = "callback"
    MESSAGE = "message"
    TRANSFER = "transfer"
    GOODBYE = "goodbye"
    HANGUP = "hangup"
    """He hung up himself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The caller begins to hear this."""

    at: datetime
    node: NodeId
    prompts: tuple[PromptKey, ...]
    language: str
    personal: frozenset[int] = frozenset()
    """Which of the prompts tell a personal variable, by their index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silenced:
    """What he was hearing was cut short."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """The caller pressed a key."""

    at: datetime
    node: NodeId
    """Where he was."""
    key: str
    is_personal: bool
    """It goes into a personal variable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """He pressed no key for as long as he was waited for."""

    at: datetime
    """When the patience ended."""
    node: NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An information system was asked."""

    at: datetime
    node: NodeId
    service: ServiceId
    fields: Mapping[str, str]
    personal: frozenset[str]
    """Which of the fields are made of what is personal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """It answered, or did not."""

    at: datetime
    service: ServiceId
    outcome: LookupOutcome
    is_rehearsed: bool
    """False: nobody said what it would answer, so it failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """The caller rated the service."""

    at: datetime
    question: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """He answered a question."""

    at: datetime
    question: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """He proved who he is."""

    at: datetime
    method: Identification


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageSet:
    """He is spoken to in another language from now on."""

    at: datetime
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """He is back in the script that he had left: his agent hung up, nobody answered outside."""

    at: datetime
    node: NodeId
    """Where he had left it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """He left the script; where he may come back, `Returned` may follow."""

    at: datetime
    node: NodeId
    kind: EndKind
    detail: str
    """The queue, or the number outside; empty for the other kinds."""
    outcome: CallOutcome | None
    """What the call counts as; None as long as that is decided later."""


Step: TypeAlias = (
    Heard
    | Silenced
    | Pressed
    | Waited
    | Asked
    | Told
    | Rated
    | Surveyed
    | Proved
    | LanguageSet
    | Returned
    | Ended
)
