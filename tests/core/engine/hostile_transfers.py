"""Conversations, advice, conferences and transfers in a hostile world."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from ekc_telephony.core.call.events import (
    EndReason,
    FeatureDialled,
    KeyPressed,
    LegAnswered,
    TransferAsked,
    TransferMode,
    TransferOrdered,
)
from ekc_telephony.core.kernel.ids import AgentId, Did, LegId
from tests.core.engine.hostile_agents import HostileAgents
from tests.core.engine.hostile_ground import AGENTS, PICK
from tests.core.office import EVERYBODY

NUMBER_200: Final = Did("200")
TYPED: Final = st.sampled_from(["*71", "*73", "*70112#", "*7", "##*70", "*70112*2#", "71"])
"""What an operator types into a talk, of which some is a code."""
TARGETS: Final = st.sampled_from([*EVERYBODY, "first", "second", "112", "77", "nobody"])
"""What an operator can dial to transfer to, or to ask for advice."""


class HostileTransfers(HostileAgents):
    """Rules of whoever talks, asks a colleague, or sends his caller on."""

    @precondition(lambda self: self.is_connected)
    @rule(
        did=st.sampled_from([Did("200"), Did("500"), Did("900")]),
        then=st.sampled_from(["", "advice", "outside"]),
        which=PICK,
    )
    def a_conversation_begins(self, which: int, then: str, did: Did = NUMBER_200) -> None:
        """Shorten the way to where transfers are: chance alone rarely gets there."""
        self.a_caller_arrives(did)
        for session in list(self.engine.sessions.values()):
            if (leg := session.offered_leg) is not None and leg in self.asterisk.legs:
                self.asterisk.legs[leg].is_answered = True
                self.tell(LegAnswered(leg=leg))
        if then == "advice" and self.talking():
            self.a_colleague_is_dialled(which, EVERYBODY[which % len(EVERYBODY)])
            self.an_adviser_answers(which)
        if then == "outside" and self.legs_of_talks():
            leg = self.legs_of_talks()[-1]
            self.tell(TransferAsked(leg=leg, target="112", is_attended=False))
            if which % 2:
                self.somebody_outside_answers()

    @precondition(lambda self: self.is_connected)
    @rule(then=st.sampled_from(["", "*71", "*73", "*73", "he hangs up"]), lines=st.integers(1, 2))
    def a_consultation_begins(self, then: str, lines: int) -> None:
        """Shorten the way to conferences: somebody asks a colleague, and it goes on from there."""
        self.a_conversation_begins(0, "")
        free = [each for each in self.engine.acd.agents.values() if each.is_available]
        talks = [each for each in self.engine.sessions.values() if each.course.desk.talk]
        if not free or not talks:
            return
        session, colleague = talks[-1], free[-1].agent_id
        asker = session.agent
        assert asker is not None
        if lines == 1:
            order = TransferOrdered(agent=asker, mode=TransferMode.CONSULT, target=colleague)
            self.tell(order)
        else:
            leg = self.new_leg(agent=asker).leg
            self.tell(FeatureDialled(leg=leg, agent=asker, code=colleague))
        self.an_adviser_answers(0)
        if then == "he hangs up":
            self.hangs_up(session.talking_legs()[-1])
        for key in then if then.startswith("*") else "":
            self.tell(KeyPressed(leg=session.talking_legs()[-1], key=key))

    @precondition(lambda self: self.is_connected and self.in_conferences())
    @rule(which=PICK, reason=st.sampled_from(EndReason))
    def somebody_leaves_a_conference(self, which: int, reason: EndReason) -> None:
        legs = [leg for leg in self.in_conferences() if leg in self.asterisk.legs]
        if legs:
            self.hangs_up(legs[which % len(legs)], reason)

    def in_conferences(self) -> list[LegId]:
        """Return the legs of all who are in a conference, as the engine thinks."""
        talks = [each for each in self.engine.sessions.values() if each.colleague is not None]
        return [leg for each in talks for leg in each.talking_legs()]

    def somebody_outside_answers(self) -> None:
        """Let whoever was rung outside last pick up."""
        rung = [each.ringing_leg for each in self.engine.sessions.values()]
        for leg in [each for each in rung if each is not None and "-outside-" in each]:
            self.asterisk.legs[leg].is_answered = True
            self.tell(LegAnswered(leg=leg))

    def an_adviser_answers(self, which: int) -> None:
        """Let a colleague who is asked for advice pick up."""
        ringing = [each.advice.leg for each in self.engine.sessions.values() if each.advice]
        if ringing:
            leg = ringing[which % len(ringing)]
            self.asterisk.legs[leg].is_answered = True
            self.tell(LegAnswered(leg=leg))

    @precondition(lambda self: self.is_connected and self.talking())
    @rule(which=PICK, wanted=TARGETS)
    def a_colleague_is_dialled(self, which: int, wanted: str) -> None:
        """Let an operator who talks, or any other one, dial a colleague or a queue."""
        agents = [*self.talking(), *EVERYBODY]
        agent = agents[which % len(agents)]
        leg = self.new_leg(agent=agent)
        self.tell(FeatureDialled(leg=leg.leg, agent=agent, code=wanted))

    @precondition(lambda self: self.is_connected and self.asterisk.legs)
    @rule(which=PICK, typed=TYPED)
    def a_code_is_typed_into_a_talk(self, which: int, typed: str) -> None:
        legs = [*self.legs_of_talks(), *self.legs_of_askers(), self.any_leg(which).leg]
        for key in typed:
            self.tell(KeyPressed(leg=legs[which % len(legs)], key=key))

    @precondition(lambda self: self.is_connected and self.talking())
    @rule(which=PICK, code=st.sampled_from(["*71", "*73", "*70second", "*70boris"]))
    def a_code_is_dialled_on_another_line(self, which: int, code: str) -> None:
        agents = self.talking()
        self.a_code_is_dialled(agents[which % len(agents)], code)

    @rule(agent=AGENTS, mode=st.sampled_from(TransferMode), wanted=TARGETS)
    def a_program_orders_a_transfer(self, agent: AgentId, mode: TransferMode, wanted: str) -> None:
        self.tell(TransferOrdered(agent=agent, mode=mode, target=wanted, reason="he asked for it"))

    @precondition(lambda self: self.is_connected and self.talking())
    @rule(which=PICK, wanted=TARGETS, is_answered=st.booleans())
    def a_program_orders_advice(self, which: int, wanted: str, *, is_answered: bool) -> None:
        agents = self.talking()
        agent = agents[which % len(agents)]
        self.tell(TransferOrdered(agent=agent, mode=TransferMode.CONSULT, target=wanted))
        if is_answered:
            self.an_adviser_answers(which)

    @precondition(lambda self: self.is_connected and self.asterisk.legs)
    @rule(which=PICK, wanted=TARGETS)
    def a_blind_transfer_is_asked_for(self, which: int, wanted: str) -> None:
        """Ask on any leg: a phone may press Transfer at any time, in vain or twice."""
        legs = [*self.legs_of_talks(), self.any_leg(which).leg]
        leg = legs[which % len(legs)]
        self.tell(TransferAsked(leg=leg, target=wanted, is_attended=False))

    @precondition(lambda self: self.is_connected and self.asterisk.legs)
    @rule(which=PICK, other=PICK, is_known=st.sampled_from([True, True, False]))
    def an_attended_transfer_is_asked_for(self, which: int, other: int, *, is_known: bool) -> None:
        advised = [each for each in self.engine.sessions.values() if each.advice is not None]
        leg, consulted = self.any_leg(which).leg, self.any_leg(other).leg
        if advised:
            session = advised[which % len(advised)]
            legs = session.legs()
            leg, consulted = legs[1], legs[2 % len(legs)]
            if other % 2:
                leg, consulted = consulted, leg
        self.tell(
            TransferAsked(
                leg=leg,
                target="",
                is_attended=True,
                consulted=consulted if is_known else None,
            )
        )
