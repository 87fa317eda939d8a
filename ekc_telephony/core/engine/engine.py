"""
The engine: one event in gives all its effects out, in order, and no message is ever on its way.

This is the face that the runtime sees; it lets time pass, and hands every event to its handler. The
sessions and the ACD are on the `Switchboard`. What an event means stands with the handlers:

- `call_events`: what happens to a call's legs, and what became of our commands;
- `agent_events`: what agents say about themselves, and what is known of their phones;
- `talk_requests`: what an agent asks for the caller he talks to;
- `supervisor_requests`: what a supervisor asks for: to take part in a talk, to move a caller;
- `talk_events`: what is seen of a talk that goes on;
- `control_events`: losing sight of Asterisk, and seeing it again; other scripts.

A new kind of event is a handler in one of them, or a module of its own that is named in `HANDLERS`.

Rule 1: `handle` and `on_time` return commands and facts only.
Rule 2: every type of event has exactly one handler.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from ekc_telephony.core.acd.acd import Acd
from ekc_telephony.core.acd.expected_wait import PaceState
from ekc_telephony.core.call.events import Event, TransferOrdered
from ekc_telephony.core.engine import (
    agent_events,
    call_events,
    control_events,
    snapshot,
    supervisor_requests,
    talk_events,
    talk_requests,
)
from ekc_telephony.core.engine.effects import Effect
from ekc_telephony.core.engine.plan import EnginePlan
from ekc_telephony.core.engine.session import Session
from ekc_telephony.core.engine.state import (
    AgentState,
    Changes,
    EngineState,
    FeatureState,
    RegularState,
    SessionState,
)
from ekc_telephony.core.engine.switchboard import Handlers, Switchboard
from ekc_telephony.core.engine.talk_requests import Obstacle
from ekc_telephony.core.engine.transfer_codes import Wish
from ekc_telephony.core.ivr.script import Script
from ekc_telephony.core.kernel.deadlines import earlier
from ekc_telephony.core.kernel.ids import CallId, LegId

__all__ = ["HANDLERS", "Effect", "Engine", "EnginePlan"]

HANDLERS: Final[Handlers] = {
    **call_events.HANDLERS,
    **agent_events.HANDLERS,
    **talk_requests.HANDLERS,
    **supervisor_requests.HANDLERS,
    **talk_events.HANDLERS,
    **control_events.HANDLERS,
}
"""Who handles which event."""


class Engine:
    """
    The pure core of one node.

    Args:
        plan: Numbers, scripts, schedules, feature codes.
        acd: Queues and agents.
    """

    def __init__(self, plan: EnginePlan, acd: Acd) -> None:
        self._board = Switchboard(plan, acd)
        self._finished: list[Effect] = []
        """What was decided for the sessions that were due before the one that is served."""

    @property
    def sessions(self) -> Mapping[CallId, Session]:
        """Every session, to look at."""
        return self._board.sessions

    def legs(self) -> frozenset[LegId]:
        """Return the legs that are believed alive."""
        return frozenset(self._board.session_of_leg)

    @property
    def acd(self) -> Acd:
        """Queues and agents, to look at."""
        return self._board.acd

    @property
    def plan(self) -> EnginePlan:
        """Numbers, scripts and codes as they are now."""
        return self._board.plan

    @property
    def is_connected(self) -> bool:
        """Whether we see Asterisk."""
        return self._board.is_connected

    # --- events and time

    def handle(self, event: Event, now: datetime) -> list[Effect]:
        """Apply one event and return everything that follows from it."""
        self._board.focus = None
        self._finished = []
        return HANDLERS[type(event)](self._board, event, now)

    def obstacle_to(self, event: TransferOrdered) -> Obstacle | None:
        """Return what stands against a transfer; None when it would be done now."""
        wish = Wish(mode=event.mode, target=event.target, reason=event.reason)
        return talk_requests.obstacle_to(self._board, event.agent, wish)

    def next_deadline(self) -> datetime | None:
        """Return when `on_time` must next be called, or None when nothing is pending."""
        board = self._board
        session = None if board.blind_since else board.deadlines.next()
        return earlier(session, board.acd.next_deadline())

    def on_time(self, now: datetime) -> list[Effect]:
        """Let time pass. Harmless when nothing is due."""
        board = self._board
        board.focus = None
        self._finished = board.settle_acd(board.acd.on_time(now), now)
        if board.blind_since is None:
            while (call := board.deadlines.take_due(now)) is not None:
                session = board.focus = board.sessions[call]
                self._finished += board.settle(session, session.on_time(now), now)
        done, self._finished = self._finished, []
        return done

    def abort(self, now: datetime, *, detail: str = "") -> list[Effect]:
        """
        End the session that was being served when `handle` or `on_time` raised.

        All others are untouched; what was already decided for them is returned as well. Calling it
        when nothing was being served changes nothing.

        Args:
            now: The moment.
            detail: For whoever looks into it; ends up in the appeal.
        """
        effects, self._finished = self._finished, []
        session, self._board.focus = self._board.focus, None
        if session is None:
            return effects
        return effects + self._board.settle(session, session.abort(now, detail), now)

    def refusal(self, request: supervisor_requests.Request) -> supervisor_requests.Refusal | None:
        """Return why a supervisor's request cannot be granted now; None when it can."""
        return supervisor_requests.refusal(self._board, request)

    def call_of(self, request: supervisor_requests.Request) -> CallId | None:
        """Return the call that a supervisor's request is about; None when there is none."""
        return supervisor_requests.call_of(self._board, request)

    def find_call(self, name: str) -> CallId | None:
        """Return the call of this id, or of this appeal."""
        named = (each for each in self.sessions.values() if name in {each.call, each.appeal})
        return next((each.call for each in named), None)

    # --- what another engine needs to go on

    def state(self) -> EngineState:
        """Return everything that is known."""
        return snapshot.state(self._board)

    def take_changes(self) -> Changes:
        """Return what changed since this was asked last."""
        return snapshot.take_changes(self._board)

    def restore_session(self, state: SessionState, *, script: Script | None) -> None:
        """
        Take up the session of an earlier engine; its caller is looked for when we see Asterisk.

        Args:
            state: What the earlier engine knew.
            script: The version of the script that its caller began with.

        Raises:
            KeyError: Its queue exists no longer; its caller will be served as a stranger.
        """
        snapshot.restore_session(self._board, state, script=script)

    def restore_agents(
        self, agents: tuple[AgentState, ...], features: tuple[FeatureState, ...], now: datetime
    ) -> None:
        """Let agents be as an earlier engine knew them; after all sessions are restored."""
        snapshot.restore_agents(self._board, agents, features, now)

    def restore_regulars(self, regulars: tuple[RegularState, ...]) -> None:
        """Know the citizens whom an earlier engine knew."""
        self._board.around.regulars.restore(regulars)

    def restore_paces(self, paces: tuple[PaceState, ...]) -> None:
        """Know how fast callers were served when an earlier engine was here."""
        self._board.acd.restore_paces(paces)

    def see_as(self, state: EngineState, now: datetime) -> None:
        """See or be blind as the engine of this state was: for replays, after all is restored."""
        snapshot.see_as(self._board, state, now)
