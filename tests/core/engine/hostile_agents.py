"""What agents declare, and what their phones do, in a hostile world."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from ekc_telephony.core.call.events import (
    FeatureDialled,
    HoldBegan,
    HoldEnded,
    PhoneLost,
    PhoneReached,
    PhonesElsewhere,
    PresenceDeclared,
    SpeechBegan,
    SpeechEnded,
    WrapUpDeclared,
    WrapUpWish,
)
from ekc_telephony.core.call.presence import NotReadyReason, Presence
from ekc_telephony.core.kernel.ids import AgentId
from tests.core.engine.hostile_callers import HostileCallers
from tests.core.engine.hostile_ground import AGENTS, PICK

CODES: Final = st.sampled_from(
    [
        *("*45", "*46", "*462", "*47", "*48", "*49", "*99"),
        *("*70second", "*70boris", "*70112*2", "*71", "*73"),
    ]
)


class HostileAgents(HostileCallers):
    """Rules of agents and phones."""

    @rule(agent=AGENTS, presence=st.sampled_from(Presence))
    def presence_is_declared(self, agent: AgentId, presence: Presence) -> None:
        self.tell(PresenceDeclared(agent=agent, presence=presence, reason=NotReadyReason.LUNCH))

    @rule(agent=AGENTS, wish=st.sampled_from(WrapUpWish))
    def a_wrap_up_is_declared(self, agent: AgentId, wish: WrapUpWish) -> None:
        self.tell(WrapUpDeclared(agent=agent, wish=wish))

    @precondition(lambda self: self.is_connected)
    @rule(agent=AGENTS, code=CODES)
    def a_code_is_dialled(self, agent: AgentId, code: str) -> None:
        leg = self.new_leg(agent=agent)
        self.tell(FeatureDialled(leg=leg.leg, agent=agent, code=code))

    @precondition(lambda self: self.is_connected and self.asterisk.legs)
    @rule(which=PICK, is_held=st.booleans())
    def a_phone_holds_or_resumes(self, which: int, *, is_held: bool) -> None:
        """Let any phone do it, a caller's too, twice or in vain."""
        legs = [*self.legs_of_talks(), self.any_leg(which).leg]
        leg = legs[which % len(legs)]
        self.tell(HoldBegan(leg=leg) if is_held else HoldEnded(leg=leg))

    @precondition(lambda self: self.is_connected and self.asterisk.legs)
    @rule(which=PICK, is_speaking=st.booleans())
    def somebody_speaks_or_falls_silent(self, which: int, *, is_speaking: bool) -> None:
        leg = self.any_leg(which).leg
        self.tell(SpeechBegan(leg=leg) if is_speaking else SpeechEnded(leg=leg))

    @rule(agent=AGENTS, is_reachable=st.booleans())
    def a_phone_comes_or_goes(self, agent: AgentId, *, is_reachable: bool) -> None:
        self.tell(PhoneReached(agent=agent) if is_reachable else PhoneLost(agent=agent))

    @precondition(lambda self: self.is_connected)
    @rule(agents=st.frozensets(AGENTS))
    def phones_are_in_calls_of_the_dialplan(self, agents: frozenset[AgentId]) -> None:
        self.tell(PhonesElsewhere(agents=agents))
