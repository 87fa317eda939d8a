"""
The storm before anybody is at work: as many callers as the node lets in, and some beyond.

Those who fill the house stay in the menu until the ones beyond have heard the overload script; then
they hang up. So it does not depend on the speed of the machine who is let in: the storm comes
first, and by day callers come only as long as some of the lines are free (`Stage`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from ekc_telephony.core.call.facts import CallOutcome
from lab.demo.calls import (
    Act,
    Announce,
    Await,
    BeLeft,
    Cue,
    Draft,
    Entered,
    Fate,
    HangUp,
    Hear,
    Press,
    Speak,
    Stay,
)
from lab.demo.site import MOST_CALLS

_LONG_ENOUGH: Final = Stay(timedelta(seconds=6))
"""Whoever hangs up before five seconds are over has not called in earnest."""
_BEYOND: Final = Entered(script="overload")


def filling() -> list[Draft]:
    """Return the calls that fill the house."""
    steps = (
        Hear("greeting"),
        Announce(Cue.HOUSE_IS_FULL),
        _LONG_ENOUGH,
        Await(Cue.OVERLOAD_WAS_TOLD),
        HangUp(),
        Announce(Cue.HOUSE_IS_EMPTY),
    )
    outcome = CallOutcome.ABANDONED_IN_MENU
    return [Draft(Fate.STORM, steps, outcome, act=Act.STORM) for _ in range(MOST_CALLS)]


def beyond() -> list[Draft]:
    """Return the calls that come when the house is full."""
    offer = (Hear("overload-offer"), Announce(Cue.OVERLOAD_WAS_TOLD))
    promised = (*offer, Press("1"), Hear("callback-promised"), BeLeft())
    message = (
        *offer,
        Press("2"),
        Hear("message-invitation"),
        Hear("message-tone"),
        Speak(),
        Stay(timedelta(seconds=6)),
        Press("#"),
        Hear("message-thanks"),
        BeLeft(),
    )
    ends = [
        (Fate.OVERLOAD_CALLBACK, promised, CallOutcome.CALLBACK_PROMISED),
        (Fate.OVERLOAD_CALLBACK, promised, CallOutcome.CALLBACK_PROMISED),
        (Fate.OVERLOAD_MESSAGE, message, CallOutcome.MESSAGE_LEFT),
    ]
    return [
        Draft(fate, steps, outcome, act=Act.STORM, after=Cue.HOUSE_IS_FULL, traces=[_BEYOND])
        for fate, steps, outcome in ends
    ]
