"""A caller waits in a queue: what the ACD decides about him, and the keys that lead him out."""

from __future__ import annotations

from datetime import datetime
from typing import Final, assert_never

from ekc_telephony.core.acd.messages import CallerLeft, CallerPlaced
from ekc_telephony.core.acd.specs import KeyTarget, NoAgentsPolicy
from ekc_telephony.core.call.commands import Command
from ekc_telephony.core.call.facts import (
    CallbackReason,
    CallOutcome,
    NoteKind,
    SegmentKind,
    SegmentOutcome,
)
from ekc_telephony.core.engine import message
from ekc_telephony.core.engine.course import Course
from ekc_telephony.core.engine.effects import SessionEffect
from ekc_telephony.core.kernel.ids import AgentId, PromptKey, QueueId

NO_AGENTS: Final = (PromptKey("no-agents"),)
NOBODY_THERE: Final = PromptKey("queue-key-nobody")
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


def sent_outside(course: Course, number: str, now: datetime) -> list[SessionEffect]:
    """Ring a number outside for a caller whom nobody here takes."""
    course.was_outside = True
    course.room = course.unheard_until = None
    return [
        *course.chronicle.end(SegmentKind.WAITING, SegmentOutcome.OVERFLOWED, now),
        *course.dial_outside(number, now),
    ]


def offered(course: Course, target: KeyTarget, now: datetime) -> list[SessionEffect]:
    """Tell a caller who waits long what he can do instead, if a key does that."""
    if course.room is None:
        return []
    return [*course.room.offer(target, now, is_offered=course.desk.offer is not None)]


def key_pressed(course: Course, key: str, now: datetime) -> list[SessionEffect]:
    """Let a waiting caller do instead what the key says."""
    pressed = course.spec().keys.get(key)
    if pressed is None or not course.ear.is_answered:
        return []
    match pressed.target:
        case KeyTarget.CALLBACK if course.number is None:
            return []
        case KeyTarget.CALLBACK:
            left = _leave(course, key, now)  # first: facts come out in the order of their numbers
            promised = course.call_back(CallbackReason.ASKED, now)
            return left + promised + course.take_leave(CALLBACK, CallOutcome.CALLBACK_PROMISED, now)
        case KeyTarget.MESSAGE:
            return _leave(course, key, now) + course.ask_for_message(message.INVITATION, now)
        case KeyTarget.QUEUE:
            assert pressed.to_queue is not None  # the configuration was checked
            return _change_queue(course, key, pressed.to_queue, now)
        case _:
            assert_never(pressed.target)


def _leave(course: Course, key: str, now: datetime) -> list[SessionEffect]:
    return [
        *course.desk.withdraw(now),
        *course.chronicle.end(
            SegmentKind.WAITING,
            SegmentOutcome.LEFT_BY_KEY,
            now,
            position=course.around.position_of(course.call),
            key=key,
        ),
        CallerLeft(call=course.call),
    ]


def _change_queue(course: Course, key: str, queue: QueueId, now: datetime) -> list[SessionEffect]:
    """Let him wait in another queue, as old as he is; not where he would only hear goodbye."""
    informs = course.around.queues[queue].when_no_agents is NoAgentsPolicy.INFORM
    if informs and not course.around.has_signed_in(queue):
        is_offered = course.desk.offer is not None or course.room is None
        return [] if is_offered else [*course.ear.say((NOBODY_THERE,), now)]
    left = _leave(course, key, now)
    course.queue = queue
    return left + course.wait_again(now)


def settle(course: Course, now: datetime) -> list[Command]:
    """Let a caller who has just joined a queue hear that he waits; called after the ACD."""
    if course.room is None:
        return []
    return course.room.enter(now, is_offered=course.desk.offer is not None)
