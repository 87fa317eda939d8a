"""
What a visit asks for: words for the caller, an answer of an information system, a way out.

Rule 1: prompts are complete here: every value is spoken in full.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.ivr.script import Enqueue, Identification
from ekc_telephony.core.kernel.ids import PromptKey, RequestId, ServiceId


@dataclass(frozen=True, slots=True)
class Say:
    """Play these prompts to the caller now."""

    prompts: tuple[PromptKey, ...]


@dataclass(frozen=True, slots=True)
class StopSaying:
    """Silence what is being said."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask an information system; asked again under the same name, it is the same question."""

    request: RequestId
    service: ServiceId
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Questioned:
    """A question is put to the caller: one of a survey, or to rate the service."""

    question: str
    is_rating: bool
    survey: str = ""
    """Empty: of none."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The caller has answered a question of a survey, or rated the service."""

    question: str
    answer: str
    is_rating: bool
    survey: str = ""
    """Empty: of none."""


@dataclass(frozen=True, slots=True)
class Identified:
    """The caller has proved who he is."""

    method: Identification


@dataclass(frozen=True, slots=True)
class SwitchLanguage:
    """Speak another language to him from now on."""

    language: str


@dataclass(frozen=True, slots=True)
class Join:
    """Let him wait in a queue."""

    place: Enqueue


@dataclass(frozen=True, slots=True)
class TakeMessage:
    """Ask him for a voice message."""

    prompts: tuple[PromptKey, ...]


@dataclass(frozen=True, slots=True)
class RingOutside:
    """Ring a number outside for him."""

    number: str


@dataclass(frozen=True, slots=True)
class PromiseCallback:
    """Put him on the callback list, tell him so and hang up."""

    prompts: tuple[PromptKey, ...]


@dataclass(frozen=True, slots=True)
class TakeLeave:
    """Say the last words and hang up."""

    prompts: tuple[PromptKey, ...]
    outcome: CallOutcome


VisitEffect: TypeAlias = (
    Say
    | StopSaying
    | Ask
    | Questioned
    | Answered
    | Identified
    | SwitchLanguage
    | Join
    | TakeMessage
    | RingOutside
    | PromiseCallback
    | TakeLeave
)
"""From `Join` on they end the visit, or let it rest."""
