"""
ARI's messages as events.

`ari_one_call.jsonl` is everything Asterisk 22.10 said during one call, unfiltered: a citizen
arrives, hears two prompts and misses a third, presses `12#`, the first agent is busy, the second
answers and is hung up by us, and the citizen hangs up. Numbers and names are invented.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.adapters.ari.models import (
    CallerID,
    Channel,
    ChannelHold,
    ChannelUnhold,
    DialplanCEP,
    LiveRecording,
    Message,
    Playback,
    PlaybackFinished,
    RecordingFailed,
    RecordingFinished,
    RESTResponse,
    StasisStart,
)
from ekc_telephony.adapters.ari.reconcile import Held
from ekc_telephony.adapters.ari.translate import caller_number, end_reason, translate
from ekc_telephony.core.call import events
from ekc_telephony.core.call.events import EndReason
from ekc_telephony.core.kernel.ids import (
    AgentId,
    CallId,
    Did,
    LegId,
    PlaybackId,
    RecordingId,
)
from tests.adapters.ari.asterisk_rig import PROJECT

CALLER = LegId("ekc-1.1")


def recorded(name: str) -> list[Message]:
    """Decode the messages that we know, as the client does."""
    known: list[Message] = []
    for line in (PROJECT / "tests/recordings" / name).read_bytes().splitlines():
        try:
            known.append(msgspec.json.decode(line, type=Message))
        except msgspec.ValidationError:
            continue
    return known


def channel(number: str = "") -> Channel:
    """Make a citizen's channel."""
    return Channel(
        id="ekc-1.1",
        name="PJSIP/trunk-00000001",
        state="Ring",
        caller=CallerID(number=number),
        dialplan=DialplanCEP(app_name="Stasis", app_data="ekc,inbound,880"),
        creationtime="2026-11-22T00:00:00.000+0000",
    )


def test_a_recorded_call_becomes_its_story() -> None:
    held = Held("ekc")
    messages = [message for message in recorded("ari_one_call.jsonl") if held.is_news(message)]
    refused, answered = LegId("ekc-1.1-offer-1"), LegId("ekc-1.1-offer-2")
    assert [event for m in messages if (event := translate(m)) is not None] == [
        events.CallArrived(call=CallId(CALLER), did=Did("84950000001"), number="+79000000001"),
        events.PlaybackFinished(playback=PlaybackId("ekc-1.1-play-1"), leg=CALLER, was_played=True),
        events.KeyPressed(leg=CALLER, key="1"),
        events.KeyPressed(leg=CALLER, key="2"),
        events.KeyPressed(leg=CALLER, key="#"),
        events.PlaybackFinished(
            playback=PlaybackId("ekc-1.1-play-2"), leg=CALLER, was_played=False
        ),
        events.LegEnded(leg=refused, reason=EndReason.BUSY),
        events.LegAnswered(leg=answered),
        events.LegEnded(leg=answered, reason=EndReason.HUNG_UP),
        events.LegEnded(leg=CALLER, reason=EndReason.HUNG_UP),
    ]


def test_a_phone_that_holds_and_resumes_is_known_by_its_leg() -> None:
    leg = LegId(channel().id)
    assert translate(ChannelHold(channel=channel())) == events.HoldBegan(leg=leg)
    assert translate(ChannelUnhold(channel=channel())) == events.HoldEnded(leg=leg)


def test_a_feature_code_names_the_account_and_the_digits() -> None:
    message = StasisStart(args=["feature", "agent7", "*45"], channel=channel())
    assert translate(message) == events.FeatureDialled(
        leg=CALLER, agent=AgentId("agent7"), code="*45"
    )


def test_a_tap_that_is_there_is_an_answered_leg() -> None:
    message = StasisStart(args=["tap"], channel=channel())
    assert translate(message) == events.LegAnswered(leg=CALLER)


@pytest.mark.parametrize("arguments", [[], ["inbound"], ["inbound", ""], ["agent", "x"], ["else"]])
def test_a_call_with_arguments_nobody_knows_arrives_at_no_number(arguments: list[str]) -> None:
    assert translate(StasisStart(args=arguments, channel=channel())) == events.CallArrived(
        call=CallId(CALLER), did=Did(""), number=None
    )


def test_a_transfer_is_told_as_the_phone_asked_for_it() -> None:
    """Recorded: a blind transfer answered twice, one not answered (told again), an attended one."""
    told = [event for m in recorded("ari_transfers.jsonl") if (event := translate(m)) is not None]
    blind = LegId("ekc-1795330729.1-offer-1")
    unanswered = events.TransferAsked(
        leg=LegId("ekc-1795330738.17-offer-1"), target="petrov", is_attended=False
    )
    assert told == [
        events.TransferAsked(leg=blind, target="petrov", is_attended=False),
        unanswered,
        unanswered,
        events.TransferAsked(
            leg=LegId("ekc-1795330742.21-offer-1"),
            target="petrov",
            is_attended=True,
            consulted=LegId("ekc-1795330742.25"),
        ),
    ]


def test_a_failed_recording_is_told_with_its_cause() -> None:
    ended = RecordingFinished(recording=LiveRecording(name="r1"))
    assert translate(ended) == events.RecordingEnded(recording=RecordingId("r1"))
    message = LiveRecording(name="r2", duration=8, talking_duration=6)
    assert translate(RecordingFinished(recording=message)) == events.RecordingEnded(
        recording=RecordingId("r2"), length=timedelta(seconds=8), spoken=timedelta(seconds=6)
    )
    failed = RecordingFailed(recording=LiveRecording(name="2026/r1", cause="No space"))
    assert translate(failed) == events.RecordingFailed(
        recording=RecordingId("2026/r1"), cause="No space"
    )


def test_a_playback_on_a_bridge_is_none_of_ours() -> None:
    playback = Playback(id="p", target_uri="bridge:b", state="done")
    assert translate(PlaybackFinished(playback=playback)) is None


def test_a_reply_is_no_event() -> None:
    assert translate(RESTResponse(request_id="1", status_code=204)) is None


@pytest.mark.parametrize(
    ("q850", "sip", "reason"),
    [
        (16, None, EndReason.HUNG_UP),
        (0, None, EndReason.HUNG_UP),
        (17, 486, EndReason.BUSY),
        (17, 600, EndReason.BUSY),
        (21, 603, EndReason.REFUSED),
        (21, 403, EndReason.REFUSED),
        (18, 408, EndReason.NOT_ANSWERED),
        (19, 480, EndReason.NOT_ANSWERED),
        (1, 404, EndReason.UNREACHABLE),
        (22, 410, EndReason.UNREACHABLE),
        (38, 500, EndReason.FAILED),
        (34, 503, EndReason.FAILED),
        (58, 488, EndReason.FAILED),
        (127, 486, EndReason.BUSY),
        (127, 487, EndReason.FAILED),
    ],
)
def test_the_cause_tells_why_a_leg_ended(q850: int, sip: int | None, reason: EndReason) -> None:
    assert end_reason(q850, sip=sip) is reason


@pytest.mark.parametrize(
    ("given_number", "number"),
    [
        ("79161234567", "79161234567"),
        ("+7 (916) 123-45-67", "+79161234567"),
        ("112", "112"),
        ("79161234567;phone-context=+7", "79161234567"),
        ("79161234567@10.0.0.1", "79161234567"),
        ("8+916", "8916"),
        ("", None),
        ("anonymous", None),
        ("Анонимно", None),
        ("sip100", None),
        ("+", None),
        ("*#", None),
        ("1" * 21, None),
        ("'; DROP TABLE calls; --", None),
    ],
)
def test_a_callers_number_is_digits_or_hidden(given_number: str, number: str | None) -> None:
    assert caller_number(given_number) == number


@given(st.text())
def test_no_text_of_a_trunk_breaks_out_of_a_number(given_number: str) -> None:
    number = caller_number(given_number)
    assert number is None or set(number) <= set("+0123456789")
    if number is not None:
        assert caller_number(number) == number
