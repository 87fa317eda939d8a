"""
The plan of the demo: who calls when, what he does, and what must come of it.

A planned call is a list of steps. Callers do not act by the clock but by what they hear: a step
`Hear` waits for a prompt in the sound that arrives, and the next step follows from it. Where calls
depend on each other (a caller can only find everybody busy when everybody is) they meet at a `Cue`.

Rule 1: data only; the same seed gives the same plan.
Rule 2: every number calls once, so a call and its appeal find each other by the number.
Rule 3: what must come of a call does not depend on the speed of the machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from random import Random
from typing import Final, TypeAlias

from ekc_telephony.core.call.facts import CallOutcome, SegmentOutcome
from lab.demo.site import CLOSED_NUMBER, OPEN_NUMBER, UNKNOWN_NUMBER

SEED: Final = 122
FIRST_LINE_AGENTS: Final = 4
"""As many long talks keep the first line busy."""

AGENT_WORDS: Final = "goodbye"
"""What operators say: the prompt that a caller can recognise in a conversation."""


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


class Cue(Enum):
    """A moment that several callers bring about and others wait for."""

    FLOOR_IS_BUSY = "every first-line operator talks"
    CROWD_HAS_WAITED = "all who shall wait have heard their place"


@dataclass(frozen=True, slots=True)
class Hear:
    """Wait until the beginning of a prompt was heard; it counts as verified later."""

    prompt: str
    patience: timedelta = timedelta(seconds=25)


@dataclass(frozen=True, slots=True)
class HearAgent:
    """Wait for the operator's voice, and speak oneself."""

    patience: timedelta = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class Press:
    """Press a key."""

    keys: str


@dataclass(frozen=True, slots=True)
class Stay:
    """Do nothing for a while."""

    duration: timedelta


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


Step: TypeAlias = Hear | HearAgent | Press | Stay | Announce | Await | HangUp | BeLeft


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
    """From the beginning of the demo, or from the cue it begins with."""
    after: Cue | None = None
    whim: Whim = Whim.ANSWER
    agent_talks: timedelta | None = None
    """When the operator hangs up; None leaves it to the caller."""
    lapse: SegmentOutcome | None = None
    """How the first offer must have ended, when it was not accepted."""

    @property
    def prompts(self) -> tuple[str, ...]:
        """The prompts that must be in what the caller's phone recorded."""
        return tuple(step.prompt for step in self.steps if isinstance(step, Hear))

    @property
    def talks(self) -> bool:
        """Tell whether the caller talks to an operator."""
        return self.outcome is CallOutcome.ANSWERED


@dataclass(slots=True)
class _Draft:
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


def make_plan(seed: int = SEED) -> tuple[PlannedCall, ...]:
    """Return all calls; those with a time of their own come in its order."""
    chance = Random(seed)
    early = [
        _silent_to_the_end(),
        _silent_once(),
        *_shuffled(chance, _quiet(chance)),
        *_shuffled(chance, _lively(chance)),
    ]
    rush = [_long_talk() for _ in range(FIRST_LINE_AGENTS)]
    crowd = _shuffled(chance, [*_all_busy(chance, 4), *_gives_up_waiting(3)])
    late = _shuffled(chance, [*_first_line(chance, 3), *_second_line(chance, 3)])
    drafts = [
        *_dealt(early, begin=0.0, every=1.15),
        *_dealt(rush, begin=1.15 * len(early), every=0.5),
        *_dealt(crowd, begin=0.2, every=0.5),
        *_dealt(late, begin=1.15 * len(early) + 16, every=1.4),
    ]
    numbers = _numbers(chance, len(drafts))
    return tuple(
        PlannedCall(
            fate=draft.fate,
            number=None if draft.is_anonymous else number,
            did=draft.did,
            steps=tuple(draft.steps),
            outcome=draft.outcome,
            starts_at=starts_at,
            after=draft.after,
            whim=draft.whim,
            agent_talks=draft.agent_talks,
            lapse=draft.lapse,
        )
        for (draft, starts_at), number in zip(drafts, numbers, strict=True)
    )


def _dealt(
    drafts: Iterable[_Draft], *, begin: float, every: float
) -> list[tuple[_Draft, timedelta]]:
    return [(draft, timedelta(seconds=begin + place * every)) for place, draft in enumerate(drafts)]


def _shuffled(chance: Random, drafts: list[_Draft]) -> list[_Draft]:
    return chance.sample(drafts, len(drafts))


def _numbers(chance: Random, count: int) -> list[str]:
    """Return numbers of the range +7 900 000: nobody real is named by the demo."""
    return [f"+7900000{tail:04}" for tail in chance.sample(range(1, 10_000), count)]


def _quiet(chance: Random) -> list[_Draft]:
    """Return calls that leave somebody free: whoever refuses, another one can answer."""
    return [
        *(_let_lapse(chance, Fate.REFUSED, Whim.REFUSE) for _ in range(3)),
        *(_let_lapse(chance, Fate.NOT_ANSWERED, Whim.IGNORE) for _ in range(2)),
        *_second_line(chance, 4),
        *(_Draft(Fate.ABANDONED_IN_MENU, steps, CallOutcome.ABANDONED_IN_MENU) for steps in _LEAVE),
        *(_Draft(Fate.SHORT, _GONE_AT_ONCE, CallOutcome.SHORT) for _ in range(2)),
        *(_after_hours() for _ in range(3)),
        _unknown_number(),
    ]


def _lively(chance: Random) -> list[_Draft]:
    """Return calls that keep the first line busy."""
    return [
        *_first_line(chance, 5),
        *(_wrong_key_once(chance) for _ in range(2)),
        _wrong_key_twice(chance),
        _Draft(Fate.ANONYMOUS, [*_TO_FIRST_LINE, *_talk(chance)], is_anonymous=True),
    ]


_TO_FIRST_LINE: Final = (Hear("greeting"), Press("1"), Hear("to-first-line"))
_THROUGH_THE_MENU: Final = (Hear("greeting"), Hear("menu-main"))
_GONE_AT_ONCE: Final = (Stay(timedelta(seconds=2)), HangUp())
_LEAVE: Final = (
    (*_THROUGH_THE_MENU, HangUp()),
    (*_THROUGH_THE_MENU, HangUp()),
    (Hear("greeting"), Stay(timedelta(seconds=4)), HangUp()),
)


def _talk(chance: Random) -> tuple[Step, ...]:
    """Hear the operator, and talk on until one of the two hangs up."""
    return HearAgent(), Stay(timedelta(seconds=chance.uniform(1.4, 2.4))), HangUp()


def _first_line(chance: Random, count: int) -> list[_Draft]:
    drafts = [_Draft(Fate.FIRST_LINE, [*_TO_FIRST_LINE, *_talk(chance)]) for _ in range(count)]
    for draft in drafts[::2]:  # the operator hangs up first in every other one
        draft.steps = [*_TO_FIRST_LINE, HearAgent(), BeLeft()]
        draft.agent_talks = timedelta(seconds=chance.uniform(6.0, 7.0))
    return drafts


def _second_line(chance: Random, count: int) -> list[_Draft]:
    steps = (*_THROUGH_THE_MENU, Press("2"), Hear("to-second-line"))
    return [_Draft(Fate.SECOND_LINE, [*steps, *_talk(chance)]) for _ in range(count)]


def _wrong_key_once(chance: Random) -> _Draft:
    steps = (
        *_THROUGH_THE_MENU,
        Press("7"),
        Hear("menu-wrong-key"),
        Press("1"),
        Hear("to-first-line"),
    )
    return _Draft(Fate.WRONG_KEYS, [*steps, *_talk(chance)])


def _wrong_key_twice(chance: Random) -> _Draft:
    """Two mistakes lead to a person (G2)."""
    steps = (
        *_THROUGH_THE_MENU,
        Press("5"),
        Hear("menu-wrong-key"),
        Press("#"),
        Hear("menu-goodbye"),
    )
    return _Draft(Fate.WRONG_KEYS, [*steps, *_talk(chance)])


def _silent_once() -> _Draft:
    steps = (*_THROUGH_THE_MENU, Hear("menu-silence"), Press("0"), Hear("to-first-line"))
    return _Draft(Fate.SILENCE, [*steps, HearAgent(), Stay(timedelta(seconds=2)), HangUp()])


def _silent_to_the_end() -> _Draft:
    """Two silences lead to a person."""
    steps = (
        *_THROUGH_THE_MENU,
        Hear("menu-silence"),
        Hear("menu-goodbye", timedelta(seconds=40)),
    )
    return _Draft(Fate.SILENCE, [*steps, HearAgent(), Stay(timedelta(seconds=2)), HangUp()])


def _let_lapse(chance: Random, fate: Fate, whim: Whim) -> _Draft:
    lapse = SegmentOutcome.REFUSED if whim is Whim.REFUSE else SegmentOutcome.NOT_ANSWERED
    return _Draft(fate, [*_TO_FIRST_LINE, *_talk(chance)], whim=whim, lapse=lapse)


def _after_hours() -> _Draft:
    return _Draft(
        Fate.AFTER_HOURS,
        [Hear("after-hours"), BeLeft()],
        CallOutcome.INFORMED_AFTER_HOURS,
        did=CLOSED_NUMBER,
    )


def _unknown_number() -> _Draft:
    steps = (Hear("unknown-number"), BeLeft())
    return _Draft(Fate.UNKNOWN_NUMBER, steps, CallOutcome.TECHNICAL_FAILURE, did=UNKNOWN_NUMBER)


def _long_talk() -> _Draft:
    """Keep an operator busy until all who shall wait have waited."""
    steps = (
        *_TO_FIRST_LINE,
        HearAgent(),
        Announce(Cue.FLOOR_IS_BUSY),
        Await(Cue.CROWD_HAS_WAITED),
        Stay(timedelta(seconds=1)),
        HangUp(),
    )
    return _Draft(Fate.FIRST_LINE, steps)


_WAITING: Final = (*_TO_FIRST_LINE, Hear("queue-welcome"), Hear("queue-position-intro"))


def _all_busy(chance: Random, count: int) -> list[_Draft]:
    steps = (*_WAITING, Announce(Cue.CROWD_HAS_WAITED))
    return [
        _Draft(Fate.ALL_BUSY, [*steps, *_talk(chance)], after=Cue.FLOOR_IS_BUSY)
        for _ in range(count)
    ]


def _gives_up_waiting(count: int) -> list[_Draft]:
    steps = (*_WAITING, HangUp(), Announce(Cue.CROWD_HAS_WAITED))
    outcome = CallOutcome.ABANDONED_IN_QUEUE
    return [
        _Draft(Fate.ABANDONED_IN_QUEUE, steps, outcome, after=Cue.FLOOR_IS_BUSY)
        for _ in range(count)
    ]
