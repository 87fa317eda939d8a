"""After a reconnect every arrival and every end is told exactly once."""

from __future__ import annotations

from ekc_telephony.adapters.ari.models import (
    Bridge,
    CallerID,
    Channel,
    ChannelDestroyed,
    DialplanCEP,
    StasisEnd,
    StasisStart,
)
from ekc_telephony.adapters.ari.reconcile import Held
from ekc_telephony.core.kernel.ids import AgentId, BridgeId, Did


def channel(
    identity: str,
    *,
    application: str = "Stasis",
    arguments: str = "ekc,inbound,880",
    name: str = "PJSIP/trunk-00000001",
    state: str = "Up",
) -> Channel:
    return Channel(
        id=identity,
        name=name,
        state=state,
        caller=CallerID(number="79000000001"),
        dialplan=DialplanCEP(app_name=application, app_data=arguments),
        creationtime="2026-11-22T00:00:00.123+0300",
    )


def dialled(identity: str, *, is_answered: bool) -> Channel:
    name = "PJSIP/agent-1-0000000a"
    if is_answered:
        return channel(identity, arguments="ekc,agent", name=name)
    data = "(Outgoing Line)"
    return channel(identity, application="AppDial2", arguments=data, name=name, state="Ringing")


def start(of: Channel) -> StasisStart:
    return StasisStart(args=of.dialplan.app_data.split(",")[1:], channel=of)


def test_a_call_that_waited_for_us_is_listed_with_its_did_and_bridge() -> None:
    bridge = Bridge(id="b", bridge_class="stasis", channels=["c"])
    foreign = Bridge(id="x", bridge_class="base", channels=[])
    regained = Held("ekc").regained([channel("c")], [bridge, foreign], [])
    (leg,) = regained.legs
    assert (leg.did, leg.agent, leg.number) == (Did("880"), None, "79000000001")
    assert (leg.bridge, leg.is_answered) == (BridgeId("b"), True)
    assert leg.created_at.isoformat() == "2026-11-21T21:00:00.123000+00:00"
    assert regained.bridges == {BridgeId("b")}


def test_a_call_whose_arrival_was_kept_back_arrives_by_that_event_alone() -> None:
    held, arriving = Held("ekc"), channel("c")
    assert held.regained([arriving], [], [start(arriving)]).legs == ()
    assert held.is_news(start(arriving))


def test_an_arrival_that_comes_after_the_list_is_not_told_again() -> None:
    held, listed = Held("ekc"), channel("c")
    assert len(held.regained([listed], [], []).legs) == 1
    assert not held.is_news(start(listed))


def test_a_call_that_comes_back_from_the_dialplan_arrives_again() -> None:
    held, listed = Held("ekc"), channel("c")
    held.regained([listed], [], [])
    assert held.is_news(StasisEnd(channel=listed))
    assert held.is_news(start(listed))


def test_a_ringing_leg_of_ours_is_listed_unanswered_and_answers_later() -> None:
    held = Held("ekc")
    (leg,) = held.regained([dialled("c-offer-1", is_answered=False)], [], []).legs
    assert (leg.agent, leg.is_answered, leg.number) == (AgentId("agent-1"), False, None)
    assert held.is_news(start(dialled("c-offer-1", is_answered=True)))


def test_an_answer_kept_back_is_told_by_its_event_and_the_leg_is_listed_all_the_same() -> None:
    held, answered = Held("ekc"), dialled("c-offer-1", is_answered=True)
    (leg,) = held.regained([answered], [], [start(answered)]).legs
    assert not leg.is_answered
    assert held.is_news(start(answered))


def test_an_operators_feature_call_is_listed_as_his() -> None:
    feature = channel("f", arguments="ekc,feature,agent1,*45")
    (leg,) = Held("ekc").regained([feature], [], []).legs
    assert (leg.did, leg.agent) == (None, AgentId("agent1"))


def test_a_tap_is_a_leg_of_ours_and_neither_a_callers_nor_an_agents() -> None:
    held = Held("ekc")
    tap = channel("c-tap-3", arguments="ekc,tap", name="Snoop/c-offer-1-00000000")
    regained = held.regained(
        [tap], [Bridge(id="b", bridge_class="stasis", channels=["c-tap-3"])], []
    )
    (leg,) = regained.legs
    assert (leg.leg, leg.did, leg.agent, leg.bridge) == ("c-tap-3", None, None, BridgeId("b"))
    assert not regained.elsewhere
    assert held.is_news(StasisEnd(channel=tap)), "nothing else tells its end"


def test_a_tap_that_is_made_while_we_look_is_told_by_its_event() -> None:
    held, tap = (
        Held("ekc"),
        channel("c-tap-3", arguments="ekc,tap", name="Snoop/c-offer-1-00000000"),
    )
    (leg,) = held.regained([tap], [], [start(tap)]).legs
    assert not leg.is_answered
    assert held.is_news(start(tap))


def test_channels_of_the_dialplan_and_of_other_applications_are_none_of_ours() -> None:
    others = [
        channel("1", application="Playback", arguments="sorry"),
        channel("2", arguments="other,inbound,880"),
        channel("3", application="AppDial2", name="Local"),
    ]
    assert Held("ekc").regained(others, [], []).legs == ()


def test_a_call_that_the_dialplan_does_not_explain_is_listed_at_no_number() -> None:
    (leg,) = Held("ekc").regained([channel("c", arguments="ekc")], [], []).legs
    assert leg.did == Did("")


def test_an_answered_leg_of_ours_ends_once_when_its_cause_is_told() -> None:
    held, leg = Held("ekc"), dialled("c-offer-1", is_answered=True)
    assert held.is_news(start(leg))
    assert not held.is_news(StasisEnd(channel=leg))
    assert held.is_news(ChannelDestroyed(cause=16, channel=leg))
    assert held.is_news(ChannelDestroyed(cause=16, channel=leg)), "nothing is remembered for ever"


def test_an_answered_leg_adopted_from_the_list_ends_once() -> None:
    held, leg = Held("ekc"), dialled("c-offer-1", is_answered=True)
    held.regained([leg], [], [])
    assert not held.is_news(StasisEnd(channel=leg))
    assert held.is_news(ChannelDestroyed(cause=16, channel=leg))


def test_an_unanswered_leg_of_ours_ends_with_its_cause() -> None:
    held = Held("ekc")
    assert held.is_news(ChannelDestroyed(cause=17, channel=dialled("l", is_answered=False)))
