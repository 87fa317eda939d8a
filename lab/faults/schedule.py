"""
Which fault comes when: seeded, data only.

Faults are drawn from a bag that holds each chosen kind once; an empty bag is filled again. So a run
of five minutes has seen every kind, and no order repeats.

Rule 1: the same seed and kinds give the same faults in the same order with the same pauses.
Rule 2: a pause begins when the last fault has recovered: there is never a second one before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from random import Random
from typing import Final


class FaultKind(Enum):
    """What is done to the node."""

    ENGINE_KILL = "engine_kill"
    """SIGKILL; started again at once."""
    ENGINE_STOP = "engine_stop"
    """SIGTERM; started again at once: a deploy."""
    ENGINE_AWAY = "engine_away"
    """SIGKILL, and not started for a while: guard and fallback must act."""
    SOCKET_CUT = "socket_cut"
    """Every connection between engine and Asterisk's ARI is reset."""
    SOCKET_STALL = "socket_stall"
    """Packets between engine and ARI are lost for a while, without a goodbye."""
    ASTERISK_FREEZE = "asterisk_freeze"
    """SIGSTOP, SIGCONT."""
    ASTERISK_KILL = "asterisk_kill"
    """SIGKILL; started again at once."""
    STORE_LOCKED = "store_locked"
    """Somebody else holds the store."""
    STORE_GONE = "store_gone"
    """The store has ended, and is started again after a while."""
    STORE_FULL = "store_full"
    """The store's disk has no byte free."""
    SECOND_ENGINE = "second_engine"
    """Started by mistake on the same node."""
    POISON = "poison"
    """An exception in one session."""
    CLOCK_JUMP = "clock_jump"
    """The wall clock of engine and Asterisk is set forward or back by an hour."""
    GUARD_KILL = "guard_kill"
    """SIGKILL; started again at once."""


SHORTEST_PAUSE_S: Final = 3.0
LONGEST_PAUSE_S: Final = 9.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFault:
    """The next fault."""

    after: timedelta
    """The pause since everything was well."""
    kind: FaultKind


def schedule(seed: int, kinds: Collection[FaultKind]) -> Iterator[PlannedFault]:
    """
    Yield faults for ever.

    Raises:
        ValueError: No kind was chosen.
    """
    if not kinds:
        raise ValueError("found no kind of fault; expected at least one")
    chance = Random(seed)
    # A set has no order; the same seed must draw the same faults from the same choice.
    chosen = sorted(kinds, key=lambda kind: kind.value)
    while True:
        bag = chosen[:]
        chance.shuffle(bag)
        for kind in bag:
            pause = chance.uniform(SHORTEST_PAUSE_S, LONGEST_PAUSE_S)
            yield PlannedFault(after=timedelta(seconds=pause), kind=kind)
