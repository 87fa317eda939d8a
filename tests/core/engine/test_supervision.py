"""
A supervisor listens, whispers or joins; nothing that he does, or that fails for him, is felt.

Anna talks to a caller since the third second; Nina is the supervisor.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import pytest

from ekc_telephony.core.call.commands import (
    AnswerTransfer,
    Command,
    CreateBridge,
    DestroyBridge,
    DialAgent,
    HangUpLeg,
    JoinBridge,
    LeaveBridge,
    PlayPrompts,
    TapLeg,
    TransferResult,
)
from ekc_telephony.core.call.events import (
    CallArrived,
    CommandFailed,
    ControlLost,
    ControlRegained,
    EndReason,
    Event,
    KeyPressed,
    LegAnswered,
    LegEnded,
    LiveLeg,
    MoveAsked,
    PlaybackFinished,
    SupervisionAsked,
    SupervisionGivenUp,
    TransferAsked,
)
from ekc_telephony.core.call.facts import (
    CallNoted,
    Fact,
    NoteKind,
    SegmentEnded,
    SegmentKind,
    SegmentOutcome,
    SegmentStarted,
)
from ekc_telephony.core.call.supervision import SupervisionMode
from ekc_telephony.core.engine.engine import Effect, Engine
from ekc_telephony.core.engine.state import Phase
from ekc_telephony.core.engine.supervision import FAILED, RING_TIME
from ekc_telephony.core.engine.supervisor_requests import Refusal
from ekc_telephony.core.kernel.ids import AgentId, BridgeId, CallId, Did, LegId, QueueId
from tests.core.office import (
    ANNA,
    BORIS,
    FIRST,
    GERMAN,
    NOON,
    SECOND,
    URGENT,
    VERA,
    engine,
    restored_engine,
    seconds,
)

LISTEN, WHISPER, BARGE = SupervisionMode
NINA: Final = AgentId("nina")
OLEG: Final = AgentId("oleg")
CALL: Final = CallId("ekc1-1.1")
AGENTS_LEG: Final = LegId(f"{CALL}-offer-1")
TALK: Final = BridgeId(f"{CALL}-talk-1")
HIS_LEG: Final = LegId(f"{CALL}-supervisor-2")
HIS_BRIDGE: Final = BridgeId(f"{CALL}-talk-3")
TAP: Final = LegId(f"{CALL}-tap-3")


class Hall:
    """An engine in which Anna talks to a caller since the third second."""

    def __init__(self, *ready: AgentId) -> None:
        self.engine: Engine = engine(ready=[ANNA, *ready])
        self.said: list[Effect] = []
        self.tell(0, ControlRegained(legs=(), bridges=frozenset()))
        self.tell(0, CallArrived(call=CALL, did=Did("200"), number="79001234567"))
        self.tell(3, LegAnswered(leg=AGENTS_LEG))

    def tell(self, second: float, event: Event) -> list[Effect]:
        """Let an event happen, and return what followed from it."""
        self.pass_time(second)
        effects = self.engine.handle(event, _at(second))
        self.said += effects
        return effects

    def pass_time(self, second: float) -> None:
        """Let everything happen that is due until then."""
        while (due := self.engine.next_deadline()) is not None and due <= _at(second):
            self.said += self.engine.on_time(due)

    def asks(
        self, second: float, mode: SupervisionMode, *, by: AgentId = NINA, agent: AgentId = ANNA
    ) -> list[Effect]:
        """Let a supervisor ask to take part."""
        return self.tell(second, SupervisionAsked(supervisor=by, agent=agent, mode=mode))

    def takes_part(self, mode: SupervisionMode) -> list[Effect]:
        """Let Nina take part from the tenth second on."""
        self.asks(10, mode)
        told = self.tell(12, LegAnswered(leg=HIS_LEG))
        return told if mode is BARGE else told + self.tell(12, LegAnswered(leg=TAP))

    def goes(
        self, second: float, leg: LegId, reason: EndReason = EndReason.HUNG_UP
    ) -> list[Effect]:
        """Let a leg end."""
        return self.tell(second, LegEnded(leg=leg, reason=reason))

    @property
    def supervisions(self) -> list[tuple[SegmentOutcome, AgentId | None]]:
        """How supervisions ended so far, and whose they were."""
        return [
            (each.outcome, each.agent)
            for each in self.said
            if isinstance(each, SegmentEnded) and each.kind is SegmentKind.SUPERVISION
        ]

    @property
    def is_talking(self) -> bool:
        """Whether Anna still talks to her caller, in the same bridge."""
        session = self.engine.sessions[CALL]
        return session.phase is Phase.TALKING and session.bridge == TALK and session.agent == ANNA


def _at(second: float) -> datetime:
    return NOON + seconds(second)


def commands(effects: list[Effect]) -> list[Command]:
    """Return the commands among them."""
    return [each for each in effects if isinstance(each, Command)]


def facts(effects: list[Effect]) -> list[Fact]:
    """Return the facts among them."""
    return [each for each in effects if not isinstance(each, Command)]


def noted(effects: list[Effect]) -> list[tuple[NoteKind, str | None, str | None, str | None]]:
    """Return the notes among them."""
    return [
        (each.kind, each.agent, each.target, each.reason)
        for each in effects
        if isinstance(each, CallNoted)
    ]


# --- how he takes part


def test_his_phone_rings_and_shows_what_the_agents_phone_shows() -> None:
    hall = Hall()
    (dial,) = hall.asks(10, LISTEN)
    assert isinstance(dial, DialAgent)
    assert (dial.leg, dial.agent, dial.number) == (HIS_LEG, NINA, "79001234567")
    assert dial.queue_title == "Queue urgent"


@pytest.mark.parametrize("mode", [LISTEN, WHISPER])
def test_he_gets_a_bridge_and_a_tap_of_his_own(mode: SupervisionMode) -> None:
    hall = Hall()
    hall.asks(10, mode)
    answered = hall.tell(12, LegAnswered(leg=HIS_LEG))
    assert commands(answered) == [
        CreateBridge(call=CALL, bridge=HIS_BRIDGE),
        TapLeg(call=CALL, tap=TAP, leg=AGENTS_LEG, whispers=mode is WHISPER),
    ]
    (started, _) = facts(answered)
    assert isinstance(started, SegmentStarted)
    assert (started.kind, started.queue, started.agent) == (SegmentKind.SUPERVISION, URGENT, NINA)
    assert noted(answered) == [(NoteKind.SUPERVISED, NINA, ANNA, mode.value)]
    assert hall.tell(12, LegAnswered(leg=TAP)) == [
        JoinBridge(call=CALL, bridge=HIS_BRIDGE, legs=(HIS_LEG, TAP))
    ]
    assert hall.is_talking


def test_who_joins_stands_in_the_bridge_of_the_talk() -> None:
    hall = Hall()
    told = hall.takes_part(BARGE)
    assert commands(told) == [JoinBridge(call=CALL, bridge=TALK, legs=(HIS_LEG,))]
    assert noted(told) == [(NoteKind.SUPERVISED, NINA, ANNA, "barge")]


@pytest.mark.parametrize("is_by_key", [True, False])
def test_he_changes_how_he_takes_part(*, is_by_key: bool) -> None:
    hall = Hall()
    hall.takes_part(LISTEN)

    def wants(second: float, key: str, mode: SupervisionMode) -> list[Effect]:
        if is_by_key:
            return hall.tell(second, KeyPressed(leg=HIS_LEG, key=key))
        return hall.asks(second, mode)

    second_tap, second_bridge = LegId(f"{CALL}-tap-4"), BridgeId(f"{CALL}-talk-4")
    third_tap, third_bridge = LegId(f"{CALL}-tap-5"), BridgeId(f"{CALL}-talk-5")
    assert commands(wants(20, "5", WHISPER)) == [
        HangUpLeg(call=CALL, leg=TAP),
        DestroyBridge(call=CALL, bridge=HIS_BRIDGE),
        CreateBridge(call=CALL, bridge=second_bridge),
        TapLeg(call=CALL, tap=second_tap, leg=AGENTS_LEG, whispers=True),
    ]
    assert hall.goes(20.1, TAP) == []
    hall.tell(20.2, LegAnswered(leg=second_tap))
    assert commands(wants(30, "6", BARGE)) == [
        HangUpLeg(call=CALL, leg=second_tap),
        DestroyBridge(call=CALL, bridge=second_bridge),
        JoinBridge(call=CALL, bridge=TALK, legs=(HIS_LEG,)),
    ]
    assert hall.goes(30.1, second_tap) == []
    assert commands(wants(40, "4", LISTEN)) == [
        LeaveBridge(call=CALL, bridge=TALK, legs=(HIS_LEG,)),
        CreateBridge(call=CALL, bridge=third_bridge),
        TapLeg(call=CALL, tap=third_tap, leg=AGENTS_LEG, whispers=False),
    ]
    assert wants(41, "4", LISTEN) == []
    assert [each[3] for each in noted(hall.said)] == ["listen", "whisper", "barge", "listen"]


def test_other_keys_and_the_keys_of_a_phone_that_rings_do_nothing() -> None:
    hall = Hall()
    hall.asks(10, LISTEN)
    assert hall.tell(11, KeyPressed(leg=HIS_LEG, key="6")) == []
    hall.tell(12, LegAnswered(leg=HIS_LEG))
    assert hall.tell(13, KeyPressed(leg=HIS_LEG, key="1")) == []


def test_what_he_asks_for_while_his_phone_rings_holds_when_he_answers() -> None:
    hall = Hall()
    hall.asks(10, LISTEN)
    assert hall.asks(11, BARGE) == []
    told = hall.tell(12, LegAnswered(leg=HIS_LEG))
    assert commands(told) == [JoinBridge(call=CALL, bridge=TALK, legs=(HIS_LEG,))]


def test_two_supervisors_may_listen_to_one_talk() -> None:
    hall = Hall()
    hall.takes_part(LISTEN)
    (dial,) = hall.asks(20, WHISPER, by=OLEG)
    assert isinstance(dial, DialAgent)
    hall.tell(21, LegAnswered(leg=dial.leg))
    hall.goes(30, dial.leg)
    assert hall.supervisions == [(SegmentOutcome.COMPLETED, OLEG)]
    hall.goes(40, HIS_LEG)
    assert hall.supervisions[1:] == [(SegmentOutcome.COMPLETED, NINA)]
    assert hall.is_talking


# --- how it ends


@pytest.mark.parametrize("mode", SupervisionMode)
def test_when_he_hangs_up_the_talk_goes_on(mode: SupervisionMode) -> None:
    hall = Hall()
    hall.takes_part(mode)
    told = commands(hall.goes(20, HIS_LEG))
    own = [HangUpLeg(call=CALL, leg=TAP), DestroyBridge(call=CALL, bridge=HIS_BRIDGE)]
    assert told == ([] if mode is BARGE else own)
    assert hall.supervisions == [(SegmentOutcome.COMPLETED, NINA)]
    assert hall.is_talking


@pytest.mark.parametrize("mode", SupervisionMode)
def test_it_can_be_ended_for_him(mode: SupervisionMode) -> None:
    hall = Hall()
    hall.takes_part(mode)
    told = commands(hall.tell(20, SupervisionGivenUp(supervisor=NINA, agent=ANNA)))
    assert HangUpLeg(call=CALL, leg=HIS_LEG) in told
    assert DestroyBridge(call=CALL, bridge=TALK) not in told
    assert hall.goes(20.1, HIS_LEG) == []
    assert hall.is_talking


@pytest.mark.parametrize("mode", SupervisionMode)
@pytest.mark.parametrize("who", ["caller", "agent", "agent's phone", "transfer"])
def test_it_ends_with_the_talk(mode: SupervisionMode, who: str) -> None:
    hall = Hall()
    hall.takes_part(mode)
    told = {
        "caller": lambda: hall.goes(20, LegId(CALL)),
        "agent": lambda: hall.goes(20, AGENTS_LEG),
        "agent's phone": lambda: hall.goes(20, AGENTS_LEG, EndReason.FAILED),
        "transfer": lambda: hall.tell(
            20, TransferAsked(leg=AGENTS_LEG, target=FIRST, is_attended=False)
        ),
    }[who]()
    assert HangUpLeg(call=CALL, leg=HIS_LEG) in told
    if mode is not BARGE:
        assert HangUpLeg(call=CALL, leg=TAP) in told
    assert hall.supervisions == [(SegmentOutcome.COMPLETED, NINA)]
    assert not hall.engine.sessions[CALL].supervisions
    order = [each.kind for each in facts(told) if isinstance(each, SegmentEnded)]
    assert order[:2] == [SegmentKind.SUPERVISION, SegmentKind.TALK]


def test_his_phone_stops_ringing_when_the_talk_is_over_before_he_answers() -> None:
    hall = Hall()
    hall.asks(10, LISTEN)
    assert HangUpLeg(call=CALL, leg=HIS_LEG) in hall.goes(11, LegId(CALL))
    assert hall.supervisions == []


def test_his_phone_stops_ringing_after_a_while() -> None:
    hall = Hall()
    hall.asks(10, LISTEN)
    hall.pass_time(10 + RING_TIME.total_seconds())
    assert hall.said[-1] == HangUpLeg(call=CALL, leg=HIS_LEG)
    assert hall.is_talking
    assert noted(hall.said) == []


@pytest.mark.parametrize("reason", [EndReason.BUSY, EndReason.UNREACHABLE])
def test_a_supervisor_who_does_not_answer_leaves_nothing_behind(reason: EndReason) -> None:
    hall = Hall()
    hall.asks(10, LISTEN)
    assert hall.goes(11, HIS_LEG, reason) == []
    assert hall.is_talking
    assert not hall.engine.sessions[CALL].supervisions


def test_a_phone_that_cannot_be_dialled_leaves_nothing_behind() -> None:
    hall = Hall()
    (dial,) = hall.asks(10, LISTEN)
    assert isinstance(dial, DialAgent)
    assert hall.tell(11, CommandFailed(command=dial, is_gone=False, detail="500")) == []
    assert hall.is_talking
    assert not hall.engine.sessions[CALL].supervisions


def test_a_phone_that_hangs_up_on_its_caller_presses_transfer_in_vain() -> None:
    hall = Hall()
    hall.takes_part(BARGE)
    assert hall.tell(20, TransferAsked(leg=HIS_LEG, target=FIRST, is_attended=False)) == [
        AnswerTransfer(call=CallId(HIS_LEG), leg=HIS_LEG, result=TransferResult.DECLINED)
    ]
    assert hall.is_talking


# --- what goes wrong


@pytest.mark.parametrize("mode", SupervisionMode)
def test_who_cannot_be_let_in_hears_why_and_the_talk_goes_on(mode: SupervisionMode) -> None:
    hall = Hall()
    order = commands(hall.takes_part(mode))[0 if mode is BARGE else 1]
    assert isinstance(order, JoinBridge | TapLeg)
    told = hall.tell(20, CommandFailed(command=order, is_gone=False, detail="500"))
    (play,) = [each for each in told if isinstance(each, PlayPrompts)]
    assert (play.leg, play.prompts) == (HIS_LEG, FAILED)
    assert hall.supervisions == [(SegmentOutcome.BROKEN, NINA)]
    heard = PlaybackFinished(playback=play.playback, leg=HIS_LEG, was_played=True)
    assert hall.tell(23, heard) == [HangUpLeg(call=CALL, leg=HIS_LEG)]
    assert hall.goes(23.1, HIS_LEG) == []
    assert hall.is_talking


@pytest.mark.parametrize("number", [0, 2])
def test_a_bridge_of_his_own_that_fails_is_no_trouble_of_the_talks(number: int) -> None:
    hall = Hall()
    order = commands(hall.takes_part(LISTEN))[number]
    assert isinstance(order, CreateBridge | JoinBridge)
    told = hall.tell(20, CommandFailed(command=order, is_gone=False, detail="500"))
    assert PlayPrompts in map(type, told)
    assert hall.is_talking


def test_who_cannot_be_taken_out_of_the_talk_is_hung_up_on_rather_than_heard() -> None:
    hall = Hall()
    hall.takes_part(BARGE)
    (leave, *_) = hall.tell(20, KeyPressed(leg=HIS_LEG, key="4"))
    assert isinstance(leave, LeaveBridge)
    told = hall.tell(21, CommandFailed(command=leave, is_gone=False, detail="500"))
    assert HangUpLeg(call=CALL, leg=HIS_LEG) in told
    assert hall.is_talking


def test_a_failure_told_when_he_has_left_is_no_trouble_of_the_talks() -> None:
    hall = Hall()
    (join,) = commands(hall.takes_part(BARGE))
    hall.goes(20, HIS_LEG)
    assert hall.tell(21, CommandFailed(command=join, is_gone=False, detail="500")) == []
    assert hall.is_talking


def test_a_reason_that_cannot_be_played_is_no_reason_to_stay() -> None:
    hall = Hall()
    (join,) = commands(hall.takes_part(BARGE))
    hall.tell(20, CommandFailed(command=join, is_gone=False, detail="500"))
    hall.pass_time(60)
    assert hall.said[-1] == HangUpLeg(call=CALL, leg=HIS_LEG)


# --- blindness and restart


def live(
    leg: LegId, *, bridge: str | None, agent: AgentId | None, did: str | None = None
) -> LiveLeg:
    """Return a leg as Asterisk shows it."""
    return LiveLeg(
        leg=leg,
        did=None if did is None else Did(did),
        agent=agent,
        number=None,
        is_answered=True,
        bridge=None if bridge is None else BridgeId(bridge),
        created_at=NOON,
    )


def what_asterisk_holds(mode: SupervisionMode) -> ControlRegained:
    """Return the talk with its supervisor, as Asterisk shows it."""
    his = [live(HIS_LEG, bridge=TALK if mode is BARGE else HIS_BRIDGE, agent=NINA)]
    if mode is not BARGE:
        his.append(live(TAP, bridge=HIS_BRIDGE, agent=None))
    talk = [
        live(LegId(CALL), bridge=TALK, agent=None, did="200"),
        live(AGENTS_LEG, bridge=TALK, agent=ANNA),
    ]
    bridges = {TALK} if mode is BARGE else {TALK, HIS_BRIDGE}
    # The supervisor's leg after the agent's: the last one of a bridge must not count as its agent.
    return ControlRegained(legs=(*talk, *his), bridges=frozenset(bridges))


@pytest.mark.parametrize("mode", SupervisionMode)
@pytest.mark.parametrize("knows", ["everything", "its journal", "nothing"])
def test_after_blindness_or_a_restart_the_talk_goes_on_without_him(
    mode: SupervisionMode, knows: str
) -> None:
    hall = Hall()
    hall.takes_part(mode)
    if knows == "everything":
        hall.tell(20, ControlLost())
    else:
        state = hall.engine.state()
        is_known = knows == "its journal"
        hall.engine = restored_engine(state, _at(20)) if is_known else engine(ready=[ANNA])
    told = hall.tell(22, what_asterisk_holds(mode))
    assert {each.leg for each in told if isinstance(each, HangUpLeg)} == (
        {HIS_LEG} if mode is BARGE else {HIS_LEG, TAP}
    )
    assert {each.bridge for each in told if isinstance(each, DestroyBridge)} == (
        set() if mode is BARGE else {HIS_BRIDGE}
    )
    assert hall.is_talking
    session = hall.engine.sessions[CALL]
    assert not session.supervisions
    assert session.legs() == [CALL, AGENTS_LEG]
    assert hall.supervisions == ([] if knows == "nothing" else [(SegmentOutcome.COMPLETED, NINA)])


def test_whoever_asks_while_nobody_sees_asterisk_is_told_so() -> None:
    hall = Hall()
    hall.tell(20, ControlLost())
    asked = SupervisionAsked(supervisor=NINA, agent=ANNA, mode=LISTEN)
    assert hall.engine.refusal(asked) is Refusal.BLIND
    assert hall.tell(21, asked) == []


# --- who may not


def test_an_agent_who_talks_to_nobody_has_no_talk_to_listen_to() -> None:
    hall = Hall(BORIS)
    asked = SupervisionAsked(supervisor=NINA, agent=BORIS, mode=LISTEN)
    assert hall.engine.refusal(asked) is Refusal.NOT_TALKING
    assert hall.tell(10, asked) == []


def test_a_supervisor_listens_to_one_talk_at_a_time() -> None:
    hall = Hall(BORIS)
    other = CallId("ekc1-1.7")
    hall.tell(4, CallArrived(call=other, did=Did("200"), number=None))
    hall.tell(6, LegAnswered(leg=LegId(f"{other}-offer-1")))
    hall.takes_part(LISTEN)
    asked = SupervisionAsked(supervisor=NINA, agent=BORIS, mode=LISTEN)
    assert hall.engine.refusal(asked) is Refusal.SUPERVISES_ANOTHER
    given_up = SupervisionGivenUp(supervisor=NINA, agent=BORIS)
    assert hall.engine.refusal(given_up) is Refusal.NOT_SUPERVISED
    assert hall.tell(20, asked) + hall.tell(20, given_up) == []


# --- moving a caller who waits


class Line:
    """Callers who wait in «urgent», and who may take them."""

    def __init__(self, *ready: AgentId) -> None:
        self.engine = engine(ready=ready)
        self.said: list[Effect] = []
        self.tell(0, ControlRegained(legs=(), bridges=frozenset()))

    def tell(self, second: float, event: Event) -> list[Effect]:
        """Let an event happen, and return what followed from it."""
        effects = [*self.engine.on_time(_at(second)), *self.engine.handle(event, _at(second))]
        self.said += effects
        return effects

    def joins(self, number: int, second: float) -> CallId:
        """Let a caller wait in «urgent»."""
        call = CallId(f"ekc1-1.{number}")
        self.tell(second, CallArrived(call=call, did=Did("200"), number=None))
        return call

    def moves(
        self, second: float, call: CallId, queue: QueueId, *, raised: int = 0
    ) -> list[Effect]:
        """Let a supervisor move a caller."""
        moved = MoveAsked(call=call, queue=queue, by="nina", raise_priority=raised)
        return self.tell(second, moved)

    def why_not(self, call: CallId, queue: QueueId, *, raised: int = 0) -> Refusal | None:
        """Return why a caller cannot be moved."""
        moved = MoveAsked(call=call, queue=queue, by="nina", raise_priority=raised)
        return self.engine.refusal(moved)


def test_a_waiting_caller_is_moved_and_is_as_old_as_he_was() -> None:
    line = Line()
    olga = line.joins(1, 0)
    told = line.moves(60, olga, GERMAN)
    noticed, ended, started = facts(told)
    assert noted([noticed]) == [(NoteKind.MOVED, "nina", GERMAN, None)]
    assert isinstance(ended, SegmentEnded)
    assert (ended.kind, ended.outcome, ended.queue) == (
        SegmentKind.WAITING,
        SegmentOutcome.MOVED,
        URGENT,
    )
    assert isinstance(started, SegmentStarted)
    assert (started.kind, started.queue) == (SegmentKind.WAITING, GERMAN)
    assert line.engine.sessions[olga].queue == GERMAN
    place = line.engine.acd.place(olga)
    assert place is not None
    assert (place.queue, place.joined_at, place.entered_at) == (GERMAN, NOON, _at(60))


def test_who_is_moved_to_where_somebody_is_free_is_offered_at_once() -> None:
    line = Line(VERA)
    olga = line.joins(1, 0)
    (dial,) = commands(line.moves(60, olga, SECOND))
    assert isinstance(dial, DialAgent)
    assert dial.agent == VERA


def test_a_raised_priority_brings_a_caller_before_older_ones() -> None:
    line = Line()
    first, second = line.joins(1, 0), line.joins(2, 30)
    assert line.engine.acd.position(second) == 2
    (noticed,) = line.moves(60, second, URGENT, raised=1)
    assert noted([noticed]) == [(NoteKind.MOVED, "nina", URGENT, None)]
    assert line.engine.acd.position(second) == 1
    assert line.engine.acd.position(first) == 2
    remembered = {each.call: each.place for each in line.engine.take_changes().sessions}[second]
    assert remembered is not None
    assert remembered.priority == 1


def test_why_a_caller_cannot_be_moved() -> None:
    line = Line(ANNA)
    offered, waits = line.joins(1, 0), line.joins(2, 1)
    assert line.why_not(offered, GERMAN) is Refusal.IS_OFFERED
    assert line.why_not(CallId("nobody"), GERMAN) is Refusal.NOT_WAITING
    assert line.why_not(waits, QueueId("no such")) is Refusal.QUEUE_UNKNOWN
    assert line.why_not(waits, URGENT) is Refusal.STANDS_THERE
    assert line.why_not(waits, SECOND) is Refusal.NOBODY_THERE
    assert line.why_not(waits, GERMAN) is None
    assert line.moves(2, offered, GERMAN) + line.moves(2, waits, SECOND) == []
    line.tell(3, LegAnswered(leg=LegId(f"{offered}-offer-1")))
    assert line.why_not(offered, GERMAN) is Refusal.NOT_WAITING
