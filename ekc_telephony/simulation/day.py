"""
One replication: a day of the hotline from its first call to its last caller.

Rule 1: the same scenario, seed and replication give the same day, to the microsecond.
Rule 2: the day is over when everybody who called is gone, at the latest after `drain`.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeAlias

from ekc_telephony.simulation.agenda import Agenda
from ekc_telephony.simulation.dice import Dice
from ekc_telephony.simulation.fake_pbx import FakePbx
from ekc_telephony.simulation.figures import (
    Measured,
    figures_by_queue,
    figures_by_stretch,
    figures_of,
)
from ekc_telephony.simulation.ledger import Ledger
from ekc_telephony.simulation.load import Playable
from ekc_telephony.simulation.people import Core, People
from ekc_telephony.simulation.routing_only import RoutingOnly
from ekc_telephony.simulation.scenario import Level
from ekc_telephony.simulation.shifts import declarations
from ekc_telephony.simulation.traffic import Caller, callers

Watch: TypeAlias = Callable[[float], None]
"""Is told from time to time which share of the day is over, 0 to 1."""
_TELL_EVERY = 5_000


def simulate_day(
    playable: Playable,
    *,
    seed: int,
    replication: int,
    traffic: Playable | None = None,
    watch: Watch | None = None,
) -> Measured:
    """
    Let a day pass and measure it.

    Args:
        playable: The policy: queues, operators, behaviour, hours.
        seed: For the dice.
        replication: Which one, from 0.
        traffic: Whose callers call, when it is another scenario's.
        watch: Whoever wants to know how far it is.
    """
    began_s = time.process_time()
    with _without_collecting():
        day = Day(playable, seed=seed, replication=replication, traffic=traffic)
        day.pass_by(watch)
        ledger, norm = day.ledger, playable.service_level
        return Measured(
            total=figures_of(ledger, norm, measured_s=day.measured.total_seconds()),
            queues=figures_by_queue(ledger, norm),
            stretches=figures_by_stretch(ledger, norm),
            happenings=day.happenings,
            cpu_s=time.process_time() - began_s,
        )


class Day:
    """
    The day and everybody in it.

    Args:
        playable: The policy.
        seed: For the dice.
        replication: Which one, from 0.
        traffic: Whose callers call, when it is another scenario's.
    """

    def __init__(
        self,
        playable: Playable,
        *,
        seed: int,
        replication: int,
        traffic: Playable | None = None,
    ) -> None:
        scenario, dice = playable.scenario, Dice(seed, replication)
        hours = (traffic or playable).scenario.hours
        length = hours.closes - hours.opens
        start = scenario.moment(hours.opens)
        day = declarations(playable, dice)
        self._end = start + length + scenario.drain
        self._length = length
        self.measured = length - scenario.warm_up
        self.callers: list[Caller] = callers(traffic or playable, dice)
        first = min((each.at for each in day), default=hours.opens)
        self.agenda = Agenda(min(start, scenario.moment(first)))
        self.ledger = Ledger(start, measured=(scenario.warm_up, length))
        self.people = People(self.agenda, self.ledger, behaviour=scenario.behaviour, dice=dice)
        level = FakePbx if scenario.level is Level.ENGINE else RoutingOnly
        self.core: Core = level(playable, self.agenda, self.people)
        self.people.meet(self.core)
        for each in day:
            self.agenda.at(scenario.moment(each.at), self.people.declare, each)
        self.people.expect(self.callers)
        self.happenings = 0

    def pass_by(self, watch: Watch | None = None) -> None:
        """Let the whole day happen."""
        agenda, core, people = self.agenda, self.core, self.people
        closes = self.ledger.start + self._length
        while True:
            due, planned = core.next_deadline(), agenda.next()
            following = due if planned is None or (due is not None and due <= planned) else planned
            if following is None or following > self._end:
                break
            if following > closes and not (people.to_come or people.present):
                break
            if following is due:
                agenda.go_to(following)
                core.on_time()
            else:
                agenda.let_happen()
            self.happenings += 1
            if watch is not None and not self.happenings % _TELL_EVERY:
                watch(min(1.0, (agenda.now - self.ledger.start) / max(self._length, timedelta(1))))
        self.ledger.close()


@contextmanager
def _without_collecting() -> Iterator[None]:
    """
    Let nobody look for circles of garbage meanwhile.

    The core makes none while it works (measured), and to look for them among a hundred thousand
    callers takes a tenth of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
