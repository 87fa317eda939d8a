"""
The callers of a day: when each calls, what he wants, and how long he waits for it.

All that is his own is decided when he is born, before any policy has met him: his patience, the
length of his conversation, whether he would call again. So every policy meets the same people.

Rule 1: a caller depends on the seed, the replication and his own kind only.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Final

from ekc_telephony.core.kernel.ids import Did, QueueId
from ekc_telephony.simulation.dice import Dice
from ekc_telephony.simulation.load import Playable, did_of
from ekc_telephony.simulation.recorded import RecordedCall
from ekc_telephony.simulation.scenario import Calls, Scenario

_SMALL_MEAN: Final = 30.0
_TRIES: Final = 100


@dataclass(slots=True, kw_only=True)
class Caller:
    """One person who calls once."""

    number: str
    did: Did
    queue: QueueId | None
    """Where he waits, when he does not walk through a script of the configuration."""
    keys: str
    arrives_s: float
    """Since the beginning of the scenario's hours."""
    menu_s: float
    patience_s: float
    """How long he waits in a queue before he hangs up; `math.inf` for ever."""
    talk_s: float
    wrap_up_s: float | None
    """The operator's after-call work; None for all that the queue allows."""
    redials_after_s: float | None
    """When he calls again if he gave up; None for never."""
    takes_callback: bool
    """What he says when he is offered to be called back."""


def callers(playable: Playable, dice: Dice) -> list[Caller]:
    """Return everybody who calls, in the order of arrival."""
    born = [
        caller
        for index, calls in enumerate(playable.scenario.calls)
        for caller in _Kind(playable, index, calls, dice).callers()
    ]
    born.sort(key=lambda each: each.arrives_s)
    return born


class _Kind:
    """
    Gives birth to the callers of one kind.

    Args:
        playable: The scenario.
        index: Which kind of its `calls`.
        calls: What is said of it.
        dice: All streams.
    """

    def __init__(self, playable: Playable, index: int, calls: Calls, dice: Dice) -> None:
        self._calls = calls
        self._scenario = playable.scenario
        self._recorded = playable.recorded.get(index)
        self._number = index * 1_000_000
        title = calls.title
        self._arrivals = dice.of(f"arrivals/{title}")
        self._menu = calls.menu.thrower(dice.of(f"menu/{title}"))
        self._patience = calls.patience.thrower(dice.of(f"patience/{title}"))
        self._talk = calls.talk.thrower(dice.of(f"talk/{title}"))
        self._wrap_up = (
            None if calls.wrap_up is None else calls.wrap_up.thrower(dice.of(f"wrap-up/{title}"))
        )
        self._callback = dice.of(f"callback/{title}")
        self._redial = dice.of(f"redial/{title}")
        self._redials_after = (
            None
            if calls.redial is None
            else calls.redial.after.thrower(dice.of(f"redial-after/{title}"))
        )

    def callers(self) -> Iterator[Caller]:
        """Yield them, kind by kind of interval, not sorted."""
        if self._recorded is not None:
            for call in self._recorded:
                yield from self._relive(call)
            return
        for at in _arrivals(self._scenario, self._calls, self._arrivals):
            yield self._born(at)

    def _born(self, arrives_s: float) -> Caller:
        self._number += 1
        redial = self._calls.redial
        will_redial = redial is not None and self._redial.random() < redial.share
        return Caller(
            number=f"+7{9_000_000_000 + self._number}",
            did=did_of(self._calls),
            queue=None if self._calls.queue is None else QueueId(self._calls.queue),
            keys=self._calls.keys,
            arrives_s=arrives_s,
            menu_s=self._menu(),
            patience_s=self._patience(),
            talk_s=self._talk(),
            wrap_up_s=None if self._wrap_up is None else self._wrap_up(),
            redials_after_s=self._redials_after()
            if will_redial and self._redials_after is not None
            else None,
            takes_callback=self._callback.random() < self._calls.callback,
        )

    def _relive(self, call: RecordedCall) -> Iterator[Caller]:
        """Let a real caller call again, on the day of the scenario at the same time of day."""
        local = call.at.astimezone(self._scenario.time_zone)
        since_midnight = local.replace(tzinfo=None) - datetime.combine(local, time())
        hours = self._scenario.hours
        arrives_s = (since_midnight - hours.opens).total_seconds()
        is_ours = call.queue is None or call.queue == self._calls.queue
        if not is_ours or not 0 <= arrives_s < (hours.closes - hours.opens).total_seconds():
            return
        caller = self._born(arrives_s)
        if call.number is not None:
            caller.number = call.number
        # What is recorded began when he called, patience begins when he waits.
        waited_s = max(0.0, (call.waited_s or 0.0) - caller.menu_s)
        if call.talked_s is not None:
            caller.talk_s = call.talked_s
            caller.patience_s = self._patience_beyond(waited_s)
        elif call.waited_s is not None:
            caller.patience_s = waited_s
        yield caller

    def _patience_beyond(self, waited_s: float) -> float:
        """Return the patience of somebody who was answered while he was still there."""
        for _ in range(_TRIES):
            patience = self._patience()
            if patience > waited_s:
                return patience
        return waited_s + self._patience()


def again(caller: Caller, *, arrives_s: float) -> Caller:
    """Return the same person on his second call, after which he gives up for good."""
    return replace(caller, arrives_s=arrives_s, redials_after_s=None)


def _arrivals(scenario: Scenario, calls: Calls, dice: random.Random) -> Iterator[float]:
    """Yield the moments of a Poisson process, in seconds since the beginning of the hours."""
    for interval, mean in scenario.profile_of(calls).items():
        start_s = (interval.opens - scenario.hours.opens).total_seconds()
        length_s = (interval.closes - interval.opens).total_seconds()
        # Given their number, the moments of a Poisson process are spread evenly.
        for _ in range(_poisson(mean, dice)):
            yield start_s + dice.random() * length_s


def _poisson(mean: float, dice: random.Random) -> int:
    """Return how many come when so many come in the mean."""
    number = 0
    while mean > _SMALL_MEAN:
        # The m-th arrival comes at a gamma-distributed time (Ahrens and Dieter, 1974): either it
        # is early and the rest follows, or it is late and each one before it is early or not.
        step = int(mean * 7 / 8)
        at = dice.gammavariate(step, 1.0)
        if at > mean:
            return number + _binomial(step - 1, mean / at, dice)
        number += step
        mean -= at
    product, limit = dice.random(), math.exp(-mean)
    while product > limit:
        number += 1
        product *= dice.random()
    return number


def _binomial(tries: int, share: float, dice: random.Random) -> int:
    return sum(dice.random() < share for _ in range(tries))
