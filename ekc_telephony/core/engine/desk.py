"""
The desk: where one caller and an agent meet. The offer that rings, then the conversation.

A session says whom to ring and what became of it; the desk keeps the legs, bridges and recordings,
gives them their ids, and makes the commands and the facts of their segments. A colleague may join
the conversation (`conference.py`).

Rule 1: there is at most one offer and at most one conversation, of one agent or of two.
Rule 2: ids are numbered from 1 within a call, and never given twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ekc_telephony.core.acd.messages import (
    ConversationEnded,
    ConversationJoined,
    ConversationPassed,
    LapseReason,
    OfferAccepted,
    OfferLapsed,
    OfferMade,
)
from ekc_telephony.core.acd.specs import QueueSpec
from ekc_telephony.core.call.commands import (
    Command,
    CreateBridge,
    DestroyBridge,
    DialAgent,
    HangUpLeg,
    JoinBridge,
    StartRecording,
)
from ekc_telephony.core.call.events import EndReason
from ekc_telephony.core.call.facts import SegmentKind, SegmentOutcome
from ekc_telephony.core.engine.chronicle import Chronicle
from ekc_telephony.core.engine.ear import Ear
from ekc_telephony.core.engine.effects import SessionEffect
from ekc_telephony.core.engine.state import (
    ColleagueState,
    OfferState,
    SessionState,
    TalkState,
    TransferState,
)
from ekc_telephony.core.kernel.ids import (
    AgentId,
    AppealId,
    BridgeId,
    CallId,
    LegId,
    QueueId,
    RecordingId,
)

_LAPSES: Final[Mapping[EndReason, LapseReason]] = {
    EndReason.HUNG_UP: LapseReason.REFUSED,
    EndReason.BUSY: LapseReason.REFUSED,
    EndReason.REFUSED: LapseReason.REFUSED,
    EndReason.NOT_ANSWERED: LapseReason.NOT_ANSWERED,
    EndReason.UNREACHABLE: LapseReason.UNREACHABLE,
    EndReason.FAILED: LapseReason.UNREACHABLE,
}
_OFFER_OUTCOMES: Final[Mapping[LapseReason, SegmentOutcome]] = {
    LapseReason.REFUSED: SegmentOutcome.REFUSED,
    LapseReason.NOT_ANSWERED: SegmentOutcome.NOT_ANSWERED,
    LapseReason.UNREACHABLE: SegmentOutcome.UNREACHABLE,
    LapseReason.WITHDRAWN: SegmentOutcome.WITHDRAWN,
}


_KEPT_FOR_THE_SENDER: Final = timedelta(seconds=60)
"""How long a caller whom nobody took waits for the one who sent him on; then anybody may."""


class Desk:
    """
    The agent's side of one call.

    Args:
        call: The call.
        appeal: Its appeal, shown on agents' phones.
        number: The caller's.
        chronicle: Makes the facts.
        ear: What the caller hears; he is answered before he is connected.
        ids_before: How many offers and conversations may have been numbered before.
    """

    def __init__(
        self,
        call: CallId,
        *,
        appeal: AppealId,
        number: str | None,
        chronicle: Chronicle,
        ear: Ear,
        ids_before: int = 0,
    ) -> None:
        self._call = call
        self._appeal = appeal
        self._number = number
        self._chronicle = chronicle
        self._ear = ear
        self.offer: OfferState | None = None
        """The offer that rings."""
        self.talk: TalkState | None = None
        """The conversation that goes on."""
        self.colleague: ColleagueState | None = None
        """The agent who has joined it."""
        self.transfer: TransferState | None = None
        """Who sent the caller on, as long as nobody has answered him."""
        self.offers = ids_before
        """How many offers were made."""
        self.talks = ids_before
        """How many bridges there were, each of one conversation."""

    def resume(self, state: SessionState) -> None:
        """Go on where the desk of this state was."""
        self.offer, self.talk, self.transfer = state.offer, state.talk, state.transfer
        self.colleague = state.colleague
        self.offers, self.talks = state.offers, state.talks

    @property
    def offered_leg(self) -> LegId | None:
        """The agent's leg that rings."""
        return None if self.offer is None else LegId(self.offer.offer)

    @property
    def agent(self) -> AgentId | None:
        """Who talks to the caller, or is being offered."""
        if self.talk is not None:
            return self.talk.agent
        return None if self.offer is None else self.offer.agent

    def legs(self) -> list[LegId]:
        """Return the agents' legs that are believed alive."""
        legs = [] if self.offered_leg is None else [self.offered_leg]
        return [*legs, *self.talking_legs()]

    def talking_legs(self) -> list[LegId]:
        """Return the agents' legs of the conversation."""
        legs = [] if self.talk is None else [self.talk.leg]
        return legs if self.colleague is None else [*legs, self.colleague.leg]

    def is_talking(self, leg: LegId) -> bool:
        """Tell whether this is an agent's leg of the conversation."""
        talk, colleague = self.talk, self.colleague
        if talk is not None and leg == talk.leg:
            return True
        return colleague is not None and leg == colleague.leg

    # --- offers

    def ring(self, made: OfferMade, spec: QueueSpec, now: datetime) -> list[SessionEffect]:
        """Ring the agent's phone."""
        self.offers += 1
        self.offer = OfferState(offer=made.offer, agent=made.agent, lapses_at=now + made.ring_time)
        return [
            DialAgent(
                call=self._call,
                leg=LegId(made.offer),
                agent=made.agent,
                number=self._number,
                queue_title=spec.title,
                appeal=self._appeal,
                ring_time=made.ring_time,
            ),
            self._chronicle.start(SegmentKind.OFFER, now, queue=made.queue, agent=made.agent),
        ]

    def is_overdue(self, now: datetime) -> bool:
        """Tell whether the phone has rung long enough."""
        return self.offer is not None and now >= self.offer.lapses_at

    def give_up(self, now: datetime) -> list[SessionEffect]:
        """Stop ringing a phone that nobody answers."""
        return [*self._hang_up(self.offered_leg), *self.lapse(LapseReason.NOT_ANSWERED, now)]

    def leg_ended(self, reason: EndReason, now: datetime) -> list[SessionEffect]:
        """End the offer whose leg is gone."""
        return self.lapse(_LAPSES[reason], now)

    def lapse(self, reason: LapseReason, now: datetime) -> list[SessionEffect]:
        """End the outstanding offer; the caller goes on waiting at his place."""
        offer, self.offer = self.offer, None
        if offer is None:
            return []
        sent = self.transfer
        is_refused = sent is not None and sent.to == offer.agent
        return [
            *self._chronicle.end(SegmentKind.OFFER, _OFFER_OUTCOMES[reason], now),
            OfferLapsed(
                offer=offer.offer,
                reason=reason,
                preferred=sent.sender if sent is not None and is_refused else None,
                kept_for=_KEPT_FOR_THE_SENDER,
            ),
        ]

    def withdraw(self, now: datetime) -> list[SessionEffect]:
        """Stop ringing for a caller who is gone; the ACD is told that he left."""
        leg, self.offer = self.offered_leg, None
        if leg is None:
            return []
        ended = self._chronicle.end(SegmentKind.OFFER, SegmentOutcome.WITHDRAWN, now)
        return [*ended, *self._hang_up(leg)]

    # --- conversations

    def connect(
        self, offer: OfferState, queue: QueueId | None, now: datetime, *, is_recorded: bool
    ) -> list[SessionEffect]:
        """Put the caller and the agent together; the caller is answered first of all."""
        self.offer = self.transfer = None
        talk = self._new_talk(offer.agent, LegId(offer.offer), is_recorded=is_recorded)
        return [
            *self._ear.hush(),
            *self._ear.answer(),
            *self._together(talk),
            *self._chronicle.end(SegmentKind.OFFER, SegmentOutcome.ACCEPTED, now),
            *self._chronicle.end(SegmentKind.WAITING, SegmentOutcome.COMPLETED, now),
            self._chronicle.start(
                SegmentKind.TALK, now, queue=queue, agent=offer.agent, leg=talk.leg
            ),
            OfferAccepted(offer=offer.offer),
            *self._record(talk, now),
        ]

    def pass_on(
        self,
        agent: AgentId,
        leg: LegId,
        queue: QueueId | None,
        now: datetime,
        *,
        is_recorded: bool,
    ) -> list[SessionEffect]:
        """Let another agent take the caller over from the one who talks to him."""
        effects = self.end_talk(SegmentOutcome.TRANSFERRED, now)
        talk = self._new_talk(agent, leg, is_recorded=is_recorded)
        return [
            *effects,
            *self._together(talk),
            self._chronicle.start(SegmentKind.TALK, now, queue=queue, agent=agent, leg=leg),
            ConversationPassed(call=self._call, agent=agent, queue=queue),
            *self._record(talk, now),
        ]

    def let_in(
        self,
        colleague: ColleagueState,
        queue: QueueId | None,
        now: datetime,
        *,
        on: LegId,
        is_recorded: bool,
    ) -> list[SessionEffect]:
        """
        Let a colleague into the conversation: all three talk in a new bridge.

        Args:
            colleague: He, and his leg.
            queue: The caller's.
            now: The moment.
            on: The leg on which the agent who talks goes on talking.
            is_recorded: Whether the queue's conversations are.
        """
        was = self.talk
        assert was is not None
        talk = self._new_talk(was.agent, on, is_recorded=is_recorded)
        self.colleague = colleague
        return [
            *self._end_hold(SegmentOutcome.COMPLETED, now),
            DestroyBridge(call=self._call, bridge=was.bridge),
            *self._together(talk),
            self._chronicle.start(
                SegmentKind.TALK, now, queue=queue, agent=colleague.agent, leg=colleague.leg
            ),
            ConversationJoined(call=self._call, agent=colleague.agent, queue=queue),
            *self._record(talk, now, of=colleague.agent),
        ]

    def let_go(self, leg: LegId, *, is_broken: bool, now: datetime) -> list[SessionEffect]:
        """Let the caller go on talking to the other agent, now that one of the two has left."""
        talk, colleague = self.talk, self.colleague
        assert talk is not None
        assert colleague is not None
        self.colleague = None
        gone, outcome = colleague.agent, SegmentOutcome.COMPLETED
        if leg == talk.leg:
            gone, outcome = talk.agent, SegmentOutcome.TRANSFERRED
            self.talk = replace(talk, agent=colleague.agent, leg=colleague.leg)
        if is_broken:
            outcome = SegmentOutcome.BROKEN
        return [
            *self._chronicle.end(SegmentKind.TALK, outcome, now, agent=gone),
            ConversationEnded(call=self._call, agent=gone),
        ]

    def new_bridge(self) -> BridgeId:
        """Return the name of one more bridge of this call."""
        self.talks += 1
        return BridgeId(f"{self._call}-talk-{self.talks}")

    def _new_talk(self, agent: AgentId, leg: LegId, *, is_recorded: bool) -> TalkState:
        bridge = self.new_bridge()
        recording = RecordingId(bridge) if is_recorded else None
        self.talk = TalkState(agent=agent, leg=leg, bridge=bridge, recording=recording)
        return self.talk

    def _record(
        self, talk: TalkState, now: datetime, *, of: AgentId | None = None
    ) -> list[SessionEffect]:
        if talk.recording is None:
            return []
        return [
            StartRecording(call=self._call, bridge=talk.bridge, recording=talk.recording),
            self._chronicle.recording_started(talk.recording, now, agent=of or talk.agent),
        ]

    def adopt(self, agent: AgentId, leg: LegId, bridge: BridgeId) -> None:
        """Take over a conversation that began before this engine did."""
        self.talk = TalkState(agent=agent, leg=leg, bridge=bridge, recording=None)

    def join_again(self) -> list[SessionEffect]:
        """Put caller and agent together, which we had meant to; harmless when it was half done."""
        talk = self.talk
        if talk is None:
            return []
        commands = [*self._ear.hush(), *self._ear.answer(), *self._together(talk)]
        if talk.recording is not None:
            commands.append(
                StartRecording(call=self._call, bridge=talk.bridge, recording=talk.recording)
            )
        return [*commands]

    def end_talk(self, outcome: SegmentOutcome, now: datetime) -> list[SessionEffect]:
        """End the conversation, and a hold in it, whoever ended it; nothing without one."""
        talk, self.talk = self.talk, None
        colleague, self.colleague = self.colleague, None
        if talk is None:
            return []
        effects = self._end_hold(outcome, now)
        for agent in [talk.agent] if colleague is None else [talk.agent, colleague.agent]:
            effects += self._chronicle.end(SegmentKind.TALK, outcome, now, agent=agent)
        return [
            *effects,
            DestroyBridge(call=self._call, bridge=talk.bridge),
            ConversationEnded(call=self._call),
        ]

    def _end_hold(self, outcome: SegmentOutcome, now: datetime) -> list[SessionEffect]:
        held = self._chronicle.end(SegmentKind.HOLD, outcome, now)
        return [*self._ear.hush(), *held] if held else []

    def hang_up_on_agent(self) -> list[SessionEffect]:
        """Hang up on the agent who talks, and on the colleague who has joined him."""
        return [each for leg in self.talking_legs() for each in self._hang_up(leg)]

    def clear(self) -> list[SessionEffect]:
        """Hang up on whoever rings or talks, and forget him."""
        effects = [each for leg in self.legs() for each in self._hang_up(leg)]
        self.offer = self.talk = self.colleague = None
        return [*effects]

    def _together(self, talk: TalkState) -> list[Command]:
        legs: list[tuple[LegId, ...]] = [(LegId(self._call), talk.leg)]
        if self.colleague is not None:
            # Each by himself: one who has just gone must not keep the other two apart.
            legs = [(LegId(self._call),), (talk.leg,), (self.colleague.leg,)]
        return [
            CreateBridge(call=self._call, bridge=talk.bridge),
            *(JoinBridge(call=self._call, bridge=talk.bridge, legs=each) for each in legs),
        ]

    def _hang_up(self, leg: LegId | None) -> list[Command]:
        return [] if leg is None else [HangUpLeg(call=self._call, leg=leg)]
