"""
Calls as the journal holds them, taken apart into what their callers did in their scripts.

The journal says what the engine was told and where every call stood after it. So a visit is made
that stands where the caller stood, is told the same, and tells by which nodes it comes: nothing of
the engine itself is run.

    opening ──▶ calls that began before: left out
    steps   ──▶ one `RecordedCall` for each call that began and ended in the journal

Rule 1: a call of which a step cannot be followed has no `Exit`, but a `Lost`; it is never guessed.
Rule 2: a call is told when it is over and forgotten then, so a journal may be of any length.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from ekc_telephony.core.call.commands import AskService, PlayPrompts
from ekc_telephony.core.call.events import (
    CallArrived,
    CommandFailed,
    ControlLost,
    ControlRegained,
    Event,
    KeyPressed,
    LegEnded,
    ServiceAnswered,
)
from ekc_telephony.core.call.lookup import LookupFailure, LookupResult
from ekc_telephony.core.engine.course_state import whereabouts_of
from ekc_telephony.core.engine.state import EngineState, Phase, SessionState, VisitState
from ekc_telephony.core.ivr.formats import DIGITS
from ekc_telephony.core.ivr.interpreter import Visit
from ekc_telephony.core.ivr.retelling.recorded import (
    Act,
    CameBack,
    Clocks,
    Exit,
    ExitKind,
    HungUp,
    Looked,
    Lost,
    Pressed,
    RecordedCall,
    Silent,
    Skipped,
    Stay,
)
from ekc_telephony.core.ivr.script import Collect, Menu, Play, Question, Script
from ekc_telephony.core.ivr.visit_effects import (
    Join,
    PromiseCallback,
    RingOutside,
    TakeLeave,
    TakeMessage,
    VisitEffect,
)
from ekc_telephony.core.kernel.ids import CallId, Did, LegId, NodeId, RequestId, ScriptId
from ekc_telephony.runtime.journal_codec import Content, Opening, Step

_ANY_KEY: Final = "?"
_NOTHING: Final = timedelta()


class WorkedBy(Protocol):
    """What an engine worked by when a stretch of the journal was written."""

    def find(self, script: ScriptId | None, version: str) -> Script | None:
        """Return a version of a script; None when it cannot be read any more."""
        ...

    def clocks_for(self, did: Did, number: str | None) -> Clocks:
        """Return what time means for a call."""
        ...


@dataclass(slots=True)
class _Told:
    """What is known of a call so far."""

    arrived: CallArrived
    began_at: datetime
    script: Script
    clocks: Clocks
    stays: list[tuple[NodeId, list[Act]]] = field(default_factory=list)
    asked: dict[RequestId, tuple[AskService, datetime]] = field(default_factory=dict)
    answers: dict[RequestId, tuple[LookupResult, datetime]] = field(default_factory=dict)
    said_at: datetime | None = None
    came_at: datetime | None = None
    left_at: datetime | None = None
    exit: Exit | None = None
    hung_up_after: timedelta | None = None
    lost: Lost | None = None
    """Why a step of it could not be followed."""

    def does(self, act: Act) -> None:
        self.stays[-1][1].append(act)

    def lookups(self, ended_at: datetime) -> Iterator[Looked]:
        """Yield what was asked, in that order, with the answers."""
        for request, (ask, since) in self.asked.items():
            result, at = self.answers.get(request, (None, ended_at))
            yield Looked(service=ask.service, fields=ask.fields, result=result, took=at - since)

    def comes_to(self, node: NodeId, at: datetime) -> None:
        self.stays.append((node, []))
        self.came_at = at


class CallReader:
    """
    Reads calls from the records of a journal, segment by segment.

    Attributes:
        left_out: So many were met that began before the journal, or whose script cannot be read.
    """

    def __init__(self) -> None:
        self.left_out = 0
        self._over: list[RecordedCall] = []
        """Those that have not been yielded yet."""
        self._going_on: dict[CallId, _Told] = {}
        self._sessions: dict[CallId, SessionState] = {}

    def read(self, records: Iterable[Content], worked_by: WorkedBy) -> Iterator[RecordedCall]:
        """Read one segment, its opening first; yield calls in the order of their ends."""
        for content in records:
            match content:
                case Opening(state=state):
                    self._open(state)
                case Step():
                    self._take(content, worked_by)
                case _:
                    continue
            yield from self._over
            self._over.clear()

    def _open(self, state: EngineState) -> None:
        there = {each.call: each for each in state.sessions}
        self.left_out += len(there.keys() - self._sessions.keys())
        for call, before in self._sessions.items():
            if call not in there:
                self._finish(call, None)
            elif call in self._going_on and there[call].visit != before.visit:
                self._going_on[call].lost = Lost.UNWRITTEN
        self._sessions = there

    def _take(self, step: Step, worked_by: WorkedBy) -> None:
        answered = _answer_in(step.event)
        if answered is not None:
            self._note_answer(answered, step.at)
        touched = {each.call: each for each in step.changes.sessions}
        if isinstance(step.event, CallArrived):
            self._begin(step.event, step.at, touched.get(step.event.call), worked_by)
        ended = CallId(step.event.leg) if isinstance(step.event, LegEnded) else None
        if ended is not None and ended in self._sessions:
            self._hang_up(ended, step.at)
        for call, after in touched.items():
            before, told = self._sessions.get(call), self._going_on.get(call)
            if before is not None and told is not None and call != ended:
                _Follower(told, step).follow(before, after)
            self._sessions[call] = after
        self._note_commands(step)  # what is said now was not heard before
        for call in step.changes.over:
            self._finish(call, step)
            self._sessions.pop(call, None)

    def _note_commands(self, step: Step) -> None:
        for effect in step.effects:
            told = None if effect.call is None else self._going_on.get(effect.call)
            match effect:
                case PlayPrompts(leg=leg) if told is not None and leg == LegId(effect.call):
                    told.said_at = step.at
                case AskService(request=request) if told is not None:
                    told.asked.setdefault(request, (effect, step.at))
                case _:
                    continue

    def _note_answer(self, answered: ServiceAnswered, at: datetime) -> None:
        told = self._going_on.get(answered.call)
        if told is not None:
            told.answers.setdefault(answered.request, (answered.result, at))

    def _begin(
        self, event: CallArrived, at: datetime, after: SessionState | None, worked_by: WorkedBy
    ) -> None:
        if after is None or after.script is None:
            return
        script = worked_by.find(after.script, after.version)
        if script is None:
            self.left_out += 1
            return
        clocks = worked_by.clocks_for(event.did, event.number)
        told = _Told(arrived=event, began_at=at, script=script, clocks=clocks)
        self._going_on[event.call] = told
        _Follower(told, None).enter(at, after)

    def _hang_up(self, call: CallId, at: datetime) -> None:
        before, told = self._sessions[call], self._going_on.get(call)
        if told is None or before.phase is not Phase.MENU or before.visit is None:
            return
        since, over_words = _since(told, before.visit)
        told.does(HungUp(waited=at - since, over_words=over_words))
        told.exit = Exit(ExitKind.HANGUP, before.visit.node)
        told.hung_up_after = at - told.began_at

    def _finish(self, call: CallId, step: Step | None) -> None:
        told = self._going_on.pop(call, None)
        if told is None:
            return
        self._over.append(
            RecordedCall(
                call=call,
                did=told.arrived.did,
                number=told.arrived.number,
                began_at=told.began_at,
                script=told.script,
                clocks=told.clocks,
                stays=tuple(Stay(node=node, acts=tuple(acts)) for node, acts in told.stays),
                lookups=tuple(told.lookups(told.began_at if step is None else step.at)),
                exit=_lost(told, step) or told.exit or Lost.OTHER_WAY,
                hung_up_after=told.hung_up_after,
            )
        )


class _Follower:
    """Follows one call through one step."""

    def __init__(self, told: _Told, step: Step | None) -> None:
        self._told, self._step = told, step
        self._came = 0
        """So many nodes he came by."""

    def enter(self, at: datetime, after: SessionState) -> None:
        """Follow him into the script."""
        visit = self._visit_at(None)
        self._go(visit, visit.start(at), at)
        self._compare(visit, after)

    def follow(self, before: SessionState, after: SessionState) -> None:
        """Follow him from where he stood before the step."""
        assert self._step is not None
        is_in_script = before.phase is Phase.MENU
        has_come_back = not is_in_script and after.phase is Phase.MENU
        if self._step.is_broken:
            self._told.lost = Lost.BUG
        if before.visit is None or not (is_in_script or has_come_back):
            return
        if has_come_back:
            visit = self._come_back(before.visit, before.phase, self._step.at)
        else:
            is_changed = before.visit != after.visit
            visit = self._happen(before.visit, self._step, is_changed=is_changed)
        self._compare(visit, after)

    def _visit_at(self, place: VisitState | None) -> Visit:
        arrived = self._told.arrived
        visit = Visit(
            self._told.script,
            self._told.clocks.schedules,
            call=arrived.call,
            number=arrived.number,
            did=arrived.did,
            zones=self._told.clocks.zones,
            watch=self._come_to,
        )
        if place is not None:
            visit.resume_at(whereabouts_of(place))
        self._came = 0
        return visit

    def _come_to(self, node: NodeId) -> None:
        del node  # he may only pass by; where he stays, the visit says
        self._came += 1

    def _compare(self, visit: Visit, after: SessionState) -> None:
        """Lose the call when the engine went another way than we did."""
        if after.visit is not None and after.visit.node != visit.node:
            self._told.lost = self._told.lost or Lost.OTHER_WAY

    def _come_back(self, place: VisitState, phase: Phase, at: datetime) -> Visit:
        told, visit = self._told, self._visit_at(place)
        told.does(CameBack(after=at - (told.left_at or at)))
        told.exit = None
        match phase:
            case Phase.MESSAGE:
                effects = visit.on_no_message(at)
            case Phase.OUTSIDE if visit.rings_outside:
                effects = visit.on_not_connected(at)
            case _:
                effects = visit.on_talk_over(at)
        self._go(visit, effects, at)
        return visit

    def _happen(self, place: VisitState, step: Step, *, is_changed: bool) -> Visit:
        at, visit = step.at, self._visit_at(place)
        match step.event:
            case KeyPressed(leg=leg, key=key) if leg == LegId(self._told.arrived.call):
                return self._press(visit, place, key, at)
            case ServiceAnswered() | CommandFailed(command=AskService()):
                answered = _answer_in(step.event)
                assert answered is not None
                self._go(visit, visit.on_answer(answered.request, answered.result, at), at)
            case ControlLost() | ControlRegained():
                pass  # the words are said again
            case None if place.silence_ends is not None and at >= place.silence_ends:
                self._be_silent(place, at)
                self._go(visit, visit.on_time(at), at)
            case _ if place.is_saying and is_changed:
                self._go(visit, visit.on_heard(at), at)
            case _:
                pass
        return visit

    def _be_silent(self, place: VisitState, at: datetime) -> None:
        if isinstance(self._told.script.nodes[place.node], Menu | Question | Collect):
            self._told.does(Silent(waited=at - _since(self._told, place)[0]))

    def _press(self, visit: Visit, place: VisitState, key: str, at: datetime) -> Visit:
        since, over_words = _since(self._told, place)
        node = self._told.script.nodes[place.node]
        if isinstance(node, Play):
            return self._skip(visit, place, key, at - since, at)
        if isinstance(node, Menu | Question | Collect):
            is_first = not place.typed
            self._told.does(
                Pressed(key=key, waited=at - since, over_words=over_words, is_first=is_first)
            )
        self._go(visit, visit.on_key(key, at), at)
        return visit

    def _skip(
        self, visit: Visit, place: VisitState, key: str, after: timedelta, at: datetime
    ) -> Visit:
        """Cut words short; a key that counts for the next question stands there."""
        self._told.does(Skipped(after=after))
        effects = visit.on_key(_ANY_KEY, at)
        skipped_by = self._came
        self._go(visit, effects, at)
        if not _wants(self._told.script.nodes[visit.node], key):
            return visit
        self._told.does(Pressed(key=key, waited=_NOTHING, over_words=True))
        again = self._visit_at(place)
        effects = again.on_key(key, at)
        self._came -= skipped_by
        self._go(again, effects, at)
        return again

    def _go(self, visit: Visit, effects: list[VisitEffect], at: datetime) -> None:
        told = self._told
        if self._came:
            told.comes_to(visit.node, at)
        self._came = 0
        for effect in effects:
            left = _exit_of(effect)
            if left is not None:
                told.exit, told.left_at = left, at


def _answer_in(event: Event | None) -> ServiceAnswered | None:
    """Return an answer; that of a system which could not be asked is one, too, for the engine."""
    match event:
        case ServiceAnswered():
            return event
        case CommandFailed(command=AskService(call=call, request=request)):
            result = LookupResult.failed(LookupFailure.UNREACHABLE)
            return ServiceAnswered(call=call, request=request, result=result)
        case _:
            return None


def _lost(told: _Told, last: Step | None) -> Lost | None:
    """Tell why nobody knows how a call ended; None when that is known."""
    if last is None:
        return Lost.UNWRITTEN
    if told.lost is not None or told.exit is not None:
        return told.lost
    if last.is_broken:
        return Lost.BUG
    return Lost.OUT_OF_SIGHT if isinstance(last.event, ControlRegained) else None


def _since(told: _Told, place: VisitState) -> tuple[datetime, bool]:
    """Return since when he listens, or is waited for; tell whether he listens."""
    node = told.script.nodes[place.node]
    came_at = told.came_at or told.began_at
    if place.is_saying:
        return told.said_at or came_at, True
    if isinstance(node, Menu | Question | Collect) and place.silence_ends is not None:
        return place.silence_ends - node.timeout, False
    return came_at, False


def _wants(node: object, key: str) -> bool:
    match node:
        case Menu(choices=choices):
            return key in choices
        case Question(answers=answers):
            return key in answers
        case Collect():
            return key in DIGITS
        case _:
            return False


def _exit_of(effect: VisitEffect) -> Exit | None:
    match effect:
        case Join(place=place):
            return Exit(ExitKind.QUEUE, place.queue)
        case RingOutside(number=number):
            return Exit(ExitKind.TRANSFER, number)
        case TakeMessage():
            return Exit(ExitKind.MESSAGE)
        case PromiseCallback():
            return Exit(ExitKind.CALLBACK)
        case TakeLeave(outcome=outcome):
            return Exit(ExitKind.GOODBYE, outcome.value)
        case _:
            return None
