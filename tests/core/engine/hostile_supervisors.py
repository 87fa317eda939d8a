"""Supervisors in a hostile world: they take part in talks and move callers."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from ekc_telephony.core.call.events import (
    LegAnswered,
    MoveAsked,
    SupervisionAsked,
    SupervisionGivenUp,
)
from ekc_telephony.core.call.supervision import SupervisionMode
from ekc_telephony.core.kernel.ids import AgentId, CallId, QueueId
from tests.core.engine.hostile_ground import AGENTS, PICK
from tests.core.engine.hostile_transfers import HostileTransfers

SUPERVISORS: Final = st.sampled_from([AgentId("nina"), AgentId("oleg")])
MODES: Final = st.sampled_from(SupervisionMode)
QUEUES: Final = st.sampled_from([QueueId(each) for each in ("first", "second", "expert", "none")])


class HostileSupervisors(HostileTransfers):
    """Rules of supervisors."""

    @precondition(lambda self: self.is_connected)
    @rule(which=PICK, mode=MODES, then=MODES, by=SUPERVISORS)
    def a_supervisor_takes_part(
        self, which: int, mode: SupervisionMode, then: SupervisionMode, by: AgentId
    ) -> None:
        """Shorten the way to a talk in which a supervisor takes part, in one way and another."""
        if not self.talking():
            self.a_conversation_begins(which, "")
        talking = self.talking()
        if talking:
            agent = talking[which % len(talking)]
            for each in (mode, then):
                self.tell(SupervisionAsked(supervisor=by, agent=agent, mode=each))
                self.legs_of_supervisors_answer()

    def legs_of_supervisors_answer(self) -> None:
        """Let supervisors pick up, and their taps be there."""
        for _ in range(2):
            for session in list(self.engine.sessions.values()):
                for leg in session.course.supervision.legs():
                    if leg in self.asterisk.legs and not self.asterisk.legs[leg].is_answered:
                        self.asterisk.legs[leg].is_answered = True
                        self.tell(LegAnswered(leg=leg))

    @precondition(lambda self: self.is_connected)
    @rule(agent=AGENTS, mode=MODES, by=SUPERVISORS)
    def a_supervisor_asks(self, agent: AgentId, mode: SupervisionMode, by: AgentId) -> None:
        self.tell(SupervisionAsked(supervisor=by, agent=agent, mode=mode))

    @rule(agent=AGENTS, by=SUPERVISORS)
    def a_supervisor_gives_up(self, agent: AgentId, by: AgentId) -> None:
        self.tell(SupervisionGivenUp(supervisor=by, agent=agent))

    @precondition(lambda self: self.asterisk.legs)
    @rule(which=PICK, queue=QUEUES, raised=st.sampled_from([0, 1, 5]))
    def a_caller_is_moved(self, which: int, queue: QueueId, raised: int) -> None:
        calls = [*self.engine.sessions, CallId(self.any_leg(which).leg)]
        call = calls[which % len(calls)]
        self.tell(MoveAsked(call=call, queue=queue, by="nina", raise_priority=raised))
