"""
A world that means the engine ill: hypothesis chooses what happens, in any order, twice, too late.

The world keeps its own truth: which legs live, what is bridged, what is being played. Commands
change that truth while the connection stands, and are lost while it does not. Everything the engine
says about a call is kept in a `Record`, whose well-formedness is checked after every step.

What happens is told by subject, each module going on from the one before: `hostile_ground.py` (with
`hostile_asterisk.py`), `hostile_callers.py`, `hostile_agents.py`, `hostile_transfers.py`,
`hostile_supervisors.py`, `hostile_services.py`; time, restarts and what is always true are here.

Rule 1: an event is possible when Asterisk could send it, however improbable: duplicates, late ones
and contradictory ones too. An id that nobody ever gave out is not possible.
Rule 2: like the driver, the world lets time pass before it hands over an event.
Rule 3: at the end the world becomes obedient. Nobody may be stuck; and when every leg is gone,
nothing of it may be left in the engine.
"""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule
from typing_extensions import override

from ekc_telephony.core.call.events import ControlLost, EndReason, EngineStopping, LegEnded
from ekc_telephony.core.call.presence import Activity
from ekc_telephony.core.engine.state import Memory, Phase
from ekc_telephony.core.engine.supervision import is_of_supervisor
from ekc_telephony.runtime.journal_codec import Opening, decode, encode_opening
from tests.core.engine.hostile_ground import MOST_CALLS, PICK
from tests.core.engine.hostile_services import HostileServices
from tests.core.office import EVERYBODY, engine, restored_engine, seconds

MOST_TOGETHER: Final = 3
"""A caller, the agent who talks to him, and a colleague."""
SAFE_PHASES: Final = (Phase.WAITING, Phase.TALKING, Phase.OUTSIDE, Phase.OVER)
"""Where a caller may be for as long as he likes."""


class HostileWorld(HostileServices):
    """All of it, with time, the connection, restarts, what is always true, and the end."""

    @rule(count=st.sampled_from([0.1, 0.3, 1, 5, 15, 20, 400]))
    def time_passes(self, count: float) -> None:
        self.now += seconds(count)
        self.let_time_pass()

    @precondition(lambda self: self.engine.next_deadline() is not None)
    @rule()
    def time_passes_until_something_is_due(self) -> None:
        due = self.engine.next_deadline()
        assert due is not None
        self.now = max(self.now, due)
        self.let_time_pass()

    @precondition(lambda self: self.is_connected)
    @rule()
    def the_connection_is_lost(self) -> None:
        self.is_connected = False
        self.tell(ControlLost())

    @precondition(lambda self: not self.is_connected)
    @rule()
    def the_connection_is_regained(self) -> None:
        self.is_connected = True
        self.tell(self.asterisk.snapshot())
        self.let_time_pass()  # what became due unseen

    @precondition(lambda self: self.is_connected and self.asterisk.alive())
    @rule(which=PICK)
    def serving_a_leg_breaks_a_session(self, which: int) -> None:
        """Pretend that our own bug was met while a key of this leg was handled."""
        self.somebody_presses_a_key(which, "A")
        self.note(self.engine.abort(self.now))

    @rule()
    def the_engine_restarts(self) -> None:
        """Give Asterisk the time to carry out what the old engine said last."""
        for leg in self.asterisk.alive():
            if leg.is_asked_to_go:
                self.asterisk.ends(leg.leg)
        for record in self.records:
            record.is_of_an_earlier_life = True
        self.now += seconds(2)  # no engine starts faster
        self.engine = engine(ready=EVERYBODY, most_calls=MOST_CALLS)
        self.memory = Memory(self.engine.state())
        self.commands.clear()
        self.dialled.clear()
        self.is_connected = True
        self.tell(self.asterisk.snapshot())
        self.let_time_pass()  # what became due unseen

    @rule(is_told=st.booleans())
    def the_engine_ends_and_another_goes_on_from_its_journal(self, *, is_told: bool) -> None:
        """Start another engine from what was written down after every step."""
        if is_told and self.is_connected:
            self.tell(EngineStopping())
            self.memory.apply(self.engine.take_changes())
        remembered = self.memory.state()
        self.now += seconds(2)
        opening = Opening(release="", life="", texts={}, state=remembered, stored_through=0)
        read_back = decode(encode_opening(opening))
        assert read_back == opening
        self.engine = restored_engine(remembered, self.now, most_calls=MOST_CALLS)
        self.memory = Memory(self.engine.state())
        self.commands.clear()  # their outcome is told to nobody
        self.is_connected = True
        self.tell(self.asterisk.snapshot())
        self.let_time_pass()  # what became due unseen

    @invariant()
    def what_was_written_down_is_what_is_known(self) -> None:
        self.memory.apply(self.engine.take_changes())
        remembered, known = self.memory.state(), self.engine.state()
        assert sorted(map(repr, remembered.sessions)) == sorted(map(repr, known.sessions))
        assert sorted(map(repr, remembered.agents)) == sorted(map(repr, known.agents))
        assert remembered.features == known.features
        assert sorted(map(repr, remembered.paces)) == sorted(map(repr, known.paces))

    @invariant()
    def what_is_waited_for_is_known(self) -> None:
        for session in self.engine.sessions.values():
            due = session.next_deadline()
            is_seen = self.engine._board.blind_since is None
            assert due is None or due > self.now or not is_seen, session.phase
        for bridge, legs in self.asterisk.bridges.items():
            others = [leg for leg in legs if not is_of_supervisor(leg)]
            assert len(others) <= MOST_TOGETHER, bridge

    @invariant()
    def who_talks_is_in_one_bridge_with_his_caller(self) -> None:
        """Whatever was asked for: nobody talks to nobody while everything is done as ordered."""
        if not self.is_obeyed:
            return
        for session in self.engine.sessions.values():
            bridge, advice = session.bridge, session.advice
            if session.phase is not Phase.TALKING or bridge is None:
                continue
            together = set(session.talking_legs())
            if advice is not None and advice.is_on_one_line and session.course.advice.is_given:
                together.discard(advice.asker_leg)
            assert together <= set(self.asterisk.bridges.get(bridge, ())), session.call

    @invariant()
    def the_indexes_agree(self) -> None:
        acd = self.engine.acd
        waiting = {
            call for call, each in self.engine.sessions.items() if each.phase is Phase.WAITING
        }
        assert set(acd._matching.waiting) == waiting
        talking = {
            call for call, each in self.engine.sessions.items() if each.phase is Phase.TALKING
        }
        assert set(acd._agents._talks) <= talking
        advising = {each.adviser: call for call, each in self.engine.sessions.items()}
        talkers = [agent for talk in acd._agents._talks.values() for agent in talk]
        assert len(talkers) == len(set(talkers)), "an agent talks to two callers"
        for call, talk in acd._agents._talks.items():
            session = self.engine.sessions[call]
            assert set(talk) <= {session.agent, session.colleague}
        for agent in acd.agents.values():
            if agent.activity is Activity.TALKING:
                is_busy = agent.agent_id in talkers or advising.get(agent.agent_id) == agent.call
                assert is_busy, agent.agent_id
        assert not {*advising} & {*talkers}, "an adviser talks to a caller"

    @override
    def teardown(self) -> None:
        if not self.is_connected:
            self.the_connection_is_regained()
        self.obey_from_now_on()
        stuck = {
            call: session.phase
            for call, session in self.engine.sessions.items()
            if session.phase not in SAFE_PHASES
        }
        assert not stuck
        # Operators who do not answer are rung again and again; some phone may just be given up.
        alive = [leg.leg for leg in self.asterisk.alive() if not leg.is_asked_to_go]
        lingering = [leg for leg in alive if leg in self.dialled]
        wanted = [leg for session in self.engine.sessions.values() for leg in session.legs()]
        assert set(lingering) <= set(wanted), "an agent's phone nobody waits for"
        self.everybody_goes_home()
        for record in self.records:
            record.check_it_is_complete()
        self.nothing_is_left()

    def obey_from_now_on(self) -> None:
        """Let everything that was asked for succeed, for a good while."""
        for _ in range(40):
            while self.asterisk.playing:
                self.prompts_end(0, was_played=True)
            while self.asterisk.recording:
                self.a_message_ends(0, length=5, silence=0)
            for leg in self.asterisk.alive():
                if leg.is_asked_to_go:
                    self.asterisk.ends(leg.leg)
                    self.tell(LegEnded(leg=leg.leg, reason=EndReason.HUNG_UP))
            self.now = max(self.now, self.engine.next_deadline() or self.now)
            self.let_time_pass()

    def everybody_goes_home(self) -> None:
        while alive := self.asterisk.alive():
            leg = min(alive, key=lambda each: each.agent is not None)  # callers first
            self.asterisk.ends(leg.leg)
            self.tell(LegEnded(leg=leg.leg, reason=EndReason.HUNG_UP))
        while (due := self.engine.next_deadline()) is not None:
            assert due - self.now < seconds(3_600)
            self.now = max(self.now, due)
            self.let_time_pass()

    def nothing_is_left(self) -> None:
        assert not self.engine.sessions
        assert not self.engine._board.session_of_leg
        assert not self.engine._board.features
        assert self.engine.next_deadline() is None
        acd = self.engine.acd
        assert not acd._matching.waiting
        assert not acd._agents._talks
        assert not acd._matching._call_of_offer
