"""
What a planned call is made of: its steps, and what must come of it.

Callers do not act by the clock but by what they hear: a step `Hear` waits for a prompt in the
sound that arrives, and the next step follows from it. Where calls depend on each other (a caller
can only find everybody busy when everybody is) they meet at a `Cue`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from random import Random
from typing import TypeAlias

from ekc_telephony.core.call.facts import CallOutcome, NoteKind, SegmentOutcome
from lab.demo.site import OPEN_NUMBER
from lab.waiting import PATIENCE


class Fate(Enum):
    """What happens to a caller, as the table at the end names it."""

    FIRST_LINE = "первая линия ответила"
    SECOND_LINE = "вторая линия, через меню"
    WRONG_KEYS = "ошибся клавишей"
    SILENCE = "молчал в меню"
    ABANDONED_IN_MENU = "бросил трубку в меню"
    ABANDONED_IN_QUEUE = "бросил трубку в очереди"
    REFUSED = "оператор отклонил, ответил другой"
    NOT_ANSWERED = "оператор не снял трубку, ответил другой"
    ALL_BUSY = "все заняты: музыка, место в очереди"
    AFTER_HOURS = "нерабочее время"
    SHORT = "сразу положил трубку"
    ANONYMOUS = "скрытый номер"
    UNKNOWN_NUMBER = "несуществующий номер"
    FEDERAL_STATUS = "федеральная: как решается заявление"
    FEDERAL_SECOND_LINE = "федеральная: вторая линия, узнали гражданина"
    RATED = "федеральная: оценил разговор"
    OFFICES = "адрес и часы отделения"
    APPOINTMENT = "122: запись к врачу без оператора"
    HOME_VISIT = "122: вызов врача на дом без оператора"
    VACCINATION = "122: где сделать прививку"
    SURVEY = "122: ответил на опрос"
    STORM = "перегрузка: заняли все линии и ушли"
    OVERLOAD_CALLBACK = "перегрузка: лишнему обещали перезвонить"
    OVERLOAD_MESSAGE = "перегрузка: лишний оставил сообщение"


class Cue(Enum):
    """A moment that several callers bring about and others wait for."""

    FLOOR_IS_BUSY = "every first-line operator talks"
    CROWD_HAS_WAITED = "all who shall wait have heard their place"
    HOUSE_IS_FULL = "as many callers are there as are let in"
    OVERLOAD_WAS_TOLD = "all who came beyond have heard so"
    HOUSE_IS_EMPTY = "those who filled the house have hung up"


class Act(Enum):
    """The acts of the demo, one after the other."""

    STORM = "more callers than are let in, while the operators sign in"
    DAY = "all others"


@dataclass(frozen=True, slots=True)
class Hear:
    """Wait until the beginning of a prompt was heard; it counts as verified later."""

    prompt: str
    patience: timedelta = PATIENCE


@dataclass(frozen=True, slots=True)
class HearText:
    """Wait until the beginning of a text that a script says was heard, likewise."""

    beginning: str
    """Of the text, as it stands in the script: enough of it to tell it from all others."""
    patience: timedelta = PATIENCE


@dataclass(frozen=True, slots=True)
class HearAgent:
    """Wait for the operator's voice, and speak oneself."""

    patience: timedelta = timedelta(seconds=120)


@dataclass(frozen=True, slots=True)
class Press:
    """Press a key."""

    keys: str


@dataclass(frozen=True, slots=True)
class Stay:
    """Do nothing for a while."""

    duration: timedelta


@dataclass(frozen=True, slots=True)
class Speak:
    """Begin to speak, and go on."""


@dataclass(frozen=True, slots=True)
class Announce:
    """Do one's part for a cue."""

    cue: Cue


@dataclass(frozen=True, slots=True)
class Await:
    """Wait for a cue."""

    cue: Cue


@dataclass(frozen=True, slots=True)
class HangUp:
    """Hang up."""


@dataclass(frozen=True, slots=True)
class BeLeft:
    """Wait until the other side hangs up."""


Step: TypeAlias = (
    Hear | HearText | HearAgent | Press | Speak | Stay | Announce | Await | HangUp | BeLeft
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """The appeal tells what the caller proved or answered."""

    kind: NoteKind
    reason: str
    target: str | None = None
    """At which question; None where it does not matter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An information system was asked this."""

    operation: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """A doctor's free time belongs to the citizen now."""

    doctor: str
    to: str
    """The same in Russian words, as it follows «запись к»."""
    snils: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """A doctor is to come to the citizen's home."""

    snils: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """The call began with another script than its number's."""

    script: str


Trace: TypeAlias = Noted | Asked | Booked | Visited | Entered
"""What a call must have left behind, in the appeal or in the information systems."""


def talk(chance: Random) -> tuple[Step, ...]:
    """Hear the operator, and talk on until one of the two hangs up."""
    return HearAgent(), Stay(timedelta(seconds=chance.uniform(2.0, 3.0))), HangUp()


class Whim(Enum):
    """What the first operator to be rung for a call does with it."""

    ANSWER = "answer"
    REFUSE = "refuse"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCall:
    """One call."""

    fate: Fate
    number: str | None
    """The caller's; None when he hides it."""
    did: str
    steps: tuple[Step, ...]
    outcome: CallOutcome
    starts_at: timedelta = timedelta()
    """From the beginning of its act, or from the cue it begins with."""
    after: Cue | None = None
    whim: Whim = Whim.ANSWER
    agent_talks: timedelta | None = None
    """When the operator hangs up; None leaves it to the caller."""
    lapse: SegmentOutcome | None = None
    """How the first offer must have ended, when it was not accepted."""
    traces: tuple[Trace, ...] = ()
    act: Act = Act.DAY

    @property
    def heard(self) -> tuple[Hear | HearText, ...]:
        """The prompts that must be in what the caller's phone recorded."""
        return tuple(step for step in self.steps if isinstance(step, Hear | HearText))

    @property
    def talks(self) -> bool:
        """Tell whether the caller talks to an operator."""
        return self.outcome is CallOutcome.ANSWERED


@dataclass(slots=True)
class Draft:
    """A fate before numbers and times are dealt."""

    fate: Fate
    steps: Sequence[Step]
    outcome: CallOutcome = CallOutcome.ANSWERED
    did: str = OPEN_NUMBER
    is_anonymous: bool = False
    after: Cue | None = None
    whim: Whim = Whim.ANSWER
    lapse: SegmentOutcome | None = None
    agent_talks: timedelta | None = None
    number: str | None = None
    """None: any that nobody has."""
    traces: Sequence[Trace] = ()
    act: Act = Act.DAY
