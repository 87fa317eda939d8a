"""What every part of a hostile world stands on: its truth, and how it talks with the engine."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from ekc_telephony.core.call.commands import AskService, Command, DialAgent, DialNumber, TapLeg
from ekc_telephony.core.call.events import EndReason, Event, LegEnded
from ekc_telephony.core.call.facts import AgentChanged, CallFact
from ekc_telephony.core.engine.engine import Effect
from ekc_telephony.core.engine.state import Memory
from ekc_telephony.core.kernel.ids import AgentId, Did, LegId
from tests.core.engine.hostile_asterisk import Asterisk, Leg
from tests.core.engine.record import Record
from tests.core.office import EVERYBODY, NOON, engine

PICK: Final = st.integers(0, 99)
AGENTS: Final = st.sampled_from([*EVERYBODY, AgentId("nobody")])
MOST_CALLS: Final = 4
"""So few that chance often brings more."""


class HostileGround(RuleBasedStateMachine):
    """The engine, Asterisk, the clock, and what was said so far."""

    def __init__(self) -> None:
        super().__init__()
        self.engine = engine(ready=EVERYBODY, most_calls=MOST_CALLS)
        self.memory = Memory(self.engine.state())
        """What the journal says."""
        self.asterisk = Asterisk()
        self.now = NOON
        self.is_connected = True
        self.is_obeyed = True
        """No command was lost or has failed so far."""
        self.legs_so_far = 0
        self.records: list[Record] = []
        self.commands: list[Command] = []
        """Those that have not failed yet."""
        self.dialled: set[LegId] = set()
        self.asked: list[AskService] = []
        """What information systems were asked, by any engine so far."""

    def tell(self, event: Event) -> None:
        self.let_time_pass()
        self.note(self.engine.handle(event, self.now))

    def let_time_pass(self) -> None:
        self.note(self.engine.on_time(self.now))

    def note(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Command):
                self.commanded(effect)
            elif not isinstance(effect, AgentChanged):
                self.record_of(effect).note(effect)

    def record_of(self, fact: CallFact) -> Record:
        known = [each for each in self.records if each.call == fact.call]
        if known and not known[-1].is_followed_by(fact):
            return known[-1]
        before = known[-1].last_number if known else 0
        self.records.append(Record(fact.call, starts_after=before))
        return self.records[-1]

    def commanded(self, command: Command) -> None:
        if isinstance(command, (DialAgent, DialNumber, TapLeg)):
            made = command.tap if isinstance(command, TapLeg) else command.leg
            assert made not in self.dialled, "a leg's id is given once"
            self.dialled.add(made)
        if isinstance(command, AskService):
            self.asked.append(command)
        self.commands.append(command)
        self.is_obeyed &= self.is_connected
        if self.is_connected:
            self.asterisk.obey(command, self.now)

    def any_leg(self, which: int) -> Leg:
        return list(self.asterisk.legs.values())[which % len(self.asterisk.legs)]

    def new_leg(self, *, did: Did | None = None, agent: AgentId | None = None) -> Leg:
        self.legs_so_far += 1
        leg = LegId(f"ekc1-1795253112.{self.legs_so_far}")
        made = Leg(leg=leg, created_at=self.now, did=did, agent=agent)
        self.asterisk.legs[leg] = made
        return made

    def hangs_up(self, leg: LegId, reason: EndReason = EndReason.HUNG_UP) -> None:
        """Let a leg end, if it has not ended."""
        if leg in self.asterisk.legs and self.asterisk.legs[leg].is_alive:
            self.asterisk.ends(leg)
            self.tell(LegEnded(leg=leg, reason=reason))

    def talking(self) -> list[AgentId]:
        """Return who talks to a caller, as the engine thinks."""
        talks = self.engine.sessions.values()
        return [each.agent for each in talks if each.bridge is not None and each.agent is not None]

    def legs_of_askers(self) -> list[LegId]:
        """Return the legs on which colleagues are asked for advice, as the engine thinks."""
        talks = self.engine.sessions.values()
        return [each.advice.asker_leg for each in talks if each.advice is not None]

    def legs_of_talks(self) -> list[LegId]:
        """Return the legs of agents who talk to a caller, as the engine thinks."""
        talks = self.engine.sessions.values()
        return [each.talking_legs()[-1] for each in talks if each.bridge is not None]
