"""
An IVR script: an immutable graph of nodes that a caller walks through.

The loader of the YAML files has checked that every target exists before a `Script` is made; the
interpreter walks it. The words are those of a FreePBX admin: retries, timeout, invalid.

There are fewer kinds here than in the language: the loader makes `say`, `identify`, `rate`,
`survey` and `call` of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from enum import Enum
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.ivr.expressions import Expression
from ekc_telephony.core.ivr.formats import Format
from ekc_telephony.core.ivr.utterance import Utterance
from ekc_telephony.core.ivr.values import Variable, VariableKind
from ekc_telephony.core.kernel.ids import NodeId, QueueId, ScriptId, ServiceId, SkillId

DEFAULT_LANGUAGE: Final = "ru"
DEFAULT_ZONE: Final = ZoneInfo("Europe/Moscow")


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """Play prompts and go on. A key pressed meanwhile skips them and counts for the next menu."""

    prompts: Utterance
    next: NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """Let the caller choose by one key; a key cuts the prompts short."""

    prompts: Utterance
    choices: Mapping[str, NodeId]
    """Key → node; a choice that leads to its own menu repeats it."""
    timeout: timedelta
    """How long to wait for a key after the prompts have ended."""
    retries: int
    """How many times a wrong key or silence is forgiven; the next one leads to `exhausted`."""
    invalid_prompts: Utterance
    """Played before the menu's own prompts after a wrong key."""
    timeout_prompts: Utterance
    """Played before the menu's own prompts after silence."""
    exhausted: NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Collect:
    """Let the caller type digits into a variable; the first one cuts the prompts short."""

    prompts: Utterance
    into: str
    """The variable."""
    format: Format
    timeout: timedelta
    """How long to wait for the first key after the prompts, and for each one after another."""
    retries: int
    """How many times a wrong entry or silence is forgiven; the next one leads to `exhausted`."""
    invalid_prompts: Utterance
    timeout_prompts: Utterance
    next: NodeId
    exhausted: NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Ask for an answer by one key, which is kept with the appeal; nobody has to give one."""

    question: str
    """Its name, as statistics count it."""
    prompts: Utterance
    answers: Mapping[str, str]
    """Key → answer, as statistics count it."""
    timeout: timedelta
    retries: int
    invalid_prompts: Utterance
    timeout_prompts: Utterance
    next: NodeId
    """Where he goes, answer or not."""
    is_rating: bool = False
    """The answers are marks from 1 to 5 for the service (S1.3ж)."""
    survey: str = ""
    """Whose question it is, as statistics count it; empty: of no survey."""
    into: str | None = None
    """The variable, a text, that gets the answer; it keeps what it held when he gives none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Branch by business hours."""

    schedule: str
    open: NodeId
    closed: NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Until:
    """Branch by whether a moment has come: before it, or from it on."""

    moment: datetime
    before: NodeId
    after: NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One way of a `Branch`."""

    when: Expression
    next: NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """Go the way of the first case that holds."""

    cases: tuple[Case, ...]
    otherwise: NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign:
    """Set variables, all from the values before; what is not known is not set any more."""

    values: Mapping[str, Expression | None]
    """None: it is forgotten."""
    next: NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Let the caller pass so many times in his visit."""

    times: int
    next: NodeId
    exhausted: NodeId


class Identification(Enum):
    """By what a caller is identified (D1, D2)."""

    NUMBER = "number"
    """The number he calls from."""
    SNILS = "snils"
    CODE_WORD = "code_word"
    REGISTRATION = "registration"
    """The number of his application, and its date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A part of an answer that goes into a variable."""

    path: tuple[str, ...]
    """The names that lead to it within the answer."""
    kind: VariableKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """Ask an information system; the caller hears the prompts until it answers."""

    service: ServiceId
    fields: Mapping[str, Expression]
    """What is sent; what is not known is left out."""
    into: Mapping[str, Wanted]
    """Variable → what of the answer it gets; it is not set when the answer lacks it."""
    prompts: Utterance
    patience: timedelta
    """How long the whole may last before it counts as failed."""
    next: NodeId
    not_found: NodeId
    fallback: NodeId
    """Where he goes when the system is not there or does not answer in time."""
    identifies: Identification | None = None
    """An answer proves who the caller is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLanguage:
    """Speak this language from now on, where a prompt exists in it."""

    language: str
    next: NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Enqueue:
    """Hand the caller to a queue; the visit to the script rests until the talk is over."""

    queue: QueueId
    answers_at_once: bool
    """False lets the caller hear ringing, unanswered, until an agent answers."""
    skills: Mapping[SkillId, int] = field(default_factory=dict)
    """What he needs besides what the queue asks for: skill → least level."""
    priority: int = 0
    """Besides that of the queue."""
    after: NodeId | None = None
    """Where a caller goes on whose agent has hung up; None: we hang up, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Let the caller leave a voice message, thank him, and hang up."""

    prompts: Utterance
    """What he is asked for; the tone follows."""
    otherwise: NodeId
    """Where he goes when there is none and he cannot be called back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Ring a number outside; the call ends with that talk."""

    number: str
    """One of the numbers outside that the configuration allows."""
    otherwise: NodeId
    """Where he goes when nobody answers there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goodbye:
    """Say the last words and hang up; the outcome becomes the call's."""

    prompts: Utterance
    outcome: CallOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownNumber:
    """Branch by whether we know the caller's number, so that he can be called back."""

    known: NodeId
    unknown: NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """Put the caller on the callback list, promise it to him, and hang up."""

    prompts: Utterance
    without_number: NodeId
    """Where he goes whose number we do not know."""


Node: TypeAlias = (
    Play
    | Menu
    | Collect
    | Question
    | Hours
    | Until
    | Branch
    | Assign
    | Limit
    | Lookup
    | SetLanguage
    | KnownNumber
    | Enqueue
    | Message
    | Transfer
    | Goodbye
    | Callback
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One published script."""

    script: ScriptId
    entry: NodeId
    nodes: Mapping[NodeId, Node]
    version: str = ""
    """Says which text it was made from; two scripts of one version are the same."""
    variables: Mapping[str, Variable] = field(default_factory=dict)
    languages: tuple[str, ...] = (DEFAULT_LANGUAGE,)
    """Those it speaks; the first is that of a caller who has not chosen."""
    zone: tzinfo = DEFAULT_ZONE
    """Decides what «today» is for a date that is typed on a call whose clocks nobody knows."""
