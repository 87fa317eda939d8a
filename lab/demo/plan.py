"""
The plan of the demo: who calls when, what he does, and what must come of it.

A planned call is a list of steps (`calls.py`). Here are the calls to the hotline, and all of them
with their times and numbers; those to the other scripts are in `script_calls.py`, those that are
too many in `storm.py`.

Rule 1: data only; the same seed gives the same plan.
Rule 2: every number calls once, so a call and its appeal find each other by the number.
Rule 3: what must come of a call does not depend on the speed of the machine.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from random import Random
from typing import Final

from ekc_telephony.core.call.facts import CallOutcome, SegmentOutcome
from lab.demo.calls import (
    Announce,
    Await,
    BeLeft,
    Cue,
    Draft,
    Fate,
    HangUp,
    Hear,
    HearAgent,
    PlannedCall,
    Press,
    Stay,
    Whim,
    talk,
)
from lab.demo.script_calls import script_calls
from lab.demo.site import CLOSED_NUMBER, UNKNOWN_NUMBER
from lab.demo.storm import beyond, filling

SEED: Final = 122
FIRST_LINE_AGENTS: Final = 4
"""As many long talks keep the first line busy."""

AGENT_WORDS: Final = "goodbye"
"""What operators say: the prompt that a caller can recognise in a conversation."""


def make_plan(seed: int = SEED) -> tuple[PlannedCall, ...]:
    """Return all calls."""
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
        *_dealt(filling(), begin=0.0, every=0.05),
        *_dealt(beyond(), begin=0.1, every=0.2),
        *_dealt(early, begin=0.0, every=1.15),
        *_dealt(rush, begin=1.15 * len(early), every=0.5),
        *_dealt(crowd, begin=0.2, every=0.5),
        *_dealt(late, begin=1.15 * len(early) + 16, every=1.4),
        *_dealt(script_calls(chance), begin=1.0, every=2.4),
    ]
    numbers = _numbers(chance, len(drafts))
    return tuple(
        PlannedCall(
            fate=draft.fate,
            number=None if draft.is_anonymous else draft.number or number,
            did=draft.did,
            steps=tuple(draft.steps),
            outcome=draft.outcome,
            starts_at=starts_at,
            after=draft.after,
            whim=draft.whim,
            agent_talks=draft.agent_talks,
            lapse=draft.lapse,
            traces=tuple(draft.traces),
            act=draft.act,
        )
        for (draft, starts_at), number in zip(drafts, numbers, strict=True)
    )


def _dealt(drafts: Iterable[Draft], *, begin: float, every: float) -> list[tuple[Draft, timedelta]]:
    return [(draft, timedelta(seconds=begin + place * every)) for place, draft in enumerate(drafts)]


def _shuffled(chance: Random, drafts: list[Draft]) -> list[Draft]:
    return chance.sample(drafts, len(drafts))


def _numbers(chance: Random, count: int) -> list[str]:
    """Return numbers of the range +7 900 000: nobody real is named by the demo."""
    return [f"+7900000{tail:04}" for tail in chance.sample(range(1, 10_000), count)]


def _quiet(chance: Random) -> list[Draft]:
    """Return calls that leave somebody free: whoever refuses, another one can answer."""
    return [
        *(_let_lapse(chance, Fate.REFUSED, Whim.REFUSE) for _ in range(3)),
        *(_let_lapse(chance, Fate.NOT_ANSWERED, Whim.IGNORE) for _ in range(2)),
        *_second_line(chance, 4),
        *(Draft(Fate.ABANDONED_IN_MENU, steps, CallOutcome.ABANDONED_IN_MENU) for steps in _LEAVE),
        *(Draft(Fate.SHORT, _GONE_AT_ONCE, CallOutcome.SHORT) for _ in range(2)),
        *(_after_hours() for _ in range(3)),
        _unknown_number(),
    ]


def _lively(chance: Random) -> list[Draft]:
    """Return calls that keep the first line busy."""
    return [
        *_first_line(chance, 5),
        *(_wrong_key_once(chance) for _ in range(2)),
        _wrong_key_twice(chance),
        Draft(Fate.ANONYMOUS, [*_TO_FIRST_LINE, *talk(chance)], is_anonymous=True),
    ]


_TO_FIRST_LINE: Final = (Hear("greeting"), Press("1"), Hear("to-first-line"))
_THROUGH_THE_MENU: Final = (Hear("greeting"), Hear("menu-main"))
_GONE_AT_ONCE: Final = (Stay(timedelta(seconds=2)), HangUp())
_LEAVE: Final = (
    (*_THROUGH_THE_MENU, HangUp()),
    (*_THROUGH_THE_MENU, HangUp()),
    (Hear("greeting"), Stay(timedelta(seconds=4)), HangUp()),
)


def _first_line(chance: Random, count: int) -> list[Draft]:
    drafts = [Draft(Fate.FIRST_LINE, [*_TO_FIRST_LINE, *talk(chance)]) for _ in range(count)]
    for draft in drafts[::2]:  # the operator hangs up first in every other one
        draft.steps = [*_TO_FIRST_LINE, HearAgent(), BeLeft()]
        draft.agent_talks = timedelta(seconds=chance.uniform(6.0, 7.0))
    return drafts


def _second_line(chance: Random, count: int) -> list[Draft]:
    steps = (*_THROUGH_THE_MENU, Press("2"), Hear("to-second-line"))
    return [Draft(Fate.SECOND_LINE, [*steps, *talk(chance)]) for _ in range(count)]


def _wrong_key_once(chance: Random) -> Draft:
    steps = (
        *_THROUGH_THE_MENU,
        Press("7"),
        Hear("menu-wrong-key"),
        Press("1"),
        Hear("to-first-line"),
    )
    return Draft(Fate.WRONG_KEYS, [*steps, *talk(chance)])


def _wrong_key_twice(chance: Random) -> Draft:
    """Two mistakes lead to a person (G2)."""
    steps = (
        *_THROUGH_THE_MENU,
        Press("5"),
        Hear("menu-wrong-key"),
        Press("#"),
        Hear("menu-goodbye"),
    )
    return Draft(Fate.WRONG_KEYS, [*steps, *talk(chance)])


def _silent_once() -> Draft:
    steps = (*_THROUGH_THE_MENU, Hear("menu-silence"), Press("0"), Hear("to-first-line"))
    return Draft(Fate.SILENCE, [*steps, HearAgent(), Stay(timedelta(seconds=2)), HangUp()])


def _silent_to_the_end() -> Draft:
    """Two silences lead to a person."""
    steps = (
        *_THROUGH_THE_MENU,
        Hear("menu-silence"),
        Hear("menu-goodbye"),
    )
    return Draft(Fate.SILENCE, [*steps, HearAgent(), Stay(timedelta(seconds=2)), HangUp()])


def _let_lapse(chance: Random, fate: Fate, whim: Whim) -> Draft:
    lapse = SegmentOutcome.REFUSED if whim is Whim.REFUSE else SegmentOutcome.NOT_ANSWERED
    return Draft(fate, [*_TO_FIRST_LINE, *talk(chance)], whim=whim, lapse=lapse)


def _after_hours() -> Draft:
    return Draft(
        Fate.AFTER_HOURS,
        [Hear("after-hours"), BeLeft()],
        CallOutcome.INFORMED_AFTER_HOURS,
        did=CLOSED_NUMBER,
    )


def _unknown_number() -> Draft:
    steps = (Hear("unknown-number"), BeLeft())
    return Draft(Fate.UNKNOWN_NUMBER, steps, CallOutcome.TECHNICAL_FAILURE, did=UNKNOWN_NUMBER)


def _long_talk() -> Draft:
    """Keep an operator busy until all who shall wait have waited."""
    steps = (
        *_TO_FIRST_LINE,
        HearAgent(),
        Announce(Cue.FLOOR_IS_BUSY),
        Await(Cue.CROWD_HAS_WAITED),
        Stay(timedelta(seconds=1)),
        HangUp(),
    )
    return Draft(Fate.FIRST_LINE, steps)


_WAITING: Final = (*_TO_FIRST_LINE, Hear("queue-welcome"), Hear("queue-position-intro"))


def _all_busy(chance: Random, count: int) -> list[Draft]:
    steps = (*_WAITING, Announce(Cue.CROWD_HAS_WAITED))
    return [
        Draft(Fate.ALL_BUSY, [*steps, *talk(chance)], after=Cue.FLOOR_IS_BUSY) for _ in range(count)
    ]


def _gives_up_waiting(count: int) -> list[Draft]:
    steps = (*_WAITING, HangUp(), Announce(Cue.CROWD_HAS_WAITED))
    outcome = CallOutcome.ABANDONED_IN_QUEUE
    return [
        Draft(Fate.ABANDONED_IN_QUEUE, steps, outcome, after=Cue.FLOOR_IS_BUSY)
        for _ in range(count)
    ]
