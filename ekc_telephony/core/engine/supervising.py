"""
A supervisor takes part in a call's talk: what he asks for, and what becomes of his legs.

How it is done is in `supervision.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from ekc_telephony.core.call.supervision import SupervisionMode
from ekc_telephony.core.engine import attention
from ekc_telephony.core.engine.course import Course
from ekc_telephony.core.engine.effects import SessionEffect
from ekc_telephony.core.engine.state import SupervisionState
from ekc_telephony.core.kernel.ids import AgentId, BridgeId, LegId

KEYS: Final[Mapping[str, SupervisionMode]] = {
    "4": SupervisionMode.LISTEN,
    "5": SupervisionMode.WHISPER,
    "6": SupervisionMode.BARGE,
}
"""What a supervisor presses on his phone; app_chanspy's option `d` has the same three."""


def asked(
    course: Course, supervisor: AgentId, mode: SupervisionMode, now: datetime
) -> list[SessionEffect]:
    """Ring his phone, or let him take part in another way from now on."""
    known = course.supervision.find(supervisor)
    if known is not None:
        return _changed(course, known, mode, now)
    if course.desk.talk is None:
        return []
    title = "" if course.queue is None else course.spec().title
    return course.supervision.ring(supervisor, course.desk.talk, mode, title, now)


def given_up(course: Course, supervisor: AgentId, now: datetime) -> list[SessionEffect]:
    """Let him take part no more; the talk goes on."""
    return _ended(course, supervisor, now)


def leg_answered(course: Course, leg: LegId, now: datetime) -> list[SessionEffect]:
    """Go on with a supervisor who picked up, or whose tap is there."""
    state = course.supervision.of_leg(leg)
    if state is None:
        return []
    if leg == state.tap:
        return course.supervision.tapped(state)
    return course.supervision.answered(state, course.queue, now)


def leg_ended(
    course: Course, leg: LegId, now: datetime, *, is_gone: bool = True
) -> list[SessionEffect]:
    """
    Let a supervisor go.

    Args:
        course: The call.
        leg: His leg or tap.
        now: The moment.
        is_gone: Whether it has ended; otherwise it could not be taken out of the talk, where he
            would be heard, so he is hung up on.
    """
    state = course.supervision.of_leg(leg)
    gone = leg if is_gone else None
    return [] if state is None else _ended(course, state.supervisor, now, gone=gone)


def key_pressed(course: Course, leg: LegId, key: str, now: datetime) -> list[SessionEffect]:
    """Let a supervisor take part in the way that the key says."""
    state, mode = course.supervision.of_leg(leg), KEYS.get(key)
    if state is None or mode is None or leg != state.leg or not state.is_answered:
        return []
    return _changed(course, state, mode, now)


def place_failed(course: Course, leg: LegId, now: datetime) -> list[SessionEffect]:
    """
    Tell a supervisor that he cannot take part; nothing when he does so in another way by now.

    Args:
        course: The call.
        leg: His tap that could not be made, or his own leg that could not join the talk.
        now: The moment.
    """
    state = course.supervision.of_leg(leg)
    if state is None or (leg == state.leg and state.mode is not SupervisionMode.BARGE):
        return []
    was_heard = course.supervision.is_heard_by_caller
    effects = course.supervision.fail(state, now)
    _count_silence_anew(course, now, was_heard=was_heard)
    return effects


def bridge_failed(course: Course, bridge: BridgeId, now: datetime) -> list[SessionEffect]:
    """Tell a supervisor whose own bridge this is that he cannot take part."""
    state = course.supervision.of_bridge(bridge)
    return [] if state is None else course.supervision.fail(state, now)


def _changed(
    course: Course, state: SupervisionState, mode: SupervisionMode, now: datetime
) -> list[SessionEffect]:
    was_heard = course.supervision.is_heard_by_caller
    effects = course.supervision.change(state, mode, now)
    _count_silence_anew(course, now, was_heard=was_heard)
    return effects


def _ended(
    course: Course, supervisor: AgentId, now: datetime, *, gone: LegId | None = None
) -> list[SessionEffect]:
    was_heard = course.supervision.is_heard_by_caller
    effects = course.supervision.end(supervisor, now, gone=gone)
    _count_silence_anew(course, now, was_heard=was_heard)
    return effects


def _count_silence_anew(course: Course, now: datetime, *, was_heard: bool) -> None:
    """Count what caller and agent do not say from when nobody else speaks for the agent."""
    if was_heard and not course.supervision.is_heard_by_caller:
        attention.begin_anew(course, now)
