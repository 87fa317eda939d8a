"""
A caller leaves a voice message instead of waiting, or where nobody works.

He hears what to do and a tone (`Course.ask_for_message`), then his leg is recorded until he presses
`#`, is silent or has spoken for long enough:

    INVITING ──▶ RECORDING ──▶ thanks and goodbye
        ▲            │ silence, once
        └────────────┤
                     ▼ silence again, or it could not be recorded
                APOLOGISING ──▶ his place in the queue, or the node `otherwise` of the script

Whose number we know is called back in either case, and so hears goodbye instead of waiting again.

Rule 1: a message is left when something was said, or when he hung up after `SHORTEST_MESSAGE`.
Rule 2: an end that may have failed waits for the hangup that usually explains it.
Rule 3: one that ended though he neither pressed the key nor was silent nor hung up was cut off by a
full disk: he is told that it failed.
Rule 4: no recording lasts for ever: at its limit it counts as over, whatever is heard of it.
Rule 5: a recording that goes on while nobody sees it goes on; one whose order was lost begins then.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, assert_never

from ekc_telephony.core.call.commands import Command, RecordLeg, StopRecording
from ekc_telephony.core.call.facts import CallbackReason, CallOutcome, SegmentKind, SegmentOutcome
from ekc_telephony.core.engine.course import SHORTEST_MESSAGE, TONE, Course
from ekc_telephony.core.engine.effects import SessionEffect
from ekc_telephony.core.engine.state import MessageEnd, MessageStage, MessageState
from ekc_telephony.core.kernel.ids import PromptKey, RecordingId

MESSAGE: Final = "-message-"
"""What the ids of recorded messages have in common."""
INVITATION: Final = (PromptKey("message-invitation"),)
NOT_HEARD: Final = PromptKey("message-not-heard")
THANKS: Final = (PromptKey("message-thanks"),)
FAILED: Final = PromptKey("message-failed")
CALLED_BACK: Final = PromptKey("callback-promised")

LONGEST: Final = timedelta(minutes=3)
"""Asterisk's voicemail.conf suggests `maxsecs=180`."""
SILENCE: Final = timedelta(seconds=7)
"""After it the message is over; voicemail.conf suggests 10, which is long for who has finished."""
SHORTEST_SPEECH: Final = timedelta(milliseconds=500)
"""Less that is no silence is a click or a breath."""
SETTLES: Final = timedelta(milliseconds=300)
"""How long a failed recording waits for the hangup that may explain it."""
END_KEY: Final = "#"
"""It ends the message; the invitation says so."""
_MARGIN: Final = timedelta(seconds=5)
_ROUNDING: Final = timedelta(seconds=2)
"""Asterisk tells lengths in whole seconds, and its events may be late."""
CUT_OFF: Final = "it ended before the caller did; is the disk full?"


def heard(course: Course, now: datetime) -> list[SessionEffect]:
    """Go on after prompts, whether they were heard or not."""
    message = course.message
    if message is None:
        return []
    match message.stage:
        case MessageStage.INVITING:
            return _record(course, message, now)
        case MessageStage.RECORDING:
            return []
        case MessageStage.APOLOGISING:
            return _go_elsewhere(course, message, now)
        case _:
            assert_never(message.stage)


def _record(course: Course, message: MessageState, now: datetime) -> list[SessionEffect]:
    course.messages += 1
    recording = RecordingId(f"{course.call}{MESSAGE}{course.messages}")
    course.message = replace(
        message,
        stage=MessageStage.RECORDING,
        recording=recording,
        began_at=now,
        ends_at=now + LONGEST + _MARGIN,
        end=None,
    )
    started = course.chronicle.recording_started(recording, now, of=SegmentKind.MESSAGE)
    return [_order(course, recording, LONGEST), started]


def _order(course: Course, recording: RecordingId, longest: timedelta) -> Command:
    return RecordLeg(
        call=course.call,
        leg=course.leg,
        recording=recording,
        longest=longest,
        silence=SILENCE,
        until_key=END_KEY,
    )


def key_pressed(course: Course, key: str) -> None:
    """Take note that he has finished; Asterisk ends the recording by itself."""
    if course.message is not None and key == END_KEY:
        is_speaking = course.message.stage is MessageStage.RECORDING
        course.message = replace(course.message, is_finished=is_speaking)


# --- what is heard of the recording


def recording_ended(
    course: Course,
    recording: RecordingId,
    now: datetime,
    *,
    length: timedelta | None,
    spoken: timedelta | None,
) -> list[SessionEffect]:
    """Thank the caller whose message is complete; whoever said nothing is asked once more."""
    message = _of(course, recording)
    if message is None or message.began_at is None:
        return []
    if length is not None and not _has_ended_well(message, length, now - message.began_at):
        return _let_settle(course, message, MessageEnd.CUT_OFF, now)
    is_short = length is not None and length < SHORTEST_MESSAGE
    if is_short or (spoken is not None and spoken < SHORTEST_SPEECH):
        return _let_settle(course, message, MessageEnd.SILENT, now)
    return _thank(course, now)


def _has_ended_well(message: MessageState, length: timedelta, lasted: timedelta) -> bool:
    """Tell whether he ended it: by the key, by silence (which is cut off), or by the limit."""
    is_silence = lasted - length > SILENCE - _ROUNDING
    return message.is_finished or is_silence or lasted > LONGEST - _ROUNDING


def recording_failed(
    course: Course, recording: RecordingId, cause: str, now: datetime
) -> list[SessionEffect]:
    """Take note that the message is not recorded."""
    message = _of(course, recording)
    return [] if message is None else _fail(course, message, cause, now)


def recording_gone(course: Course, recording: RecordingId, now: datetime) -> list[SessionEffect]:
    """Take note that there is nothing to go on with: it ended unseen, or the caller is gone."""
    message = _of(course, recording)
    return [] if message is None else _let_settle(course, message, MessageEnd.UNSEEN, now)


def _of(course: Course, recording: RecordingId) -> MessageState | None:
    """Return the message that this recording is of and whose end nobody knew before."""
    message = course.message
    if message is None or message.stage is not MessageStage.RECORDING or message.end is not None:
        return None
    return message if message.recording == recording else None


def _fail(course: Course, message: MessageState, cause: str, now: datetime) -> list[SessionEffect]:
    assert message.recording is not None
    lost = course.chronicle.recording_lost(message.recording, cause, now)
    return [lost, *_let_settle(course, message, MessageEnd.FAILED, now)]


def _let_settle(
    course: Course, message: MessageState, end: MessageEnd, now: datetime
) -> list[SessionEffect]:
    course.message = replace(message, end=end, ends_at=now + SETTLES)
    return []


def is_overdue(course: Course, now: datetime) -> bool:
    """Tell whether the recording is over, or must be."""
    ends_at = None if course.message is None else course.message.ends_at
    return ends_at is not None and now >= ends_at


def give_up(  # noqa: PLR0911 (one row per end)
    course: Course, now: datetime
) -> list[SessionEffect]:
    """Go on after a recording whose end did not come, or was no good."""
    message = course.message
    if message is None or message.began_at is None or message.recording is None:
        return []
    match message.end:
        case None:
            stopped = StopRecording(call=course.call, recording=message.recording)
            return [stopped, *_thank(course, now)]
        case MessageEnd.CUT_OFF:
            lost = course.chronicle.recording_lost(message.recording, CUT_OFF, now)
            failed = replace(message, end=MessageEnd.FAILED)
            return [lost, *_apologise(course, failed, FAILED, now)]
        case MessageEnd.FAILED:
            return _apologise(course, message, FAILED, now)
        case MessageEnd.UNSEEN if now - message.began_at >= SHORTEST_MESSAGE + SETTLES:
            return _thank(course, now)
        case MessageEnd.SILENT | MessageEnd.UNSEEN if not message.is_asked_again:
            return _ask_again(course, message, now)
        case MessageEnd.SILENT | MessageEnd.UNSEEN:
            return _apologise(course, message, NOT_HEARD, now)
        case _:
            assert_never(message.end)


# --- what becomes of the caller


def _thank(course: Course, now: datetime) -> list[SessionEffect]:
    effects = [
        *course.chronicle.end(SegmentKind.MESSAGE, SegmentOutcome.COMPLETED, now),
        *course.call_back(CallbackReason.ASKED, now),
    ]
    return effects + course.take_leave(THANKS, CallOutcome.MESSAGE_LEFT, now)


def _ask_again(course: Course, message: MessageState, now: datetime) -> list[SessionEffect]:
    course.message = MessageState(invitation=message.invitation, is_asked_again=True)
    return [*course.ear.say((NOT_HEARD, *message.invitation, TONE), now)]


def _apologise(
    course: Course, message: MessageState, why: PromptKey, now: datetime
) -> list[SessionEffect]:
    """Tell him so, and promise to call back whom we can call back; the others go on elsewhere."""
    if course.number is None:
        course.message = MessageState(
            invitation=message.invitation, stage=MessageStage.APOLOGISING, end=message.end
        )
        return [*course.ear.say((why,), now)]
    return [
        *course.chronicle.end(SegmentKind.MESSAGE, _outcome(message), now),
        *course.call_back(CallbackReason.ASKED, now),
        *course.take_leave((why, CALLED_BACK), CallOutcome.CALLBACK_PROMISED, now),
    ]


def _outcome(message: MessageState) -> SegmentOutcome:
    """Return how the segment of a message ends that was not left."""
    is_failed = message.end is MessageEnd.FAILED
    return SegmentOutcome.BROKEN if is_failed else SegmentOutcome.ABANDONED


def _go_elsewhere(course: Course, message: MessageState, now: datetime) -> list[SessionEffect]:
    course.message = None
    ended: list[SessionEffect] = [
        *course.chronicle.end(SegmentKind.MESSAGE, _outcome(message), now)
    ]
    if course.visit is None or course.visit.goes_on_after_talk:
        return ended + course.wait_again(now)
    return ended + course.back_in_script(course.visit.on_no_message(now), now)


# --- after blindness


def catch_up(course: Course, now: datetime) -> list[SessionEffect]:
    """Ask him again, or let the recording go on; whether it does Asterisk will tell."""
    course.unheard_until = None
    message = course.message
    if message is None or message.stage is not MessageStage.RECORDING:
        return [*course.ear.say(course.ear.prompts, now)]
    if message.recording is None or message.ends_at is None or message.end is not None:
        return []
    left = min(LONGEST, max(timedelta(seconds=1), message.ends_at - _MARGIN - now))
    return [_order(course, message.recording, left)]
