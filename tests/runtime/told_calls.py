"""
A small world for calls of the past: an engine, one caller with a will of his own, and its records.

The caller does what hypothesis draws; prompts last as long as they are said to last, services
answer, agents never do: whoever waits hangs up at last, or is talked to and comes back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ekc_telephony.core.call.commands import AskService, HangUpLeg, PlayPrompts, StopPlayback
from ekc_telephony.core.call.events import (
    CallArrived,
    ControlRegained,
    EndReason,
    Event,
    KeyPressed,
    LegEnded,
    PlaybackFinished,
    ServiceAnswered,
)
from ekc_telephony.core.call.lookup import NOT_FOUND, Answer, LookupFailure, LookupResult
from ekc_telephony.core.engine.effects import Effect
from ekc_telephony.core.engine.engine import Engine
from ekc_telephony.core.engine.plan import EnginePlan
from ekc_telephony.core.engine.state import EngineState
from ekc_telephony.core.ivr.hours import BusinessHours, CallZones
from ekc_telephony.core.ivr.retelling.recorded import Clocks, RecordedCall
from ekc_telephony.core.ivr.script import Script
from ekc_telephony.core.kernel.ids import CallId, Did, LegId, PlaybackId, PromptKey, ScriptId
from ekc_telephony.runtime.journal_codec import Content, Opening, Step
from ekc_telephony.runtime.recorded_calls import CallReader
from ekc_telephony.runtime.supervisor import SupervisedEngine
from tests.core.office import CODES, NOON, OFFICE_HOURS, acd

CALL: Final = CallId("ekc-1795253112.1")
LEG: Final = LegId(CALL)
DID: Final = Did("100")
NUMBER: Final = "+79161234567"
LENGTH: Final = timedelta(seconds=2)
"""Of every prompt."""
SCHEDULES: Final = {"office": OFFICE_HOURS, "day": OFFICE_HOURS}
RESULTS: Final = (
    LookupResult.found(Answer.of({"count": 2})),
    NOT_FOUND,
    LookupResult.failed(LookupFailure.REFUSED),
)


def length_of(prompt: PromptKey, language: str) -> timedelta:
    """Return how long a prompt is."""
    del prompt, language
    return LENGTH


@dataclass(frozen=True, slots=True)
class WorkedBy:
    """The engine worked by one script."""

    script: Script
    schedules: dict[str, BusinessHours] = field(default_factory=lambda: dict(SCHEDULES))

    def find(self, script: ScriptId | None, version: str) -> Script | None:
        """Return the script."""
        is_it = (script, version) == (self.script.script, self.script.version)
        return self.script if is_it else None

    def clocks_for(self, did: Did, number: str | None) -> Clocks:
        """Return the office's hours."""
        del did, number
        return Clocks(schedules=self.schedules, zones=CallZones())


class TalkedTo:
    """One call to a script, written down as the journal does it."""

    def __init__(self, script: Script, *, number: str | None = NUMBER) -> None:
        plan = EnginePlan(scripts={DID: script}, schedules=SCHEDULES, feature_codes=CODES)
        self._engine = SupervisedEngine(Engine(plan, acd()))
        self._script = script
        self.now = NOON
        self.records: list[Content] = [
            Opening(release="1", life="a", texts={}, state=EngineState(), stored_through=0)
        ]
        self.is_over = False
        self._saying: tuple[datetime, PlaybackId] | None = None
        self.asked: list[AskService] = []
        self.tell(ControlRegained(legs=(), bridges=frozenset()))
        self.tell(CallArrived(call=CALL, did=DID, number=number))

    def tell(self, event: Event | None) -> None:
        """Tell the engine what happens, and do what it wants."""
        engine = self._engine
        effects = engine.on_time(self.now) if event is None else engine.handle(event, self.now)
        assert engine.bugs == 0
        changes = engine.take_changes()
        if event is not None or effects or changes:
            step = Step(at=self.now, event=event, effects=tuple(effects), changes=changes)
            self.records.append(step)
        for effect in effects:
            self._carry_out(effect)

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case PlayPrompts(leg=leg, playback=playback, prompts=prompts) if leg == LEG:
                self._saying = self.now + LENGTH * len(prompts), playback
            case StopPlayback():
                self._saying = None
            case AskService():
                self.asked.append(effect)
            case HangUpLeg(leg=leg) if leg == LEG:
                self.hang_up()
            case _:
                pass

    @property
    def state(self) -> EngineState:
        """What the engine knows."""
        return self._engine.state()

    def press(self, key: str) -> None:
        """Press a key."""
        self.tell(KeyPressed(leg=LEG, key=key))

    def answer(self, result: LookupResult) -> None:
        """Let the information system answer that was asked last."""
        if self.asked:
            request = self.asked.pop().request
            self.tell(ServiceAnswered(call=CALL, request=request, result=result))

    def hang_up(self) -> None:
        """Hang up, once."""
        if not self.is_over:
            self.is_over = True
            self.tell(LegEnded(leg=LEG, reason=EndReason.HUNG_UP))

    def wait(self, time: timedelta) -> None:
        """Let time pass, with all that comes of it."""
        until = self.now + time
        while not self.is_over:
            deadline = self._engine.next_deadline()
            due = [each for each in (deadline, self._saying and self._saying[0]) if each]
            if not due or min(due) > until:
                break
            self.now = max(self.now, min(due))
            if self._saying is not None and self._saying[0] <= self.now:
                heard = PlaybackFinished(playback=self._saying[1], leg=LEG, was_played=True)
                self._saying = None
                self.tell(heard)
            else:
                self.tell(None)
        self.now = max(self.now, until)

    def told(self) -> RecordedCall:
        """Return the call as the journal holds it; it is over."""
        self.hang_up()
        (call,) = calls_in(self.records, self._script)
        return call


def calls_in(records: Sequence[Content], script: Script) -> Sequence[RecordedCall]:
    """Return the calls that are over."""
    return list(CallReader().read(records, WorkedBy(script)))
