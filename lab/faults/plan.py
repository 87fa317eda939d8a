"""
What every citizen means to do: seeded, endless, data only.

The shares are those of a hotline on a bad day: most wait for a person, some give up in the menu or
in the queue, some never press a key. What a fault makes of the plan is seen by the phones.

Rule 1: the same seed gives the same citizens in the same order.
Rule 2: every citizen has a number of his own, so that his call and his appeal find each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Final

FIRST_NUMBER: Final = 79130000001
POISON: Final = "D"
"""The key that makes the engine of `poisoned_engine.py` raise; no telephone of a citizen has it."""
CALLBACK_KEY: Final = "1"
_LEAVES_IN_MENU: Final = 0.08
_LEAVES_IN_QUEUE: Final = 0.2
_IS_SILENT: Final = 0.1
_ASKS_AGAIN: Final = 0.25
_SECOND_LINE: Final = 0.3
_AGENT_ENDS: Final = 0.5
_PATIENCE_S: Final = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Citizen:
    """Somebody who is going to call. All times but `talk` count from the moment he is answered."""

    number: str
    key: str | None
    """What he presses in the menu; None for one who just waits."""
    presses_after: timedelta
    presses_again_after: timedelta | None
    """When he presses `CALLBACK_KEY`: in the fallback that asks for a callback, elsewhere nothing
    listens to it."""
    leaves_after: timedelta
    """When he hangs up if nobody has talked to him."""
    talk: timedelta
    agent_ends: bool
    """Who hangs up when the talk has lasted that long."""

    @property
    def is_poison(self) -> bool:
        """Tell whether he makes the engine raise."""
        return self.key == POISON


def citizens(seed: int) -> Iterator[Citizen]:
    """Yield citizens for ever."""
    chance = Random(seed)
    number = FIRST_NUMBER
    while True:
        yield _citizen(f"+{number}", chance)
        number += 1


def poisoned(citizen: Citizen) -> Citizen:
    """Return him as one who presses the key that makes the engine raise, and then stays."""
    return replace(
        citizen,
        key=POISON,
        leaves_after=timedelta(seconds=_PATIENCE_S),
        presses_again_after=None,
    )


def _citizen(number: str, chance: Random) -> Citizen:
    mood = chance.random()
    leaves_after, key = _PATIENCE_S, "2" if chance.random() < _SECOND_LINE else "1"
    presses_after = chance.uniform(2.6, 4.2)
    asks_again = chance.uniform(12, 30) if chance.random() < _ASKS_AGAIN else None
    is_silent = chance.random() < _IS_SILENT
    if mood < _LEAVES_IN_MENU:
        leaves_after = chance.uniform(1.0, presses_after)
    elif mood < _LEAVES_IN_MENU + _LEAVES_IN_QUEUE:
        leaves_after = presses_after + chance.uniform(4, 40)
    return Citizen(
        number=number,
        key=None if is_silent or leaves_after < presses_after else key,
        presses_after=timedelta(seconds=presses_after),
        presses_again_after=None if asks_again is None else timedelta(seconds=asks_again),
        leaves_after=timedelta(seconds=leaves_after),
        talk=timedelta(seconds=chance.uniform(5, 25)),
        agent_ends=chance.random() < _AGENT_ENDS,
    )
