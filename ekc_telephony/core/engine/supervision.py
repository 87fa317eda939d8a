"""
A supervisor takes part in the talk of an agent: he listens, whispers to the agent, or joins it.

His phone is rung, and when he answers he is put into a bridge of his own with a *tap*, a leg that
hears what the agent's leg hears and says, and says to the agent alone what it is told:

    caller ── talk ── agent's leg
                           ⋮ tap ── bridge of his own ── supervisor

A tap that whispers and one that does not are two taps: which one it is, is settled when it is made,
so no order that is lost can let an agent hear who only listens. Who joins the talk gives his tap
back and stands in the bridge of the talk.

Rule 1: nothing that goes wrong here touches the talk.
Rule 2: it ends with the talk that it was asked for, whatever becomes of its caller.
Rule 3: ids are numbered with the bridges of the call and never given twice; a tap has the number of
its bridge.
Rule 4: whoever asked in vain is told by his phone: it does not ring, or he hears why.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ekc_telephony.core.call.commands import (
    Command,
    CreateBridge,
    DestroyBridge,
    DialAgent,
    HangUpLeg,
    JoinBridge,
    LeaveBridge,
    PlayPrompts,
    TapLeg,
)
from ekc_telephony.core.call.facts import NoteKind, SegmentKind, SegmentOutcome
from ekc_telephony.core.call.supervision import SupervisionMode
from ekc_telephony.core.engine.chronicle import Chronicle
from ekc_telephony.core.engine.effects import SessionEffect
from ekc_telephony.core.engine.state import SupervisionState, TalkState
from ekc_telephony.core.kernel.ids import (
    AgentId,
    AppealId,
    BridgeId,
    CallId,
    LegId,
    PlaybackId,
    PromptKey,
    QueueId,
)

RING_TIME: Final = timedelta(seconds=20)
"""How long the supervisor's phone rings."""
REASON_LIMIT: Final = timedelta(seconds=15)
"""How long a supervisor may hear why he cannot take part, before he is hung up on."""
FAILED: Final = (PromptKey("supervision-failed"),)
_LEG: Final = "-supervisor-"
"""What the ids of supervisors' legs have in common."""


def is_of_supervisor(leg: LegId) -> bool:
    """Tell whether the leg is a supervisor's, of whatever call."""
    return _LEG in leg


class Supervision:
    """
    The supervisors who take part in one call, if any.

    Args:
        call: The call.
        appeal: Its appeal, shown on the supervisor's phone.
        number: The caller's.
        chronicle: Makes the facts.
        new_bridge: Names one more bridge of the call.
    """

    def __init__(
        self,
        call: CallId,
        *,
        appeal: AppealId,
        number: str | None,
        chronicle: Chronicle,
        new_bridge: Callable[[], BridgeId],
    ) -> None:
        self._call = call
        self._appeal = appeal
        self._number = number
        self._chronicle = chronicle
        self._new_bridge = new_bridge
        self._states: dict[AgentId, SupervisionState] = {}

    @property
    def states(self) -> tuple[SupervisionState, ...]:
        """Everybody who takes part or is being rung, to look at and to write down."""
        return tuple(self._states.values())

    def resume(self, states: tuple[SupervisionState, ...]) -> None:
        """Go on where they were."""
        self._states = {each.supervisor: each for each in states}

    def legs(self) -> list[LegId]:
        """Return the legs of supervisors and their taps, believed alive."""
        if not self._states:
            return []
        taps = [each.tap for each in self._states.values() if each.tap is not None]
        return [*(each.leg for each in self._states.values()), *taps]

    @property
    def is_heard_by_caller(self) -> bool:
        """Tell whether somebody has joined the talk: he speaks in the agent's place."""
        return any(
            each.is_answered and not each.is_told_why and each.mode is SupervisionMode.BARGE
            for each in self._states.values()
        )

    def find(self, supervisor: AgentId) -> SupervisionState | None:
        """Return what this supervisor does here."""
        return self._states.get(supervisor)

    def of_leg(self, leg: LegId) -> SupervisionState | None:
        """Return whose leg or tap this is."""
        for each in self._states.values():
            if leg in {each.leg, each.tap}:
                return each
        return None

    def of_bridge(self, bridge: BridgeId) -> SupervisionState | None:
        """Return whose own bridge this is."""
        return next((each for each in self._states.values() if each.bridge == bridge), None)

    def next_deadline(self) -> datetime | None:
        """Return when a phone has rung long enough, or a reason was told for long enough."""
        if not self._states:
            return None  # nearly always, and this is asked after every step of every call
        moments = (each.lapses_at for each in self._states.values())
        return min((each for each in moments if each is not None), default=None)

    def on_time(self, now: datetime) -> list[SessionEffect]:
        """Give up on whoever does not answer, and on whoever has heard enough."""
        effects: list[SessionEffect] = []
        for each in self.states:
            if each.lapses_at is not None and now >= each.lapses_at:
                effects += self.end(each.supervisor, now)
        return effects

    # --- one supervisor

    def ring(
        self,
        supervisor: AgentId,
        talk: TalkState,
        mode: SupervisionMode,
        title: str,
        now: datetime,
    ) -> list[SessionEffect]:
        """Ring the supervisor's phone."""
        leg = LegId(f"{self._call}{_LEG}{_number(self._new_bridge())}")
        self._states[supervisor] = SupervisionState(
            supervisor=supervisor,
            agent=talk.agent,
            agent_leg=talk.leg,
            talk=talk.bridge,
            leg=leg,
            mode=mode,
            lapses_at=now + RING_TIME,
        )
        return [
            DialAgent(
                call=self._call,
                leg=leg,
                agent=supervisor,
                number=self._number,
                queue_title=title,
                appeal=self._appeal,
                ring_time=RING_TIME,
            )
        ]

    def answered(
        self, state: SupervisionState, queue: QueueId | None, now: datetime
    ) -> list[SessionEffect]:
        """Let a supervisor who has picked up take part."""
        if state.is_answered:
            return []  # told twice
        answered = replace(state, is_answered=True, lapses_at=None)
        started = self._chronicle.start(
            SegmentKind.SUPERVISION, now, queue=queue, agent=state.supervisor
        )
        return [started, *self._enter(answered, now)]

    def change(
        self, state: SupervisionState, mode: SupervisionMode, now: datetime
    ) -> list[SessionEffect]:
        """Let him take part in another way from now on."""
        if mode is state.mode or state.is_told_why:
            return []
        wanted = replace(state, mode=mode)
        if not state.is_answered:
            self._states[state.supervisor] = wanted
            return []
        return [*self._leave(state), *self._enter(wanted, now)]

    def tapped(self, state: SupervisionState) -> list[SessionEffect]:
        """Put him and his tap together: it is there."""
        if state.tap is None or state.bridge is None or state.is_tapped:
            return []
        self._states[state.supervisor] = replace(state, is_tapped=True)
        legs = (state.leg, state.tap)
        return [JoinBridge(call=self._call, bridge=state.bridge, legs=legs)]

    def fail(self, state: SupervisionState, now: datetime) -> list[SessionEffect]:
        """Tell him that he cannot take part, then hang up on him."""
        if not state.is_answered or state.is_told_why:
            return self.end(state.supervisor, now)
        left = self._leave(state)
        self._states[state.supervisor] = replace(
            state,
            tap=None,
            bridge=None,
            is_told_why=True,
            lapses_at=now + REASON_LIMIT,
        )
        broken = SegmentOutcome.BROKEN
        return [
            *left,
            *self._chronicle.end(SegmentKind.SUPERVISION, broken, now, agent=state.supervisor),
            PlayPrompts(
                call=self._call, leg=state.leg, playback=_reason_of(state.leg), prompts=FAILED
            ),
        ]

    def heard_why(self, playback: PlaybackId, now: datetime) -> list[SessionEffect]:
        """Hang up on whoever has heard why he cannot take part."""
        for each in self.states:
            if each.is_told_why and playback == _reason_of(each.leg):
                return self.end(each.supervisor, now)
        return []

    def end(
        self, supervisor: AgentId, now: datetime, *, gone: LegId | None = None
    ) -> list[SessionEffect]:
        """
        Let the supervisor take part no more; the talk goes on.

        Args:
            supervisor: Who.
            now: The moment.
            gone: Which of his legs is gone already.
        """
        state = self._states.pop(supervisor, None)
        if state is None:
            return []
        hung_up = [
            HangUpLeg(call=self._call, leg=leg)
            for leg in (state.leg, state.tap)
            if leg is not None and leg != gone
        ]
        completed = SegmentOutcome.COMPLETED
        return [
            *hung_up,
            *self._dissolve(state),
            *self._chronicle.end(SegmentKind.SUPERVISION, completed, now, agent=supervisor),
        ]

    def end_all(self, now: datetime) -> list[SessionEffect]:
        """Let nobody take part any more: the talk is over, or nobody knows how it stands."""
        return [effect for each in self.states for effect in self.end(each.supervisor, now)]

    # --- his place

    def _enter(self, state: SupervisionState, now: datetime) -> list[SessionEffect]:
        noted = self._chronicle.noted(
            NoteKind.SUPERVISED,
            now,
            agent=state.supervisor,
            target=state.agent,
            reason=state.mode.value,
        )
        if state.mode is SupervisionMode.BARGE:
            self._states[state.supervisor] = replace(state, bridge=None, tap=None)
            joined = JoinBridge(call=self._call, bridge=state.talk, legs=(state.leg,))
            return [joined, noted]
        bridge = self._new_bridge()
        tap = LegId(f"{self._call}-tap-{_number(bridge)}")
        self._states[state.supervisor] = replace(state, bridge=bridge, tap=tap, is_tapped=False)
        return [
            CreateBridge(call=self._call, bridge=bridge),
            TapLeg(
                call=self._call,
                tap=tap,
                leg=state.agent_leg,
                whispers=state.mode is SupervisionMode.WHISPER,
            ),
            noted,
        ]

    def _leave(self, state: SupervisionState) -> list[Command]:
        """Take him out of where he is; his phone stays connected."""
        if state.mode is SupervisionMode.BARGE:
            return [LeaveBridge(call=self._call, bridge=state.talk, legs=(state.leg,))]
        if state.tap is None:
            return []
        return [HangUpLeg(call=self._call, leg=state.tap), *self._dissolve(state)]

    def _dissolve(self, state: SupervisionState) -> list[Command]:
        if state.bridge is None:
            return []
        return [DestroyBridge(call=self._call, bridge=state.bridge)]


def _number(bridge: BridgeId) -> str:
    return bridge.rpartition("-")[2]


def _reason_of(leg: LegId) -> PlaybackId:
    return PlaybackId(f"{leg}-reason")
