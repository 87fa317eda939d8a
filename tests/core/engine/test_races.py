"""
Small scenarios for the corners: what came too late, twice, or never.

Each of these was found by the hostile world, or is too improbable for it to find often.
"""

from __future__ import annotations

from dataclasses import replace

from ekc_telephony.core.call.commands import (
    CreateBridge,
    DestroyBridge,
    DialAgent,
    HangUpCause,
    HangUpLeg,
    JoinBridge,
    PlayPrompts,
    SendToFallback,
    StartMusic,
    StartRecording,
    StopMusic,
    StopPlayback,
)
from ekc_telephony.core.call.events import (
    CallArrived,
    CommandFailed,
    ControlLost,
    ControlRegained,
    Ended,
    EndReason,
    EngineStopping,
    Event,
    FeatureDialled,
    KeyPressed,
    LegAnswered,
    LegEnded,
    LiveLeg,
    PhoneLost,
    PhonesElsewhere,
    PlaybackFinished,
    PresenceDeclared,
    RecordingEnded,
    RecordingFailed,
)
from ekc_telephony.core.call.facts import (
    CallbackDue,
    CallbackReason,
    CallDisturbed,
    CallEnded,
    CallFact,
    CallOutcome,
    Disturbance,
    PromptsNotHeard,
    RecordingLost,
    SegmentEnded,
    SegmentKind,
    SegmentOutcome,
)
from ekc_telephony.core.call.presence import Activity, Presence
from ekc_telephony.core.engine.ear import PLAYBACK_LIMIT
from ekc_telephony.core.engine.engine import Effect
from ekc_telephony.core.engine.state import Phase
from ekc_telephony.core.kernel.ids import (
    AgentId,
    BridgeId,
    CallId,
    Did,
    LegId,
    PlaybackId,
    RecordingId,
)
from tests.core.office import ANNA, BORIS, EVERYBODY, NOON, VERA, engine, seconds

OLGA = CallId("olga")
OLGAS_LEG = LegId("olga")
FIRST_OFFER, SECOND_OFFER = LegId("olga-offer-1"), LegId("olga-offer-2")
BRIDGE = BridgeId("olga-talk-1")
HANG_UP_ON_OLGA = HangUpLeg(call=OLGA, leg=OLGAS_LEG)


class World:
    """The office's engine and a clock."""

    def __init__(self, *ready: AgentId) -> None:
        self.engine = engine(ready=ready)
        self.now = NOON
        self.said: list[Effect] = []

    def hears(self, event: Event) -> list[Effect]:
        self.said = self.engine.on_time(self.now) + self.engine.handle(event, self.now)
        return self.said

    def waits(self, count: float) -> list[Effect]:
        self.now += seconds(count)
        self.said = self.engine.on_time(self.now)
        return self.said

    def olga_calls(self, did: str = "200") -> None:
        self.hears(CallArrived(call=OLGA, did=Did(did), number=None))

    def outcome(self) -> CallOutcome:
        (ended,) = [each for each in self.said if isinstance(each, CallEnded)]
        return ended.outcome

    def activity(self, agent: AgentId) -> Activity:
        return self.engine.acd.agents[agent].activity


def ended(leg: LegId, reason: EndReason = EndReason.HUNG_UP) -> LegEnded:
    return LegEnded(leg=leg, reason=reason)


def talking() -> World:
    """Return a world where Olga talks to Anna."""
    world = World(ANNA)
    world.olga_calls()
    world.hears(LegAnswered(leg=FIRST_OFFER))
    return world


def live(leg: LegId, **known: object) -> LiveLeg:
    """Return a caller's leg of number 200 unless more is known."""
    told: dict[str, object] = {
        "did": Did("200"),
        "agent": None,
        "number": None,
        "is_answered": True,
        "bridge": None,
        "created_at": NOON,
    }
    return LiveLeg(leg=leg, **(told | known))  # type: ignore[arg-type]  # fields named by the tests


def regained(*legs: LiveLeg, bridges: tuple[BridgeId, ...] = ()) -> ControlRegained:
    return ControlRegained(legs=legs, bridges=frozenset(bridges))


# --- told twice, told late


def test_an_arrival_told_twice_is_one_call() -> None:
    world = World()
    world.olga_calls()
    world.olga_calls()
    assert world.said == []


def test_that_the_agent_answered_may_be_told_twice() -> None:
    world = talking()
    assert world.hears(LegAnswered(leg=FIRST_OFFER)) == []


def test_a_recording_that_ends_in_the_middle_of_the_talk_is_lost_and_said_so_once() -> None:
    world = talking()
    recording = RecordingId(f"{OLGA}-talk-1")
    lost = world.hears(RecordingEnded(recording=recording))
    assert [type(each) for each in lost] == [RecordingLost]
    assert world.hears(RecordingEnded(recording=recording)) == []


def test_a_recording_that_ends_after_the_talk_is_complete() -> None:
    world = talking()
    world.hears(LegEnded(leg=OLGAS_LEG, reason=EndReason.HUNG_UP))
    assert world.hears(RecordingEnded(recording=RecordingId(f"{OLGA}-talk-1"))) == []
    assert world.hears(RecordingEnded(recording=RecordingId("stranger-talk-1"))) == []


def test_that_the_caller_is_answered_now_is_no_news() -> None:
    assert talking().hears(LegAnswered(leg=OLGAS_LEG)) == []


def test_a_leg_nobody_knows_is_hung_up_when_it_is_answered_and_ignored_otherwise() -> None:
    world = World()
    stranger = LegId("stranger")
    assert world.hears(LegAnswered(leg=stranger)) == [
        HangUpLeg(call=CallId("stranger"), leg=stranger)
    ]
    assert world.hears(ended(stranger)) == []
    assert world.hears(KeyPressed(leg=stranger, key="1")) == []
    assert (
        world.hears(PlaybackFinished(playback=PlaybackId("p"), leg=stranger, was_played=True)) == []
    )
    assert world.hears(RecordingFailed(recording=RecordingId("x-talk-1"), cause="?")) == []


def test_an_agent_whose_offer_lapsed_is_let_go_when_he_picks_up_all_the_same() -> None:
    world = World(ANNA, BORIS)
    world.olga_calls()
    world.waits(20)
    assert world.hears(LegAnswered(leg=FIRST_OFFER)) == [HangUpLeg(call=OLGA, leg=FIRST_OFFER)]
    assert world.hears(ended(FIRST_OFFER)) == []


def test_an_agents_keys_mean_nothing() -> None:
    assert talking().hears(KeyPressed(leg=FIRST_OFFER, key="1")) == []


def test_facts_come_out_in_the_order_of_their_numbers() -> None:
    world = talking()
    world.hears(ended(OLGAS_LEG))
    numbers = [each.sequence for each in world.said if isinstance(each, CallFact)]
    assert numbers == sorted(numbers)


def test_a_script_may_end_without_a_word() -> None:
    world = World()
    world.olga_calls("400")
    assert world.said[-1] == HANG_UP_ON_OLGA
    world.hears(ended(OLGAS_LEG))
    assert world.outcome() is CallOutcome.SELF_SERVED


# --- commands that fail


def failed(command: DialAgent | HangUpLeg | PlayPrompts | CreateBridge | JoinBridge) -> Event:
    return CommandFailed(command=command, is_gone=False, detail="500")


def test_a_hangup_that_fails_because_the_leg_is_gone_proves_that_it_is_gone() -> None:
    world = World()
    world.olga_calls()
    world.waits(10)
    world.hears(CommandFailed(command=HANG_UP_ON_OLGA, is_gone=True, detail="404"))
    assert world.outcome() is CallOutcome.ABANDONED_IN_QUEUE
    assert not world.engine.sessions


def test_a_prompt_that_cannot_be_played_is_reported_and_passed_over() -> None:
    world = World()
    world.olga_calls("100")
    (play,) = [each for each in world.said if isinstance(each, PlayPrompts)]
    assert world.hears(failed(play)) == []
    world.waits(0.3)
    assert [each.prompts for each in world.said if isinstance(each, PromptsNotHeard)] == [
        ("greeting",)
    ]


def test_a_bridge_that_cannot_be_made_does_not_leave_two_people_in_silence() -> None:
    world = talking()
    world.hears(failed(CreateBridge(call=OLGA, bridge=BRIDGE)))
    assert HangUpLeg(call=OLGA, leg=OLGAS_LEG, cause=HangUpCause.TROUBLE) in world.said
    assert HangUpLeg(call=OLGA, leg=FIRST_OFFER) in world.said
    join = JoinBridge(call=OLGA, bridge=BRIDGE, legs=(OLGAS_LEG, FIRST_OFFER))
    assert world.hears(failed(join)) == []
    world.hears(ended(OLGAS_LEG))
    assert world.outcome() is CallOutcome.TECHNICAL_FAILURE


def test_a_join_that_fails_because_somebody_hung_up_waits_for_the_hangup() -> None:
    world = talking()
    join = JoinBridge(call=OLGA, bridge=BRIDGE, legs=(OLGAS_LEG, FIRST_OFFER))
    assert world.hears(CommandFailed(command=join, is_gone=True, detail="404")) == []


def test_a_recording_that_cannot_be_started_is_reported() -> None:
    world = talking()
    (record,) = [each for each in world.said if isinstance(each, StartRecording)]
    world.hears(CommandFailed(command=record, is_gone=False, detail="disk full"))
    assert len(world.said) == 1


def test_a_failure_that_changes_nothing_changes_nothing() -> None:
    world = talking()
    music = StartMusic(call=OLGA, leg=OLGAS_LEG)
    assert world.hears(CommandFailed(command=music, is_gone=False, detail="500")) == []
    other = StartMusic(call=CallId("nobody"), leg=LegId("nobody"))
    assert world.hears(CommandFailed(command=other, is_gone=False, detail="500")) == []


def test_prompts_whose_end_is_never_told_count_as_over_in_the_end() -> None:
    world = World()
    world.olga_calls("100")
    world.waits(PLAYBACK_LIMIT.total_seconds())
    assert any(isinstance(each, PromptsNotHeard) for each in world.said)
    assert any(isinstance(each, PlayPrompts) for each in world.said)


# --- operators


def test_a_confirmation_that_cannot_be_played_ends_the_operators_call() -> None:
    world = World()
    leg = LegId("code")
    world.hears(FeatureDialled(leg=leg, agent=ANNA, code="*45"))
    (play,) = [each for each in world.said if isinstance(each, PlayPrompts)]
    assert world.hears(failed(play)) == [HangUpLeg(call=CallId("code"), leg=leg)]


def test_somebody_who_is_no_operator_cannot_declare_anything() -> None:
    world = World()
    nobody, leg = AgentId("nobody"), LegId("code")
    assert world.hears(FeatureDialled(leg=leg, agent=nobody, code="*45")) == [
        HangUpLeg(call=CallId("code"), leg=leg, cause=HangUpCause.UNKNOWN_NUMBER)
    ]
    assert world.hears(PresenceDeclared(agent=nobody, presence=Presence.READY)) == []
    assert world.hears(PhoneLost(agent=nobody)) == []


def test_signing_out_by_code_takes_the_operator_out() -> None:
    world = World(ANNA)
    world.hears(FeatureDialled(leg=LegId("code"), agent=ANNA, code="*47"))
    assert world.engine.acd.agents[ANNA].presence is Presence.SIGNED_OUT


# --- the connection


def test_a_hangup_that_was_lost_with_the_connection_is_asked_for_again() -> None:
    world = talking()
    world.hears(ended(FIRST_OFFER))
    world.hears(ControlLost())
    assert not world.engine.is_connected
    world.hears(regained(live(OLGAS_LEG)))
    assert HANG_UP_ON_OLGA in world.said
    assert world.engine.is_connected


def test_an_agents_phone_that_rings_for_nobody_any_more_is_hung_up_again() -> None:
    world = World(ANNA)
    world.olga_calls()
    world.hears(ControlLost())
    world.waits(20)
    ringing = live(FIRST_OFFER, did=None, agent=ANNA, is_answered=False)
    world.hears(regained(live(OLGAS_LEG), ringing))
    world.waits(0)
    hung_up = [each.leg for each in world.said if isinstance(each, HangUpLeg)]
    assert hung_up == [FIRST_OFFER]


def test_prompts_that_may_have_ended_unseen_are_said_again() -> None:
    world = World()
    world.olga_calls("100")
    world.hears(ControlLost())
    world.hears(regained(live(OLGAS_LEG, did=Did("100"))))
    played = [each.prompts for each in world.said if isinstance(each, PlayPrompts)]
    assert played == [("greeting",)]


def test_an_operators_own_call_outlives_a_short_loss_of_the_connection() -> None:
    world = World()
    code = LegId("code")
    world.hears(FeatureDialled(leg=code, agent=ANNA, code="*462"))
    assert world.hears(regained(live(code, did=None, agent=ANNA))) == []
    assert world.hears(regained()) == []
    assert not world.engine._board.features


def test_bridges_left_over_are_dissolved_but_only_ours() -> None:
    world = World()
    world.hears(regained(bridges=(BRIDGE, BridgeId("somebody-else's"))))
    assert [each.bridge for each in world.said if isinstance(each, DestroyBridge)] == [BRIDGE]


def test_a_bridge_in_use_is_left_alone() -> None:
    world = talking()
    agent = live(FIRST_OFFER, did=None, agent=ANNA, bridge=BRIDGE)
    assert world.hears(regained(live(OLGAS_LEG, bridge=BRIDGE), agent, bridges=(BRIDGE,))) == []


def test_an_adopted_conversation_with_a_phone_that_dies_ends_the_call() -> None:
    world = World(ANNA)
    agent = live(FIRST_OFFER, did=None, agent=ANNA, bridge=BRIDGE)
    world.hears(regained(live(OLGAS_LEG, bridge=BRIDGE), agent, bridges=(BRIDGE,)))
    assert world.activity(ANNA) is Activity.TALKING
    world.hears(ended(FIRST_OFFER, EndReason.FAILED))
    assert HANG_UP_ON_OLGA in world.said


# --- our own bugs


def test_a_broken_session_gives_its_caller_to_the_dialplan_and_frees_the_agent_who_rings() -> None:
    world = World(ANNA)
    world.olga_calls()
    world.hears(KeyPressed(leg=OLGAS_LEG, key="A"))
    world.said = world.engine.abort(world.now)
    assert SendToFallback(call=OLGA, leg=OLGAS_LEG) in world.said
    assert HangUpLeg(call=OLGA, leg=FIRST_OFFER) in world.said
    assert world.outcome() is CallOutcome.SENT_TO_FALLBACK
    assert world.activity(ANNA) is Activity.IDLE
    assert not world.engine.sessions


def test_the_wrap_up_after_a_broken_conversation_ends_like_any_other() -> None:
    world = talking()
    world.hears(KeyPressed(leg=OLGAS_LEG, key="A"))
    world.said = world.engine.abort(world.now)
    assert world.outcome() is CallOutcome.SENT_TO_FALLBACK
    world.waits(15)
    (wrap_up,) = [each for each in world.said if isinstance(each, SegmentEnded)]
    assert (wrap_up.kind, wrap_up.outcome) == (SegmentKind.WRAP_UP, SegmentOutcome.TIME_IS_UP)
    assert not world.engine.sessions


def test_a_session_that_breaks_after_its_call_ended_has_nothing_to_say() -> None:
    world = talking()
    world.hears(ended(OLGAS_LEG))
    world.hears(KeyPressed(leg=FIRST_OFFER, key="A"))
    assert world.engine.abort(world.now) == []
    world.waits(15)
    assert not world.engine.sessions


def test_when_nobody_was_served_there_is_nobody_to_abort() -> None:
    world = talking()
    world.waits(1)
    assert world.engine.abort(world.now) == []
    assert world.engine.sessions[OLGA].phase is Phase.TALKING


# --- what can be looked at


def test_a_session_can_be_looked_at_while_it_rings_and_while_they_talk() -> None:
    world = World(ANNA)
    world.olga_calls()
    session = world.engine.sessions[OLGA]
    assert (session.agent, session.bridge) == (ANNA, None)
    assert session.legs() == [OLGAS_LEG, FIRST_OFFER]
    world.hears(LegAnswered(leg=FIRST_OFFER))
    assert (session.agent, session.bridge) == (ANNA, BRIDGE)
    assert session.legs() == [OLGAS_LEG, FIRST_OFFER]


def test_a_session_in_the_menu_has_no_agent() -> None:
    world = World(*EVERYBODY)
    world.olga_calls("100")
    session = world.engine.sessions[OLGA]
    assert (session.agent, session.offered_leg) == (None, None)
    world.hears(KeyPressed(leg=OLGAS_LEG, key="2"))
    assert session.agent == VERA


# --- the dialplan's own calls


def test_an_agent_in_a_call_of_the_dialplan_is_offered_nobody_until_it_is_over() -> None:
    world = World(ANNA)
    world.hears(PhonesElsewhere(agents=frozenset({ANNA})))
    world.olga_calls()
    assert not [each for each in world.said if isinstance(each, DialAgent)]
    world.hears(PhonesElsewhere(agents=frozenset()))
    assert [each.agent for each in world.said if isinstance(each, DialAgent)] == [ANNA]


def test_whoever_is_in_a_call_of_the_dialplan_when_we_see_again_is_offered_nobody() -> None:
    world = World(ANNA)
    world.hears(ControlLost())
    again = replace(regained(live(OLGAS_LEG)), phones_elsewhere=frozenset({ANNA}))
    world.hears(again)
    assert not [each for each in world.said if isinstance(each, DialAgent)]


# --- a failure of ours is told, and made good


def test_a_caller_whom_the_dialplan_took_over_is_told_so_and_called_back() -> None:
    world = World()
    world.hears(CallArrived(call=OLGA, did=Did("200"), number="+79991234567"))
    world.hears(ControlLost())
    world.waits(20)
    world.hears(replace(regained(), elsewhere=frozenset({OLGAS_LEG})))
    assert world.outcome() is CallOutcome.SENT_TO_FALLBACK
    (disturbed,) = [each for each in world.said if isinstance(each, CallDisturbed)]
    assert disturbed.disturbance is Disturbance.ENGINE_AWAY
    (due,) = [each for each in world.said if isinstance(each, CallbackDue)]
    assert (due.number, due.reason) == ("+79991234567", CallbackReason.NOT_SERVED)


def test_a_conversation_that_asterisk_took_with_it_is_told_so_and_called_back() -> None:
    world = talking()
    world.waits(20)
    world.hears(ControlLost())
    died_at = world.now
    world.waits(5)
    started = world.now - seconds(1)
    world.hears(replace(regained(), asterisk_started_at=started))
    assert world.outcome() is CallOutcome.ANSWERED
    (ended,) = [each for each in world.said if isinstance(each, CallEnded)]
    assert ended.at == died_at
    (disturbed,) = [each for each in world.said if isinstance(each, CallDisturbed)]
    assert disturbed.disturbance is Disturbance.ASTERISK_DIED


def test_a_caller_who_hung_up_unseen_ended_when_asterisk_says() -> None:
    world = World()
    world.olga_calls()
    world.hears(ControlLost())
    world.waits(60)
    gone_at = NOON + seconds(17)
    ended = {OLGAS_LEG: Ended(at=gone_at, context="from-trunk")}
    world.hears(replace(regained(), ended=ended))
    assert world.outcome() is CallOutcome.ABANDONED_IN_QUEUE
    (told,) = [each for each in world.said if isinstance(each, CallEnded)]
    assert told.at == gone_at


def test_whoever_gives_up_waiting_is_called_back_but_not_one_who_hides_his_number() -> None:
    for number, reasons in (("+79991234567", [CallbackReason.ABANDONED]), (None, [])):
        world = World()
        world.hears(CallArrived(call=OLGA, did=Did("200"), number=number))
        world.waits(20)
        world.hears(LegEnded(leg=OLGAS_LEG, reason=EndReason.HUNG_UP))
        due = [each.reason for each in world.said if isinstance(each, CallbackDue)]
        assert due == reasons


def test_an_order_to_connect_that_was_lost_with_the_connection_is_given_again() -> None:
    world = talking()
    world.hears(ControlLost())
    world.hears(regained(live(OLGAS_LEG), live(FIRST_OFFER, did=None, agent=ANNA)))
    kinds = [type(each) for each in world.said]
    assert kinds[:2] == [CreateBridge, JoinBridge]


def test_a_talk_that_ended_unseen_ends_when_it_did_and_its_call_when_the_caller_left() -> None:
    world = talking()
    world.hears(ControlLost())
    world.waits(60)
    ended = {
        FIRST_OFFER: Ended(at=NOON + seconds(20), context="from-operators"),
        OLGAS_LEG: Ended(at=NOON + seconds(24), context="from-trunk"),
    }
    world.hears(replace(regained(), ended=ended))
    segments = {each.kind: each for each in world.said if isinstance(each, SegmentEnded)}
    assert segments[SegmentKind.TALK].at == NOON + seconds(20)
    assert segments[SegmentKind.TALK].outcome is SegmentOutcome.AGENT_HUNG_UP
    (call,) = [each for each in world.said if isinstance(each, CallEnded)]
    assert (call.at, call.outcome) == (NOON + seconds(24), CallOutcome.ANSWERED)


def test_a_caller_whose_agents_phone_died_unseen_waits_again() -> None:
    world = talking()
    world.hears(ControlLost())
    died = {FIRST_OFFER: Ended(at=NOON + seconds(20), context="from-operators", is_normal=False)}
    world.hears(replace(regained(live(OLGAS_LEG)), ended=died))
    assert world.engine.sessions[OLGA].phase is Phase.WAITING


def test_who_listens_to_prompts_hears_music_while_the_engine_is_exchanged() -> None:
    world = World()
    world.olga_calls("100")
    world.hears(EngineStopping())
    assert [type(each) for each in world.said] == [StopPlayback, StartMusic]
    world.hears(regained(live(OLGAS_LEG, did=Did("100"))))
    assert [type(each) for each in world.said] == [StopMusic, PlayPrompts]


def test_an_engine_that_stops_makes_no_offer_any_more() -> None:
    world = World()
    world.olga_calls()
    world.hears(EngineStopping())
    world.hears(PresenceDeclared(agent=ANNA, presence=Presence.READY))
    assert not [each for each in world.said if isinstance(each, DialAgent)]
