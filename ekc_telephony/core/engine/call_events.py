"""
What happens to a call's legs, and what became of our commands for them.

Rule 1: a leg that no session knows and that an agent answers is hung up: nobody waits for it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ekc_telephony.core.call.commands import (
    AskService,
    CreateBridge,
    DialAgent,
    DialNumber,
    HangUpLeg,
    JoinBridge,
    LeaveBridge,
    PlayPrompts,
    RecordLeg,
    StartRecording,
    TapLeg,
)
from ekc_telephony.core.call.events import (
    CallArrived,
    CommandFailed,
    EndReason,
    LegAnswered,
    LegEnded,
    PlaybackFinished,
    RecordingEnded,
    RecordingFailed,
    ServiceAnswered,
)
from ekc_telephony.core.call.facts import NoteKind
from ekc_telephony.core.call.lookup import LookupFailure, LookupResult
from ekc_telephony.core.engine import supervising
from ekc_telephony.core.engine.course import Course
from ekc_telephony.core.engine.effects import Effect, SessionEffect
from ekc_telephony.core.engine.message import MESSAGE
from ekc_telephony.core.engine.session import Session
from ekc_telephony.core.engine.supervision import is_of_supervisor
from ekc_telephony.core.engine.switchboard import TALK, Handlers, Switchboard
from ekc_telephony.core.kernel.ids import CallId, RecordingId


def leg_ended(board: Switchboard, event: LegEnded, now: datetime) -> list[Effect]:
    """Tell whoever the leg belonged to that it is gone."""
    if event.leg in board.features:
        declared = board.features.pop(event.leg)
        board.features_touched = True
        return [] if declared is None else board.ask_acd(declared, now)
    session = board.attend(event.leg)
    if session is None:
        return []
    del board.session_of_leg[event.leg]
    return board.settle(session, session.on_leg_ended(event.leg, event.reason, now), now)


def _call_arrived(board: Switchboard, event: CallArrived, now: datetime) -> list[Effect]:
    if event.call in board.sessions:
        return []
    script = board.entry_script(event.did)
    session = Session(Course(event, script=script, around=board.around, now=now))
    board.admit(session)
    effects = session.start(now)
    if script is not None and script is not board.plan.scripts.get(event.did):
        overloaded = session.course.chronicle.noted(NoteKind.OVERLOADED, now, target=script.script)
        effects.append(overloaded)
    return board.settle(session, effects, now)


def _leg_answered(board: Switchboard, event: LegAnswered, now: datetime) -> list[Effect]:
    session = board.attend(event.leg)
    if session is None:
        return [HangUpLeg(call=CallId(event.leg), leg=event.leg)]
    effects = session.on_leg_answered(event.leg, now)
    board.lead(session.course.supervision.legs(), session)
    return board.settle(session, effects, now)


def _playback_finished(board: Switchboard, event: PlaybackFinished, now: datetime) -> list[Effect]:
    session = board.attend(event.leg)
    if session is not None:
        effects = session.on_playback_finished(event.playback, now, was_played=event.was_played)
        return board.settle(session, effects, now)
    if event.leg in board.features:
        return [HangUpLeg(call=CallId(event.leg), leg=event.leg)]
    return []


def _recording_failed(board: Switchboard, event: RecordingFailed, now: datetime) -> list[Effect]:
    session = board.attend_call(_call_of(event.recording))
    if session is None:
        return []
    effects = session.on_recording_failed(event.recording, event.cause, now)
    return board.settle(session, effects, now)


def _recording_ended(board: Switchboard, event: RecordingEnded, now: datetime) -> list[Effect]:
    session = board.attend_call(_call_of(event.recording))
    if session is None:
        return []
    return board.settle(session, session.on_recording_ended(event, now), now)


def _service_answered(board: Switchboard, event: ServiceAnswered, now: datetime) -> list[Effect]:
    session = board.attend_call(event.call)
    if session is None:
        return []
    return board.settle(session, session.on_service_answered(event.request, event.result, now), now)


def _call_of(recording: RecordingId) -> CallId:
    return CallId(recording.rpartition(MESSAGE if MESSAGE in recording else TALK)[0])


def _command_failed(board: Switchboard, event: CommandFailed, now: datetime) -> list[Effect]:
    if board.blind_since is not None and not event.is_gone:
        # It was lost with the connection, or carried out and its answer lost: we shall see.
        lost_by = board.sessions.get(event.command.call)
        if lost_by is not None:
            lost_by.on_command_lost(event.command)
            board.touched[lost_by.call] = None
        return []
    match event.command:
        case HangUpLeg(leg=leg) if event.is_gone:
            return leg_ended(board, LegEnded(leg=leg, reason=EndReason.HUNG_UP), now)
        case PlayPrompts(leg=leg) if leg in board.features:
            return [HangUpLeg(call=CallId(leg), leg=leg)]
        case DialAgent(leg=leg) | DialNumber(leg=leg) | TapLeg(tap=leg):
            board.session_of_leg.pop(leg, None)
        case _:
            pass
    session = board.attend_call(event.command.call)
    if session is None:
        return []
    return board.settle(session, _after_failure(session, event, now), now)


def _after_failure(  # noqa: C901, PLR0911 (one row per command)
    session: Session, event: CommandFailed, now: datetime
) -> list[SessionEffect]:
    """Tell the session which of its commands failed; most failures need no more than a log line."""
    match event.command:
        case DialAgent(leg=leg) | DialNumber(leg=leg):
            return session.on_dial_failed(leg, now)
        case PlayPrompts(playback=playback):
            return session.on_playback_finished(playback, now, was_played=False)
        case RecordLeg(recording=recording) if event.is_gone:
            return session.on_recording_gone(recording, now)
        case StartRecording(recording=recording) | RecordLeg(recording=recording):
            return session.on_recording_failed(recording, event.detail, now)
        case AskService(request=request):
            result = LookupResult.failed(LookupFailure.UNREACHABLE)
            return session.on_service_answered(request, result, now)
        case TapLeg(tap=tap):
            return supervising.place_failed(session.course, tap, now)
        case CreateBridge(bridge=bridge):
            return session.on_connect_failed(bridge, now)
        case JoinBridge(legs=(leg,)) if is_of_supervisor(leg):
            # No trouble of the talk's, although it is the talk's bridge that he could not join.
            return [] if event.is_gone else supervising.place_failed(session.course, leg, now)
        case LeaveBridge(legs=(leg,)) if not event.is_gone:
            return supervising.leg_ended(session.course, leg, now, is_gone=False)
        case JoinBridge(bridge=bridge) if not event.is_gone:
            return session.on_connect_failed(bridge, now)
        case _:
            return []


HANDLERS: Final[Handlers] = {
    CallArrived: _call_arrived,
    LegAnswered: _leg_answered,
    LegEnded: leg_ended,
    PlaybackFinished: _playback_finished,
    RecordingFailed: _recording_failed,
    RecordingEnded: _recording_ended,
    ServiceAnswered: _service_answered,
    CommandFailed: _command_failed,
}
