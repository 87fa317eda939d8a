"""
Which outcome of an appeal is right for what its caller saw, with the reason.

Several outcomes may be right: the caller cannot know whether he left the last moment of the menu or
the first of the queue. None is right only because it would be convenient.

Rule 1: what a caller saw decides; what a fault did is used only where he could not see it himself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Final

from ekc_telephony.core.call.facts import SHORT_CALL, CallOutcome
from lab.faults.sightings import SeenCall
from lab.faults.sip import FINAL, Ending

HEARD: Final = timedelta(seconds=0.3)
"""A voice heard for less is no talk: he, or the operator, hung up at that moment."""
_IN_DOUBT: Final = timedelta(seconds=0.4)
"""Near the limit of a short call, it depends on whose clock is looked at."""
_SURELY_QUEUED: Final = timedelta(seconds=4.5)
"""So long after the key he is in the queue: a sentence is said first, after what is being said."""
_SURELY_IN_MENU: Final = timedelta(seconds=6.0)
"""Who presses nothing is in the menu for so long at least."""


class Fate(Enum):
    """What a caller saw."""

    REFUSED = "refused"
    """The node did not take his call."""
    TALKED = "talked"
    TALKED_AFTER_APOLOGY = "talked_after_apology"
    """He heard the fallback, and then an operator."""
    LEFT = "left"
    """He hung up while he waited or listened."""
    LEFT_AFTER_APOLOGY = "left_after_apology"
    """He heard the fallback and no operator; whoever hung up."""
    CUT = "cut"
    """Asterisk was killed before he had talked to anybody."""
    CUT_TALKING = "cut_talking"
    POISONED = "poisoned"
    """He pressed the key that makes the engine raise."""
    HUNG_UP_ON = "hung_up_on"
    """Our side hung up without an apology: never right, and told by another rule."""
    UNHEARD = "unheard"
    """The node never gave a final answer to his INVITE."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """The outcomes that are right for a fate."""

    outcomes: frozenset[CallOutcome]
    why: str


_ABANDONED: Final = frozenset(
    {CallOutcome.ABANDONED_IN_MENU, CallOutcome.ABANDONED_IN_QUEUE, CallOutcome.SHORT}
)
TABLE: Final[Mapping[Fate, Allowed]] = {
    Fate.REFUSED: Allowed(
        outcomes=frozenset({CallOutcome.TECHNICAL_FAILURE}), why="we did not serve him"
    ),
    Fate.TALKED: Allowed(
        outcomes=frozenset({CallOutcome.ANSWERED}), why="he talked to an operator"
    ),
    Fate.TALKED_AFTER_APOLOGY: Allowed(
        outcomes=frozenset({CallOutcome.ANSWERED, CallOutcome.SENT_TO_FALLBACK}),
        why="the fallback connected him: a call that the engine had served before keeps the "
        "outcome that says so",
    ),
    Fate.LEFT: Allowed(
        outcomes=_ABANDONED, why="he hung up before an answer; where, `where_he_left` narrows"
    ),
    Fate.LEFT_AFTER_APOLOGY: Allowed(
        outcomes=frozenset({CallOutcome.SENT_TO_FALLBACK, CallOutcome.CALLBACK_PROMISED}),
        why="only the fallback has dealt with him; the key for a callback may have been heard",
    ),
    Fate.CUT: Allowed(
        outcomes=frozenset(
            {
                CallOutcome.TECHNICAL_FAILURE,
                CallOutcome.SENT_TO_FALLBACK,
                CallOutcome.CALLBACK_PROMISED,
            }
        ),
        why="Asterisk died under him: a technical failure; one whom the fallback had says that",
    ),
    Fate.CUT_TALKING: Allowed(
        outcomes=frozenset(
            {
                CallOutcome.ANSWERED,
                CallOutcome.TECHNICAL_FAILURE,
                CallOutcome.SENT_TO_FALLBACK,
            }
        ),
        why="he had been answered when Asterisk died; the fault in the appeal says the rest",
    ),
    Fate.POISONED: Allowed(
        outcomes=frozenset(
            {
                CallOutcome.SENT_TO_FALLBACK,
                CallOutcome.TECHNICAL_FAILURE,
                CallOutcome.CALLBACK_PROMISED,
            }
        ),
        why="our bug ended his session, the fallback took him",
    ),
    Fate.HUNG_UP_ON: Allowed(outcomes=frozenset(CallOutcome), why="another rule tells of it"),
    Fate.UNHEARD: Allowed(
        outcomes=frozenset(CallOutcome), why="nobody promised him an appeal; one does no harm"
    ),
}


def fate_of(seen: SeenCall) -> Fate:
    """Return what a caller saw, in one word."""
    has_talked = any(talk.span.duration >= HEARD for talk in seen.talks)
    if seen.status is None:
        return Fate.UNHEARD
    if seen.status > FINAL and seen.ending is not Ending.WITHDRAWN:
        return Fate.REFUSED
    if seen.ending is Ending.DEAD:
        return Fate.CUT_TALKING if has_talked else Fate.CUT
    return _served(seen, has_talked=has_talked)


def _served(seen: SeenCall, *, has_talked: bool) -> Fate:
    if seen.is_poison and seen.key is not None:
        return Fate.POISONED
    if seen.heard_fallback:
        return Fate.TALKED_AFTER_APOLOGY if has_talked else Fate.LEFT_AFTER_APOLOGY
    if has_talked:
        return Fate.TALKED
    return Fate.HUNG_UP_ON if seen.ending is Ending.NODE else Fate.LEFT


def allowed_outcomes(
    seen: SeenCall, *, may_be_in_fallback: bool, may_be_answered: bool, is_disturbed: bool
) -> Allowed:
    """
    Return the right outcomes.

    Args:
        seen: What the caller saw.
        may_be_in_fallback: He left when the fallback was taking callers over; he need not have
            heard enough of it to know.
        may_be_answered: An operator picked up as he left.
        is_disturbed: A fault came while he was in the menu, which may have begun anew.
    """
    fate = fate_of(seen)
    allowed = TABLE[fate]
    outcomes = set(allowed.outcomes)
    if fate is Fate.LEFT:
        outcomes = _where_he_left(seen, is_disturbed=is_disturbed)
        if may_be_in_fallback:
            outcomes |= {CallOutcome.SENT_TO_FALLBACK, CallOutcome.CALLBACK_PROMISED}
        if may_be_answered:
            outcomes.add(CallOutcome.ANSWERED)
    if fate is Fate.CUT and may_be_answered:
        outcomes.add(CallOutcome.ANSWERED)
    return Allowed(outcomes=frozenset(outcomes), why=f"{fate.value}: {allowed.why}")


def _where_he_left(seen: SeenCall, *, is_disturbed: bool) -> set[CallOutcome]:
    # The node knows of his call from here to there at least, and at most.
    arrived = seen.first_answer_at or seen.invited_at
    least = seen.ended_at - arrived
    most = (seen.end_confirmed_at or seen.ended_at) - seen.invited_at
    outcomes: set[CallOutcome] = set()
    if least < SHORT_CALL + _IN_DOUBT:
        outcomes.add(CallOutcome.SHORT)
    if most > SHORT_CALL - _IN_DOUBT:
        outcomes |= _menu_or_queue(seen, is_disturbed=is_disturbed)
    return outcomes


def _menu_or_queue(seen: SeenCall, *, is_disturbed: bool) -> set[CallOutcome]:
    both = {CallOutcome.ABANDONED_IN_MENU, CallOutcome.ABANDONED_IN_QUEUE}
    if is_disturbed:
        return both
    if seen.pressed_at is not None and seen.ended_at - seen.pressed_at > _SURELY_QUEUED:
        return {CallOutcome.ABANDONED_IN_QUEUE}
    answered = seen.answered_at or seen.invited_at
    if seen.pressed_at is None and seen.ended_at - answered < _SURELY_IN_MENU:
        return {CallOutcome.ABANDONED_IN_MENU}
    return both
