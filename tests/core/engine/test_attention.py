"""A silence is told once, of whoever is silent, and only while he is expected to speak."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ekc_telephony.core.call.commands import DialAgent, ShowText, WatchSpeech
from ekc_telephony.core.call.events import (
    ControlLost,
    ControlRegained,
    HoldBegan,
    HoldEnded,
    LegAnswered,
    SpeechBegan,
    SpeechEnded,
    SupervisionAsked,
    TransferMode,
    TransferOrdered,
)
from ekc_telephony.core.call.facts import CallNoted, NoteKind
from ekc_telephony.core.call.supervision import SupervisionMode
from ekc_telephony.core.engine.engine import Effect
from ekc_telephony.core.engine.wallboard import AgentLine, wallboard_of
from ekc_telephony.core.kernel.ids import AgentId, BridgeId, Did, LegId
from tests.core.engine.hall import ADVICE, CALL, OWN, TALK, Hall, at, live
from tests.core.office import ANNA, BORIS, seconds

MINUTE: Final = 60.0
CALLER: Final = LegId(CALL)
BOSS: Final = AgentId("nina")
BRIDGE: Final = BridgeId(f"{CALL}-talk-1")
SILENCES: Final = {NoteKind.SILENT: CALLER, NoteKind.AGENT_SILENT: TALK}


def watched_hall() -> Hall:
    return Hall(BORIS, silence_after=seconds(MINUTE))


def silences(said: Iterable[Effect], kind: NoteKind) -> list[tuple[AgentId | None, float]]:
    """Return in whose talk, and at which second, such silences were noted."""
    return [
        (each.agent, (each.at - at(0)).total_seconds())
        for each in said
        if isinstance(each, CallNoted) and each.kind is kind
    ]


def watched(said: Iterable[Effect]) -> list[LegId]:
    return [each.leg for each in said if isinstance(each, WatchSpeech)]


def texts(said: Iterable[Effect]) -> list[tuple[AgentId, str]]:
    return [(each.agent, each.text) for each in said if isinstance(each, ShowText)]


def shown(hall: Hall, agent: AgentId, second: float) -> AgentLine:
    """Return the agent's line of the wallboard."""
    lines = wallboard_of(hall.engine, at(second)).agents
    return next(each for each in lines if each.agent == agent)


def sees_again(hall: Hall, second: float) -> list[Effect]:
    """Lose Asterisk for a moment in which nothing happens."""
    hall.tell(second, ControlLost())
    legs = (live(CALLER, BRIDGE, did=Did("200")), live(TALK, BRIDGE, agent=ANNA))
    return hall.tell(second, ControlRegained(legs=legs, bridges=frozenset({BRIDGE})))


def test_nobody_is_watched_where_the_queue_does_not_ask_for_it() -> None:
    hall = Hall(BORIS)
    hall.pass_time(300)
    assert watched(hall.said) == []
    assert texts(hall.said) == []


def test_both_are_watched_from_the_beginning_of_the_talk_and_each_is_told_of_apart() -> None:
    hall = watched_hall()
    assert watched(hall.said) == [CALLER, TALK]
    hall.tell(40, SpeechBegan(leg=TALK))
    hall.tell(50, SpeechEnded(leg=TALK))
    hall.pass_time(109)
    assert silences(hall.said, NoteKind.SILENT) == [(ANNA, 63)]
    assert silences(hall.said, NoteKind.AGENT_SILENT) == []
    hall.pass_time(300)
    assert silences(hall.said, NoteKind.SILENT) == [(ANNA, 63)]
    assert silences(hall.said, NoteKind.AGENT_SILENT) == [(ANNA, 110)]
    assert texts(hall.said) == [
        (ANNA, "Гражданин молчит больше минуты"),
        (ANNA, "Вас не слышно больше минуты"),
    ]


def test_who_is_not_heard_is_shown_until_he_speaks() -> None:
    hall = watched_hall()
    hall.tell(5, SpeechBegan(leg=CALLER))
    hall.pass_time(63)
    assert (shown(hall, ANNA, 64).is_silent, shown(hall, ANNA, 64).is_caller_silent) == (
        True,
        False,
    )
    hall.tell(70, SpeechBegan(leg=TALK))
    assert not shown(hall, ANNA, 70).is_silent


def test_what_is_shown_tells_how_long_it_is_unless_that_is_a_minute() -> None:
    hall = Hall(silence_after=seconds(22))
    hall.pass_time(30)
    assert texts(hall.said)[1] == (ANNA, "Вас не слышно больше 22 секунд")


def test_an_operator_need_not_speak_while_he_asks_a_colleague() -> None:
    hall = watched_hall()
    hall.consults(20)
    hall.pass_time(100)
    assert silences(hall.said, NoteKind.AGENT_SILENT) == []
    hall.goes(110, ADVICE)
    hall.pass_time(300)
    assert silences(hall.said, NoteKind.AGENT_SILENT) == [(ANNA, 170)]


def test_nobody_is_silent_while_a_colleague_advises_on_the_line_of_the_talk() -> None:
    hall = watched_hall()
    order = TransferOrdered(agent=ANNA, mode=TransferMode.CONSULT, target="boris", reason=None)
    hall.tell(20, order)
    hall.tell(20, LegAnswered(leg=ADVICE))
    assert hall.tell(30, HoldBegan(leg=TALK)) == []
    hall.pass_time(300)
    assert texts(hall.said) == []
    hall.goes(310, ADVICE)
    hall.pass_time(400)
    assert silences(hall.said, NoteKind.SILENT) == [(ANNA, 370)]
    assert silences(hall.said, NoteKind.AGENT_SILENT) == [(ANNA, 370)]


def test_a_conference_has_no_silent_operators_and_whoever_is_left_is_watched() -> None:
    hall = watched_hall()
    hall.consults(20)
    hall.types(40, "*73", on=OWN)
    hall.pass_time(140)
    assert silences(hall.said, NoteKind.SILENT) == [(ANNA, 100)]
    assert silences(hall.said, NoteKind.AGENT_SILENT) == []
    assert watched(hall.goes(150, OWN)) == [ADVICE]
    hall.tell(160, SpeechBegan(leg=ADVICE))
    hall.tell(161, SpeechEnded(leg=ADVICE))
    hall.pass_time(400)
    assert silences(hall.said, NoteKind.AGENT_SILENT) == [(BORIS, 221)]


def joins(hall: Hall, second: float) -> LegId:
    """Let a supervisor join the talk, and return his leg."""
    asked = SupervisionAsked(supervisor=BOSS, agent=ANNA, mode=SupervisionMode.BARGE)
    (dial,) = (each for each in hall.tell(second, asked) if isinstance(each, DialAgent))
    hall.tell(second, LegAnswered(leg=dial.leg))
    return dial.leg


def test_nobody_is_silent_while_a_supervisor_has_joined_the_talk() -> None:
    hall = watched_hall()
    leg = joins(hall, 20)
    hall.pass_time(300)
    assert texts(hall.said) == []
    hall.goes(300, leg)
    hall.pass_time(359)
    assert texts(hall.said) == []
    hall.pass_time(360)
    assert silences(hall.said, NoteKind.SILENT) == [(ANNA, 360)]
    assert silences(hall.said, NoteKind.AGENT_SILENT) == [(ANNA, 360)]


@pytest.mark.parametrize("mode", [SupervisionMode.LISTEN, SupervisionMode.WHISPER])
def test_a_supervisor_whom_the_caller_does_not_hear_takes_nobodys_place(
    mode: SupervisionMode,
) -> None:
    hall = watched_hall()
    joins(hall, 20)
    hall.tell(40, SupervisionAsked(supervisor=BOSS, agent=ANNA, mode=mode))
    hall.pass_time(300)
    assert silences(hall.said, NoteKind.AGENT_SILENT) == [(ANNA, 100)]


def test_a_supervisor_whose_phone_still_rings_takes_nobodys_place() -> None:
    hall = watched_hall()
    hall.tell(55, SupervisionAsked(supervisor=BOSS, agent=ANNA, mode=SupervisionMode.BARGE))
    hall.pass_time(63)
    assert silences(hall.said, NoteKind.AGENT_SILENT) == [(ANNA, 63)]


def test_the_caller_of_a_conference_is_not_silent_for_the_time_in_which_he_was_on_hold() -> None:
    hall = watched_hall()
    hall.tell(4, SpeechBegan(leg=CALLER))
    hall.tell(10, SpeechEnded(leg=CALLER))
    hall.consults(20)
    hall.tell(20, HoldBegan(leg=TALK))
    hall.types(100, "*73", on=OWN)
    hall.pass_time(159)
    assert silences(hall.said, NoteKind.SILENT) == []
    hall.pass_time(160)
    assert silences(hall.said, NoteKind.SILENT) == [(ANNA, 160)]


def test_whoever_takes_the_caller_over_is_watched_and_the_one_before_no_more() -> None:
    hall = watched_hall()
    hall.consults(20)
    assert watched(hall.hands_over(30)) == [ADVICE]
    hall.tell(80, SpeechBegan(leg=TALK))
    hall.pass_time(89)
    assert silences(hall.said, NoteKind.AGENT_SILENT) == []
    hall.pass_time(90)
    assert silences(hall.said, NoteKind.AGENT_SILENT) == [(BORIS, 90)]
    assert shown(hall, BORIS, 91).is_silent


@pytest.mark.parametrize("kind", SILENCES)
def test_an_engine_that_was_blind_orders_the_watch_again_and_counts_from_then(
    kind: NoteKind,
) -> None:
    hall = watched_hall()
    hall.tell(10, SpeechBegan(leg=SILENCES[kind]))
    assert watched(sees_again(hall, 30)) == [CALLER, TALK]
    hall.pass_time(89)
    assert silences(hall.said, kind) == []
    hall.pass_time(90)
    assert silences(hall.said, kind) == [(ANNA, 90)]


class Silences(RuleBasedStateMachine):
    """Two people talk or do not; each silence of a minute is noted once, when it is a minute."""

    @initialize()
    def they_talk(self) -> None:
        self.hall = watched_hall()
        self.second = 3.0
        self.quiet_since = dict.fromkeys(SILENCES, 3.0)
        self.speaking: set[NoteKind] = set()
        self.told: set[NoteKind] = set()
        self.expected: dict[NoteKind, list[tuple[AgentId | None, float]]] = {
            kind: [] for kind in SILENCES
        }
        self.is_held = False
        self.supervisor: LegId | None = None

    @rule(kind=st.sampled_from(sorted(SILENCES, key=str)))
    def somebody_speaks(self, kind: NoteKind) -> None:
        self.hall.tell(self.second, SpeechBegan(leg=SILENCES[kind]))
        self.speaking.add(kind)
        self.told.discard(kind)

    @rule(kind=st.sampled_from(sorted(SILENCES, key=str)))
    def somebody_falls_silent(self, kind: NoteKind) -> None:
        self.hall.tell(self.second, SpeechEnded(leg=SILENCES[kind]))
        self.speaking.discard(kind)
        self.quiet_since[kind] = self.second

    @rule()
    def the_agent_holds(self) -> None:
        self.hall.tell(self.second, HoldBegan(leg=TALK))
        self.is_held = True

    @precondition(lambda self: self.is_held)
    @rule()
    def the_agent_resumes(self) -> None:
        self.hall.tell(self.second, HoldEnded(leg=TALK))
        self.is_held = False
        self.quiet_since = dict.fromkeys(SILENCES, self.second)

    @precondition(lambda self: self.supervisor is None)
    @rule()
    def a_supervisor_joins(self) -> None:
        self.supervisor = joins(self.hall, self.second)

    @precondition(lambda self: self.supervisor is not None)
    @rule()
    def the_supervisor_leaves(self) -> None:
        assert self.supervisor is not None
        self.hall.goes(self.second, self.supervisor)
        self.supervisor = None
        self.quiet_since = dict.fromkeys(SILENCES, self.second)

    @rule()
    def we_are_blind_for_a_moment(self) -> None:
        sees_again(self.hall, self.second)
        self.supervisor = None
        self.speaking, self.told = set(), set()
        self.quiet_since = dict.fromkeys(SILENCES, self.second)

    @rule(count=st.sampled_from([1.0, 20.0, 45.0, 200.0]))
    def time_passes(self, count: float) -> None:
        self.second += count
        self.hall.pass_time(self.second)
        for kind in SILENCES.keys() - self.speaking - self.told:
            due = self.quiet_since[kind] + MINUTE
            nobody_listens = self.is_held or self.supervisor is not None
            if not nobody_listens and due <= self.second:
                self.expected[kind].append((ANNA, due))
                self.told.add(kind)

    @invariant()
    def every_silence_is_noted_once_and_in_time(self) -> None:
        for kind, expected in self.expected.items():
            assert silences(self.hall.said, kind) == expected

    @invariant()
    def the_phone_shows_one_line_for_each(self) -> None:
        assert len(texts(self.hall.said)) == sum(map(len, self.expected.values()))


TestSilences = Silences.TestCase
