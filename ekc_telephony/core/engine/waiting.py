"""A caller waits in a queue: what the ACD decides about him, and the keys that lead him out."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ekc_telephony.core.acd.messages import CallerLeft, CallerPlaced
from ekc_telephony.core.call.commands import Command
from ekc_telephony.core.call.facts import (
    CallbackReason,
    CallOutcome,
    NoteKind,
    SegmentKind,
    SegmentOutcome,
)
from ekc_telephony.core.engine.course import Course
from ekc_telephony.core.engine.desk import SessionEffect
from ekc_telephony.core.kernel.ids import AgentId, PromptKey, QueueId

NO_AGENTS: Final = (PromptKey("no-agents"),)
CALLBACK: Final = (PromptKey("callback-promised"),)


def nobody_signed_in(course: Course, now: datetime) -> list[SessionEffect]:
    """Tell the caller that nobody works now."""
    effects: list[SessionEffect] = [
        *course.chronicle.end(SegmentKind.WAITING, SegmentOutcome.NO_AGENTS, now)
    ]
    return effects + course.take_leave(NO_AGENTS, CallOutcome.INFORMED_NO_AGENTS, now)


def moved(
    course: Course, queue: QueueId, outcome: SegmentOutcome, now: datetime
) -> list[SessionEffect]:
    """Go on waiting in another queue; the outcome says how that came about."""
    course.queue = queue
    if course.room is not None:
        room, course.room = course.room.state(), course.new_waiting_room()
        course.room.resume(room)
    return [
        *course.chronicle.end(SegmentKind.WAITING, outcome, now),
        course.chronicle.start(
            SegmentKind.WAITING, now, queue=queue, position=course.around.position_of(course.call)
        ),
    ]


def move_asked(
    course: Course, queue: QueueId, by: str, raised: int, now: datetime
) -> list[SessionEffect]:
    """
    Let him wait elsewhere, or before others, as a supervisor wants it.

    Args:
        course: The call; it waits, and no phone rings for it.
        queue: Where to.
        by: Who wants it.
        raised: By how much his priority is raised.
        now: The moment.
    """
    return [
        course.chronicle.noted(NoteKind.MOVED, now, agent=AgentId(by), target=queue),
        CallerPlaced(call=course.call, queue=queue, raised=raised),
    ]


def callback_offered(course: Course, now: datetime) -> list[SessionEffect]:
    """Tell a caller who waits long that he can be called back, if he can."""
    if course.room is None or course.number is None or course.spec().callback_key is None:
        return []
    return [*course.room.offer_callback(now, is_offered=course.desk.offer is not None)]


def key_pressed(course: Course, key: str, now: datetime) -> list[SessionEffect]:
    """Let a waiting caller be called back instead, if that is what the key says."""
    if key != course.spec().callback_key or course.number is None or not course.ear.is_answered:
        return []
    effects = [
        *course.desk.withdraw(now),
        *course.chronicle.end(
            SegmentKind.WAITING,
            SegmentOutcome.LEFT_BY_KEY,
            now,
            position=course.around.position_of(course.call),
        ),
        *course.call_back(CallbackReason.ASKED, now),
        CallerLeft(call=course.call),
    ]
    return effects + course.take_leave(CALLBACK, CallOutcome.CALLBACK_PROMISED, now)


def settle(course: Course, now: datetime) -> list[Command]:
    """Let a caller who has just joined a queue hear that he waits; called after the ACD."""
    if course.room is None:
        return []
    return course.room.enter(now, is_offered=course.desk.offer is not None)
