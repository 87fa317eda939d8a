"""
What becomes of a call when we could not see Asterisk, or when something of ours broke.

Rule 1: nobody hears silence afterwards: whoever is in a menu is asked again, whoever waits hears
music, and last words are said again from the beginning. A message that is spoken goes on.
Rule 2: a citizen whom a failure of ours kept from being served is on the callback list.
"""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from ekc_telephony.core.acd.messages import CallerLeft, ConversationEnded
from ekc_telephony.core.call.commands import (
    Command,
    DestroyBridge,
    SendToFallback,
    StartMusic,
    StopRecording,
)
from ekc_telephony.core.call.facts import (
    CallbackReason,
    CallOutcome,
    Disturbance,
    SegmentKind,
    SegmentOutcome,
)
from ekc_telephony.core.engine import (
    attention,
    briefing,
    ending,
    meeting,
    message,
    transferring,
)
from ekc_telephony.core.engine.course import Course
from ekc_telephony.core.engine.effects import SessionEffect
from ekc_telephony.core.engine.state import MessageStage, Phase
from ekc_telephony.core.engine.surroundings import Seen


def control_regained(course: Course, seen: Seen, now: datetime) -> list[SessionEffect]:
    """
    Catch up with what happened while we did not see Asterisk.

    His keys, the end of prompts and our last orders may be lost. So whoever is in a menu is
    asked again, whoever waits hears music, and last words are said again from the beginning.
    """
    course.ear.correct(is_answered=seen.is_answered)
    left = [
        # Whether a supervisor still hears what he is to hear nobody knows; he can ask again.
        *course.supervision.end_all(now),
        *(DestroyBridge(call=course.call, bridge=each) for each in seen.strange_bridges),
    ]
    if seen.answered is not None and briefing.is_on(course):
        return [*left, *meeting.connect_at_once(course, now)]
    if seen.answered is not None:
        return [*left, *meeting.leg_answered(course, seen.answered, now)]
    if course.phase is Phase.TALKING:
        again = [] if seen.is_together else course.desk.join_again()
        advice = _advice_after_blindness(course, seen, now)
        return [*left, *advice, *again, *attention.seen_again(course, now)]
    if course.outside.is_answered:
        return [*left, *([] if seen.is_together else course.outside.connect())]
    return [*left, *_catch_up(course, now)]


def _advice_after_blindness(course: Course, seen: Seen, now: datetime) -> list[SessionEffect]:
    """Let advice go on that is given beyond doubt; the asker can ask again for any other."""
    if not seen.is_advised:
        return transferring.advice_over(course, now)
    # An engine that was killed may not have written down that the agent answered.
    return transferring.advice_answered(course, now)


def _catch_up(  # noqa: PLR0911 (one row per phase)
    course: Course, now: datetime
) -> list[SessionEffect]:
    match course.phase:
        case Phase.MENU:
            course.unheard_until = None
            return [] if course.visit is None else course.follow(course.visit.repeat(now), now)
        case Phase.WAITING:
            return _wait_on(course)
        case Phase.OUTSIDE:
            return [*course.ear.play_music()]
        case Phase.MESSAGE:
            return message.catch_up(course, now)
        case Phase.LEAVING if course.ear.is_busy or course.unheard_until is not None:
            course.unheard_until = None
            return [*course.ear.say(course.ear.prompts, now)]
        case Phase.LEAVING:
            return course.hang_up()
        case Phase.TALKING | Phase.OVER:
            return []
        case _:
            assert_never(course.phase)


def _wait_on(course: Course) -> list[SessionEffect]:
    """Let a waiting caller hear that he still waits."""
    course.unheard_until = None
    if course.ear.is_answered and (course.room is None or course.room.has_entered):
        return [*course.ear.play_music()]
    if course.room is not None:
        course.room.leave()  # he enters again when the ACD has had its say
    return []


def engine_stopping(course: Course) -> list[SessionEffect]:
    """Let a caller who listens to prompts hear music until the next engine says them again."""
    may_wait = course.phase in {Phase.MENU, Phase.WAITING} or (
        course.message is not None and course.message.stage is not MessageStage.RECORDING
    )
    return [*course.ear.play_music()] if may_wait and course.ear.is_answered else []


def command_lost(course: Course, command: Command) -> None:
    """Take note of an order that may not have been carried out, for when we see again."""
    if isinstance(command, StartMusic):
        course.ear.forget_music()


def torn_away(
    course: Course, disturbance: Disturbance, detail: str, now: datetime
) -> list[SessionEffect]:
    """
    End a call whose caller was taken from us by a failure of ours.

    Args:
        course: The call.
        disturbance: Which: Asterisk died, or nobody of us was there and the dialplan took him.
        detail: For the person who looks into it.
        now: When it happened, as far as that is known.
    """
    if course.phase is Phase.OVER:
        return []
    effects: list[SessionEffect] = [course.chronicle.disturbed(disturbance, detail, now)]
    was_talking = course.phase is Phase.TALKING or course.outside.is_answered
    if not was_talking and course.outcome is None:
        course.outcome = (
            CallOutcome.TECHNICAL_FAILURE
            if disturbance is Disturbance.ASTERISK_DIED
            else CallOutcome.SENT_TO_FALLBACK
        )
    reason = CallbackReason.CUT_OFF if was_talking else CallbackReason.NOT_SERVED
    effects += course.call_back(reason, now)
    if was_talking:
        effects += course.end_talk(SegmentOutcome.BROKEN, now)
    effects += course.outside.end(SegmentOutcome.BROKEN, now)
    effects += course.chronicle.end(SegmentKind.MESSAGE, SegmentOutcome.BROKEN, now)
    course.message = None
    return effects + ending.end(course, now)


def abort(course: Course, now: datetime, detail: str) -> list[SessionEffect]:
    """End a session that our own bug has broken: the dialplan takes the caller over."""
    effects = [
        *course.supervision.end_all(now),
        *course.desk.clear(),
        *course.advice.end(now),
        *course.outside.end(SegmentOutcome.BROKEN, now),
    ]
    if course.phase is Phase.OVER:
        return effects
    if course.message is not None and course.message.recording is not None:
        # It would hold him in our application until it ends.
        effects.append(StopRecording(call=course.call, recording=course.message.recording))
    course.visit = course.room = course.unheard_until = course.message = None
    effects.append(SendToFallback(call=course.call, leg=course.leg))
    effects.append(course.chronicle.disturbed(Disturbance.ENGINE_BUG, detail, now))
    effects += course.call_back(CallbackReason.NOT_SERVED, now)
    course.phase = Phase.OVER
    course.ear.heard()
    effects += course.chronicle.ended(CallOutcome.SENT_TO_FALLBACK, now)
    effects += [CallerLeft(call=course.call), ConversationEnded(call=course.call)]
    return effects
