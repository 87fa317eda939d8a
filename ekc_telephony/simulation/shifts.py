"""
When each operator is at work: shift, breaks, absence.

Rule 1: whoever is absent is absent under every policy; one operator more changes nobody else.
Rule 2: breaks of a group are spread evenly over the time they may fall in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from ekc_telephony.core.call.presence import NotReadyReason, Presence
from ekc_telephony.core.kernel.ids import AgentId
from ekc_telephony.simulation.dice import Dice
from ekc_telephony.simulation.load import Playable
from ekc_telephony.simulation.scenario import Break, Staff


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What an operator declares of himself, and when."""

    at: timedelta
    """Since local midnight."""
    agent: AgentId
    presence: Presence
    reason: NotReadyReason | None = None


def declarations(playable: Playable, dice: Dice) -> list[Declaration]:
    """Return the whole day of everybody who comes to work, in order of time."""
    day = [
        declaration for staff in playable.staff for declaration in _of_group(staff, playable, dice)
    ]
    return sorted(day, key=lambda each: each.at)


def _of_group(staff: Staff, playable: Playable, dice: Dice) -> Iterator[Declaration]:
    scenario = playable.scenario
    absent = scenario.behaviour.absent if staff.absent is None else staff.absent
    luck = dice.of(f"absence/{staff.account}")
    shift = staff.shift or scenario.hours
    for place, account in enumerate(staff.accounts()):
        if luck.random() < absent:
            continue
        agent = AgentId(account)
        yield Declaration(at=shift.opens, agent=agent, presence=Presence.READY)
        for pause in staff.breaks:
            yield from _break(pause, agent, place / staff.count)
        if staff.shift is not None:
            yield Declaration(at=shift.closes, agent=agent, presence=Presence.SIGNED_OUT)


def _break(pause: Break, agent: AgentId, share: float) -> Iterator[Declaration]:
    """Yield a break that begins after this share of the time in which it may begin."""
    room = pause.between.closes - pause.between.opens - pause.lasting
    begins = pause.between.opens + max(room, timedelta()) * share
    yield Declaration(at=begins, agent=agent, presence=Presence.NOT_READY, reason=pause.reason)
    yield Declaration(at=begins + pause.lasting, agent=agent, presence=Presence.READY)
