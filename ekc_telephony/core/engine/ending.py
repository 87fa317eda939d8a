"""
The end of a call: its caller is gone, and whatever hung on him ends with him.

Rule 1: `end` is the only way out of a course, and works once.
"""

from __future__ import annotations

from datetime import datetime

from ekc_telephony.core.acd.messages import CallerLeft
from ekc_telephony.core.call.facts import (
    SHORT_CALL,
    CallbackReason,
    CallOutcome,
    SegmentKind,
    SegmentOutcome,
)
from ekc_telephony.core.engine.course import SHORTEST_MESSAGE, Course
from ekc_telephony.core.engine.effects import SessionEffect
from ekc_telephony.core.engine.state import MessageEnd, Phase


def end(course: Course, now: datetime) -> list[SessionEffect]:
    """End the call: the caller is gone."""
    if course.phase is Phase.OVER:
        return []
    effects = course.advice.end(now)
    was_waiting = course.phase is Phase.WAITING
    position = course.around.position_of(course.call) if was_waiting else None
    outcome = course.outcome or _abandoned(course, now)
    effects += course.desk.hang_up_on_agent()
    effects += course.end_talk(SegmentOutcome.CALLER_HUNG_UP, now)
    effects += course.desk.withdraw(now)
    left = SegmentOutcome.CALLER_HUNG_UP
    effects += course.outside.end(
        left if course.outside.is_answered else SegmentOutcome.ABANDONED, now
    )
    for kind in (SegmentKind.IVR, SegmentKind.WAITING):
        effects += course.chronicle.end(kind, SegmentOutcome.ABANDONED, now, position=position)
    effects += _end_message(course, now)
    course.visit = course.room = course.unheard_until = None
    course.ear.heard()
    if outcome is CallOutcome.ABANDONED_IN_QUEUE:
        effects += course.call_back(CallbackReason.ABANDONED, now)
        _give_place_up(course, now)
    course.phase = Phase.OVER
    effects += course.chronicle.ended(outcome, now)
    if was_waiting:
        effects.append(CallerLeft(call=course.call))
    return effects


def _end_message(course: Course, now: datetime) -> list[SessionEffect]:
    """End the message of a caller who hung up; it counts when he has spoken for a while."""
    is_left, course.message = _has_spoken(course, now), None
    outcome = SegmentOutcome.COMPLETED if is_left else SegmentOutcome.ABANDONED
    ended: list[SessionEffect] = [*course.chronicle.end(SegmentKind.MESSAGE, outcome, now)]
    return [*ended, *course.call_back(CallbackReason.ASKED, now)] if is_left else ended


def _has_spoken(course: Course, now: datetime) -> bool:
    message = course.message
    if message is None or message.began_at is None:
        return False
    if message.end not in {None, MessageEnd.CUT_OFF}:
        return False
    return now - message.began_at >= SHORTEST_MESSAGE


def _give_place_up(course: Course, now: datetime) -> None:
    """Remember his place for when he calls again."""
    if course.queue is not None and course.joined_at is not None and course.spec().keeps_place_for:
        course.around.regulars.left(course.number, course.queue, course.joined_at, now)


def _abandoned(course: Course, now: datetime) -> CallOutcome:
    """Return the outcome of a call whose caller hung up before anything else ended it."""
    if _has_spoken(course, now):
        return CallOutcome.MESSAGE_LEFT
    if now - course.chronicle.registered_at < SHORT_CALL:
        return CallOutcome.SHORT
    # Whom his script has sent outside was in no queue.
    is_outside = course.phase is Phase.OUTSIDE and course.queue is not None
    has_waited = course.phase is Phase.WAITING or is_outside
    if has_waited or (course.message is not None and course.queue is not None):
        return CallOutcome.ABANDONED_IN_QUEUE
    return CallOutcome.ABANDONED_IN_MENU
