"""What the guard does when: stories by the second, and a hostile world from hypothesis."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.guard.decision import (
    ALONE_FOR,
    LONGEST_GAP,
    PATIENCE,
    SWEEP_EVERY,
    Action,
    Channel,
    ChannelsListed,
    Guard,
    HangUp,
    HeartbeatRead,
    ListChannels,
    Moment,
    SendToFallback,
    SightLost,
)

STEP = timedelta(seconds=0.25)


def channel(
    identity: str,
    *arguments: str,
    bridge: str | None = None,
    application: str = "Stasis",
) -> Channel:
    return Channel(
        identity=identity,
        name=f"PJSIP/{identity}",
        application=application,
        arguments=arguments,
        bridge=bridge,
    )


CITIZEN = channel("ekc-1.1", "ekc", "inbound", "88001000001")
LEG = channel("ekc-1.1-offer-2", "ekc", "agent")
RINGING = channel("ekc-1.1-offer-3", "(Outgoing Line)", application="AppDial2")
FEATURE = channel("ekc-1.5", "ekc", "feature", "ivanova", "*45")
TALKING = channel("ekc-1.7", "ekc", "inbound", "88001000001", bridge="talk")
ANSWERING = channel("ekc-1.7-offer-1", "ekc", "agent", bridge="talk")
STRANGERS = (
    channel("ekc-2.1", "other", "inbound", "1"),
    channel("ekc-2.2", "ekc-fallback", application="Queue"),
    channel("ekc-2.3", "(Outgoing Line)", application="AppDial2"),
    channel("ekc-2.4", "ekc/fallback-apology", application="Playback"),
    channel("ekc-2.5", "", application=""),
    channel("ekc-2.6", "ekc"),
    channel("ekc-2.7", "ekc", "unheard-of"),
)


class Watched:
    """A guard, and an Asterisk that answers it four times a second."""

    def __init__(self, *channels: Channel) -> None:
        self.guard = Guard()
        self.channels = channels
        self.now = Moment(seconds=1000)
        self.done: list[tuple[float, Action]] = []
        """What was done to channels, with the seconds since the beginning."""

    def sees(self, heartbeat: str, *, for_s: float) -> list[Action]:
        """Let time pass with one heartbeat, and return what was done."""
        before = len(self.done)
        for _ in range(round(for_s / STEP.total_seconds())):
            self.read(heartbeat)
            self.now += STEP
        return [action for _, action in self.done[before:]]

    def read(self, heartbeat: str) -> None:
        for action in self.guard.handle(HeartbeatRead(value=heartbeat), self.now):
            assert action == ListChannels()
            seen = ChannelsListed(channels=self.channels)
            seconds = self.now.total_seconds() - 1000
            self.done += [(seconds, each) for each in self.guard.handle(seen, self.now)]


@pytest.mark.parametrize("heartbeat", ["1795316522", ""])
def test_a_heartbeat_that_stands_still_sends_parked_citizens_to_the_fallback(
    heartbeat: str,
) -> None:
    world = Watched(CITIZEN)
    assert world.sees(heartbeat, for_s=4) == []
    assert world.sees(heartbeat, for_s=0.5) == [SendToFallback(CITIZEN)]
    assert world.guard.is_engine_away


def test_it_goes_on_twice_a_second_while_the_engine_is_away() -> None:
    world = Watched(CITIZEN)
    world.sees("1", for_s=7.5)
    assert [seconds for seconds, _ in world.done] == [4, 4.5, 5, 5.5, 6, 6.5, 7]


@pytest.mark.parametrize("theirs", [LEG, RINGING, FEATURE])
def test_operators_legs_and_feature_calls_are_hung_up(theirs: Channel) -> None:
    assert Watched(theirs).sees("1", for_s=4.5) == [HangUp(theirs)]


@pytest.mark.parametrize("stranger", STRANGERS)
def test_who_is_not_in_the_engines_hands_is_never_touched(stranger: Channel) -> None:
    assert Watched(stranger).sees("1", for_s=20) == []


def test_a_conversation_goes_on() -> None:
    assert Watched(TALKING, ANSWERING).sees("1", for_s=60) == []


@pytest.mark.parametrize("left", [TALKING, ANSWERING])
def test_who_is_left_alone_after_a_conversation_is_hung_up_half_a_second_later(
    left: Channel,
) -> None:
    world = Watched(TALKING, ANSWERING)
    world.sees("1", for_s=10)
    world.channels = (left,)
    world.sees("1", for_s=0.75)
    assert world.done == [(10.5, HangUp(left))]


def test_who_is_alone_for_less_than_half_a_second_is_left_alone() -> None:
    world = Watched(TALKING)
    world.sees("1", for_s=4.25)
    world.channels = (TALKING, ANSWERING)
    world.sees("1", for_s=1)
    world.channels = (TALKING,)
    assert world.sees("1", for_s=0.25) == []


def test_being_alone_is_counted_anew_when_the_engine_dies_again() -> None:
    world = Watched(TALKING)
    world.sees("1", for_s=4.5)
    world.sees("2", for_s=4.5)
    assert world.done == []
    assert world.sees("2", for_s=0.5) == [HangUp(TALKING)]


def test_a_heartbeat_that_changes_keeps_the_guard_quiet() -> None:
    world = Watched(CITIZEN)
    for beat in range(60):
        assert world.sees(str(beat), for_s=1.5) == []


def test_an_engine_back_before_its_time_is_up_loses_nobody() -> None:
    world = Watched(CITIZEN)
    world.sees("1", for_s=4)
    assert world.sees("2", for_s=4) == []


def test_an_engine_that_comes_back_ends_it_at_once() -> None:
    world = Watched(CITIZEN)
    assert world.sees("1", for_s=5)
    assert world.sees("2", for_s=4) == []
    assert not world.guard.is_engine_away


def test_time_in_which_asterisk_did_not_answer_does_not_count() -> None:
    world = Watched(CITIZEN)
    world.sees("1", for_s=3.25)
    world.now += timedelta(seconds=6)
    assert world.sees("1", for_s=4) == []
    assert world.sees("1", for_s=0.5) == [SendToFallback(CITIZEN)]


def test_a_lost_connection_starts_the_count_anew() -> None:
    world = Watched(CITIZEN)
    world.sees("1", for_s=5)
    world.guard.handle(SightLost(), world.now)
    assert not world.guard.is_engine_away
    assert world.sees("1", for_s=4) == []


def test_a_list_that_comes_too_late_is_not_acted_on() -> None:
    world = Watched()
    world.sees("1", for_s=4.5)
    late = world.now + LONGEST_GAP
    assert world.guard.handle(ChannelsListed(channels=(CITIZEN,)), late) == []


@dataclass(frozen=True)
class Reading:
    """One answer about the heartbeat, or the loss of AMI, and what else was there."""

    after: timedelta
    heartbeat: str | None
    channels: tuple[Channel, ...]


GAPS = st.sampled_from([STEP, STEP, STEP, timedelta(seconds=1.5), timedelta(seconds=1.6)])
PEOPLE = st.lists(
    st.sampled_from([CITIZEN, LEG, RINGING, FEATURE, TALKING, ANSWERING, *STRANGERS]), unique=True
).map(tuple)


@st.composite
def runs(draw: st.DrawFn) -> list[Reading]:
    """Draw some seconds in which the same is seen again and again; AMI is lost only at moments."""
    heartbeat = draw(st.sampled_from(["1", "1", "1", "2", "", None]))
    gap, channels = draw(GAPS), draw(PEOPLE)
    length = 1 if heartbeat is None else draw(st.integers(1, 20))
    return [Reading(after=gap, heartbeat=heartbeat, channels=channels)] * length


READINGS = st.lists(runs(), max_size=8).map(lambda drawn: list(chain.from_iterable(drawn)))


def was_watched(history: list[tuple[Moment, str | None]]) -> bool:
    """Tell whether the newest readings show one heartbeat, without a gap, for long enough."""
    until, beat = history[-1]
    since = until
    for moment, value in reversed(history[:-1]):
        if value != beat or since - moment > LONGEST_GAP:
            break
        since = moment
    return beat is not None and until - since >= PATIENCE


@given(readings=READINGS)
def test_whatever_happens_nobody_is_touched_without_proof_and_nobody_is_forgotten(
    readings: list[Reading],
) -> None:
    guard, now = Guard(), Moment()
    history: list[tuple[Moment, str | None]] = []
    swept_at: Moment | None = None
    for reading in readings:
        now += reading.after
        history.append((now, reading.heartbeat))
        if reading.heartbeat is None:
            assert guard.handle(SightLost(), now) == []
            continue
        asked = guard.handle(HeartbeatRead(value=reading.heartbeat), now)
        assert guard.is_engine_away is was_watched(history)
        is_due = swept_at is None or now - swept_at >= SWEEP_EVERY
        assert asked == ([ListChannels()] if guard.is_engine_away and is_due else [])
        actions = guard.handle(ChannelsListed(channels=reading.channels), now)
        if not guard.is_engine_away:
            assert actions == []
            continue
        swept_at = now
        in_bridge = {each for each in reading.channels if each.bridge}
        touched = [each.channel for each in actions if not isinstance(each, ListChannels)]
        assert len(touched) == len(set(touched))
        assert not set(touched) & set(STRANGERS)
        assert len(in_bridge) < 2 or not set(touched) & in_bridge
        parked = {CITIZEN, LEG, RINGING, FEATURE} & set(reading.channels)
        assert parked <= set(touched)
        sent = [each.channel for each in actions if isinstance(each, SendToFallback)]
        assert sent in ([], [CITIZEN])


@given(readings=READINGS)
def test_nobody_alone_is_hung_up_who_was_not_alone_in_every_list_for_two_seconds(
    readings: list[Reading],
) -> None:
    guard, now = Guard(), Moment()
    alone_since: dict[Channel, Moment] = {}
    for reading in readings:
        now += reading.after
        is_seen = reading.heartbeat is not None
        guard.handle(
            HeartbeatRead(value=reading.heartbeat or "") if is_seen else SightLost(),
            now,
        )
        if not guard.is_engine_away:
            alone_since.clear()
            continue
        people = [each for each in reading.channels if each.bridge]
        alone = people if len(people) == 1 else []
        alone_since = {each: alone_since.get(each, now) for each in alone}
        actions = guard.handle(ChannelsListed(channels=reading.channels), now)
        hung_up = {each.channel for each in actions if isinstance(each, HangUp)} & set(people)
        assert hung_up == {each for each in alone if now - alone_since[each] >= ALONE_FOR}
