"""
The course of one call: the parts it is made of, where it is, and the moves all of them share.

A `Session` is told what happened and lets a module of its own act on it (`meeting.py`,
`waiting.py`, `message.py`, `transferring.py`, `regaining.py`); each of them is a handful of
functions over a `Course`. What two of them need is a move of the course: to wait again, to take
leave. How it ends is in `ending.py`, what another engine needs to go on in `course_state.py`.

Rule 1: a course makes commands, facts and events for the ACD, and changes nothing but itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Final, assert_never, final

from ekc_telephony.core.acd.messages import CallerJoined
from ekc_telephony.core.acd.specs import QueueSpec
from ekc_telephony.core.appeals.numbering import appeal_number
from ekc_telephony.core.call.commands import AskService, HangUpCause, HangUpLeg, SetLanguage
from ekc_telephony.core.call.events import CallArrived
from ekc_telephony.core.call.facts import (
    CallbackReason,
    CallOutcome,
    NoteKind,
    SegmentKind,
    SegmentOutcome,
)
from ekc_telephony.core.engine.chronicle import Chronicle
from ekc_telephony.core.engine.desk import Desk
from ekc_telephony.core.engine.ear import Ear
from ekc_telephony.core.engine.effects import SessionEffect
from ekc_telephony.core.engine.outside import Outside
from ekc_telephony.core.engine.state import (
    AttentionState,
    MessageState,
    OutsideState,
    Phase,
)
from ekc_telephony.core.engine.supervision import Supervision
from ekc_telephony.core.engine.surroundings import Surroundings
from ekc_telephony.core.engine.transfer import Advice
from ekc_telephony.core.engine.transfer_codes import Keypad
from ekc_telephony.core.engine.waiting_room import WaitingRoom, told_keys
from ekc_telephony.core.ivr.interpreter import Visit
from ekc_telephony.core.ivr.script import Enqueue, Script
from ekc_telephony.core.ivr.visit_effects import (
    Answered,
    Ask,
    Identified,
    Join,
    PromiseCallback,
    Questioned,
    RingOutside,
    Say,
    StopSaying,
    SwitchLanguage,
    TakeLeave,
    TakeMessage,
    VisitEffect,
)
from ekc_telephony.core.kernel.ids import (
    AgentId,
    BridgeId,
    LegId,
    PromptKey,
    QueueId,
    ScriptId,
    SkillId,
)

TONE: Final = PromptKey("message-tone")
"""After it he speaks."""
SHORTEST_MESSAGE: Final = timedelta(seconds=2)
"""Who hangs up earlier after the tone has left no message. Asterisk's voicemail drops those under
`minsecs`, which people set to 1 to 3."""


@final
class Course:
    """
    One call: what it is made of, and where it is.

    Args:
        arrived: How the caller reached us.
        script: The entry script of the number he dialled; None when nobody serves it.
        around: What is looked at.
        now: The moment he reached us.
        facts_before: Where the numbering of facts goes on when an earlier engine met this call.
        is_answered: Whether the caller is answered already.
    """

    def __init__(
        self,
        arrived: CallArrived,
        *,
        script: Script | None,
        around: Surroundings,
        now: datetime,
        facts_before: int = 0,
        is_answered: bool = False,
    ) -> None:
        self.call: Final = arrived.call
        self.leg: Final = LegId(arrived.call)
        self.number: Final = arrived.number
        self.did: Final = arrived.did
        self.appeal: Final = appeal_number(arrived.call)
        self.around: Final = around
        self.script: Final = script
        self.phase = Phase.MENU
        self.queue: QueueId | None = None
        self.visit = (
            None
            if script is None
            else Visit(
                script,
                around.schedules_for(arrived.did, arrived.number),
                call=arrived.call,
                number=arrived.number,
                did=arrived.did,
                zones=around.zones_for(arrived.did, arrived.number),
            )
        )
        """Where he is in the script, or where it goes on with him; None when he has left it."""
        self.joined_at: datetime | None = None
        """The moment that decides his place in line."""
        self.skills: Mapping[SkillId, int] = {}
        """What he needs besides what his queue asks for."""
        self.priority = 0
        """Besides that of his queue."""
        self.was_outside = False
        """He overflowed to a number outside."""
        self.outcome: CallOutcome | None = None
        """What has already decided how the call ended."""
        self.room: WaitingRoom | None = None
        """Where he waits; None when he does not."""
        self.keypad: Final = Keypad()
        """What the agent who talks types; no other engine needs it."""
        self.unheard_until: datetime | None = None
        """How long the hangup is waited for that may explain a failed playback."""
        self.attention: AttentionState | None = None
        """Whether he is heard while he talks; None as long as nobody looks."""
        self.agent_attention: AttentionState | None = None
        """Whether the agent is heard who talks, or talked last; None as long as nobody looks."""
        self.message: MessageState | None = None
        """The voice message that he is asked for."""
        self.messages = facts_before
        """How many recordings of messages were numbered."""
        chronicle = Chronicle(self.call, registered_at=now, facts_before=facts_before)
        ear = Ear(self.call, self.leg, is_answered=is_answered, playbacks=facts_before)
        # An earlier engine may have used small numbers for legs and bridges of this call.
        self.equip(chronicle, ear, ids_before=facts_before)

    def equip(self, chronicle: Chronicle, ear: Ear, *, ids_before: int = 0) -> None:
        """Make the parts, which all write into one chronicle."""
        self.chronicle = chronicle
        self.ear = ear
        self.desk = Desk(
            self.call,
            appeal=self.appeal,
            number=self.number,
            chronicle=chronicle,
            ear=ear,
            ids_before=ids_before,
        )
        self.advice = Advice(self.call, appeal=self.appeal, number=self.number, chronicle=chronicle)
        self.outside = Outside(self.call, number=self.number, chronicle=chronicle, ear=ear)
        self.supervision = Supervision(
            self.call,
            appeal=self.appeal,
            number=self.number,
            chronicle=chronicle,
            new_bridge=self.desk.new_bridge,
        )

    # --- what all parts of a session do

    @property
    def bridge(self) -> BridgeId | None:
        """The bridge the caller talks in."""
        if self.outside.state is not None and self.outside.is_answered:
            return self.outside.state.bridge
        talk = self.desk.talk
        return None if talk is None else talk.bridge

    @property
    def is_recorded(self) -> bool:
        """Whether conversations with him are recorded."""
        return self.queue is not None and self.spec().is_recorded

    @property
    def script_id(self) -> ScriptId | None:
        """The script that he began with; None when nobody serves the number he dialled."""
        return None if self.script is None else self.script.script

    def spec(self) -> QueueSpec:
        """Return the queue that he waits in or came through."""
        assert self.queue is not None
        return self.around.queues[self.queue]

    def call_back(self, reason: CallbackReason, now: datetime) -> list[SessionEffect]:
        """
        Put the citizen on the callback list, if we know his number and he was not told all.

        Who has talked to an agent and only rates him now was served, whatever befalls us.
        """
        if self.number is None or self.phase is Phase.LEAVING:
            return []
        was_served = self.phase is Phase.MENU and self.outcome is CallOutcome.ANSWERED
        if was_served and reason is CallbackReason.NOT_SERVED:
            return []
        return [self.chronicle.callback_due(self.number, reason, now)]

    def follow(  # noqa: C901, PLR0912 (one row each)
        self, steps: list[VisitEffect], now: datetime
    ) -> list[SessionEffect]:
        """Do what the script asks for."""
        effects: list[SessionEffect] = []
        for step in steps:
            match step:
                case Say(prompts=prompts):
                    effects += self.ear.say(prompts, now)
                case StopSaying():
                    effects += self.ear.hush()
                case Ask(request=request, service=service, fields=fields):
                    effects.append(
                        AskService(call=self.call, request=request, service=service, fields=fields)
                    )
                case SwitchLanguage(language=language):
                    effects.append(SetLanguage(call=self.call, leg=self.leg, language=language))
                case Questioned():
                    kind = NoteKind.ASKED_TO_RATE if step.is_rating else NoteKind.ASKED
                    effects.append(self.chronicle.noted(kind, now, target=_name_of(step)))
                case Answered(answer=answer):
                    kind = NoteKind.RATED if step.is_rating else NoteKind.SURVEYED
                    noted = self.chronicle.noted(kind, now, target=_name_of(step), reason=answer)
                    effects.append(noted)
                case Identified(method=method):
                    noted = self.chronicle.noted(NoteKind.IDENTIFIED, now, reason=method.value)
                    effects.append(noted)
                case Join(place=place):
                    effects += self._join(place, now)
                case RingOutside(number=number):
                    effects += self._ring_outside(number, now)
                case TakeMessage(prompts=prompts):
                    effects += self.ask_for_message(prompts, now)
                case TakeLeave(prompts=prompts, outcome=outcome):
                    effects += self.take_leave(prompts, outcome, now)
                case PromiseCallback(prompts=prompts):
                    effects += self.call_back(CallbackReason.ASKED, now)
                    effects += self.take_leave(prompts, CallOutcome.CALLBACK_PROMISED, now)
                case _:
                    assert_never(step)
        return effects

    def go_on(self, now: datetime) -> list[SessionEffect]:
        """Go on after prompts, whether they were heard or not."""
        match self.phase:
            case Phase.MENU:
                return [] if self.visit is None else self.follow(self.visit.on_heard(now), now)
            case Phase.WAITING:
                return [*self.ear.play_music()]
            case Phase.LEAVING:
                return self.hang_up()
            case Phase.TALKING | Phase.OUTSIDE | Phase.MESSAGE | Phase.OVER:
                return []
            case _:
                assert_never(self.phase)

    def ask_for_message(
        self, invitation: tuple[PromptKey, ...], now: datetime
    ) -> list[SessionEffect]:
        """Ask the caller for a voice message; `message.py` goes on from there."""
        self.phase = Phase.MESSAGE
        self.room = self.unheard_until = None
        self.message = MessageState(invitation=invitation)
        return [
            *self.chronicle.end(SegmentKind.IVR, SegmentOutcome.COMPLETED, now),
            self.chronicle.start(SegmentKind.MESSAGE, now, queue=self.queue),
            *self.ear.say((*invitation, TONE), now),
        ]

    def _join(self, node: Enqueue, now: datetime) -> list[SessionEffect]:
        self.queue = node.queue
        spec, regulars = self.spec(), self.around.regulars
        self._enter_waiting_room()
        place = regulars.place_of(self.number, node.queue, now, kept_for=spec.keeps_place_for)
        self.joined_at = place or now
        self.skills, self.priority = node.skills, node.priority
        if self.visit is not None and not self.visit.goes_on_after_talk:
            self.visit = None
        answered = self.ear.answer() if node.answers_at_once else []
        return [
            *self.chronicle.end(SegmentKind.IVR, SegmentOutcome.COMPLETED, now),
            self.chronicle.start(SegmentKind.WAITING, now, queue=node.queue),
            *answered,
            CallerJoined(
                call=self.call,
                queue=node.queue,
                since=place,
                offers_before=self.desk.offers,
                priority=self.priority,
                skills=self.skills,
                preferred=regulars.agent_of(self.number, now) if spec.prefers_for else None,
            ),
        ]

    def _enter_waiting_room(self) -> None:
        self.phase = Phase.WAITING
        self.room = self.new_waiting_room()

    def new_waiting_room(self) -> WaitingRoom:
        """Return a room for the queue he is in."""
        spec = self.spec()
        return WaitingRoom(
            self.call,
            self.ear,
            announce_every=spec.announce_every,
            keys=partial(told_keys, spec, may_call_back=self.number is not None),
            position_of=self.around.position_of,
            expected_wait_of=self.around.expected_wait_of if spec.announces_wait else None,
        )

    def wait_again(self, now: datetime, *, only: AgentId | None = None) -> list[SessionEffect]:
        """Put a caller whose conversation is over without him where he first stood in line (G1)."""
        assert self.queue is not None
        self._enter_waiting_room()
        return [
            self.chronicle.start(SegmentKind.WAITING, now, queue=self.queue),
            CallerJoined(
                call=self.call,
                queue=self.queue,
                since=self.joined_at or self.chronicle.registered_at,
                offers_before=self.desk.offers,
                preferred=only,
                kept_for=None if only is None else 2 * self.spec().ring_time,
                priority=self.priority,
                skills=self.skills,
                was_outside=self.was_outside,
            ),
        ]

    def dial_outside(self, number: str, now: datetime) -> list[SessionEffect]:
        """Ring a number outside for him; his clock goes on."""
        self.phase = Phase.OUTSIDE
        bridge = self.desk.new_bridge()
        wanted = OutsideState(
            number=number,
            leg=LegId(f"{self.call}-outside-{self.desk.talks}"),
            bridge=bridge,
            lapses_at=None,
        )
        return self.outside.dial(wanted, now)

    def _ring_outside(self, number: str, now: datetime) -> list[SessionEffect]:
        ended = self.chronicle.end(SegmentKind.IVR, SegmentOutcome.COMPLETED, now)
        return [*ended, *self.dial_outside(number, now)]

    def back_to_sender(self, now: datetime) -> list[SessionEffect]:
        """Let the caller wait for the agent who sent him on, then for anybody; or in his script."""
        if self.visit is not None and self.visit.rings_outside:
            return self.back_in_script(self.visit.on_not_connected(now), now)
        sent = self.desk.transfer
        return self.wait_again(now, only=None if sent is None else sent.sender)

    def back_in_script(self, steps: list[VisitEffect], now: datetime) -> list[SessionEffect]:
        """Let the caller go on in the script that he had left for a while."""
        self.phase = Phase.MENU
        self.room = self.unheard_until = None
        return [self.chronicle.start(SegmentKind.IVR, now), *self.follow(steps, now)]

    def talk_is_over(self, now: datetime) -> list[SessionEffect]:
        """Let a caller whose agent has hung up rate him, if the script wants it; or hang up."""
        if self.visit is None or not self.visit.goes_on_after_talk:
            return self.hang_up()
        return self.back_in_script(self.visit.on_talk_over(now), now)

    def take_leave(
        self, prompts: tuple[PromptKey, ...], outcome: CallOutcome, now: datetime
    ) -> list[SessionEffect]:
        """Say the last words; what he was told is the outcome, however long he listens."""
        self.phase = Phase.LEAVING
        self.visit = self.room = self.message = None
        if self.outcome is not CallOutcome.ANSWERED:
            self.outcome = outcome
        ended = self.chronicle.end(SegmentKind.IVR, SegmentOutcome.COMPLETED, now)
        if not prompts:
            return [*ended, *self.hang_up()]
        return [*ended, *self.ear.say(prompts, now)]

    def hang_up(self, cause: HangUpCause = HangUpCause.NORMAL) -> list[SessionEffect]:
        """Hang up on the caller; the call ends when his leg is gone."""
        self.phase = Phase.LEAVING
        if self.script is None:
            cause = HangUpCause.UNKNOWN_NUMBER
        return [HangUpLeg(call=self.call, leg=self.leg, cause=cause)]

    def end_talk(self, outcome: SegmentOutcome, now: datetime) -> list[SessionEffect]:
        """End the conversation with the agent and whatever hangs on it; nothing without one."""
        return [*self.supervision.end_all(now), *self.desk.end_talk(outcome, now)]


def _name_of(step: Questioned | Answered) -> str:
    """Return what notes call a question: names of scripts and questions hold no dot."""
    return f"{step.survey}.{step.question}" if step.survey else step.question
