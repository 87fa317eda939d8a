"""The ARI adapter and a real Asterisk: what it does when asked, and when things break."""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
import baresip
import pytest

from ekc_telephony.adapters.ari.client import (
    ApplicationTakenError,
    AriAccess,
    AriAccessRefusedError,
    AriClient,
)
from ekc_telephony.adapters.ari.execute import AriCallControl
from ekc_telephony.adapters.ari.link import ECHO, AriLink
from ekc_telephony.core.call import commands, events
from ekc_telephony.core.call.commands import Command, HangUpCause
from ekc_telephony.core.call.events import EndReason
from ekc_telephony.core.kernel.ids import (
    AgentId,
    AppealId,
    BridgeId,
    CallId,
    LegId,
    PlaybackId,
    PromptKey,
    RecordingId,
)
from ekc_telephony.runtime.ports import CommandRefusedError
from tests.adapters.ari.asterisk_rig import NAME, SECRET, AsteriskRig, running_asterisk
from tests.adapters.ari.heard import Heard, listening
from tests.adapters.ari.sip_phone import scripted_phone

AGENT = AgentId("agent1")
MANY = 800
"""Calls of two channels each: their list is longer than `STACK`."""
STACK = 496 * 1024
"""Of any thread in Asterisk, in bytes."""
CITIZENS = itertools.count(1)
"""Numbers every citizen of this run; an earlier one's channel may still be dying."""


@pytest.fixture(scope="module")
def own_asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AsteriskRig]:
    with running_asterisk(tmp_path_factory.mktemp("asterisk")) as rig:
        yield rig


@pytest.fixture
def asterisk(own_asterisk: AsteriskRig) -> AsteriskRig:
    own_asterisk.revive()
    return own_asterisk


async def hear_only(rig: AsteriskRig, *kinds: str) -> None:
    """Let Asterisk send nothing but these kinds of messages."""
    headers = {"Authorization": aiohttp.encode_basic_auth(NAME, SECRET)}
    url = f"{rig.ari_url}/applications/{NAME}/eventFilter"
    async with aiohttp.ClientSession(headers=headers) as session:
        await session.put(url, json={"allowed": [{"type": kind} for kind in kinds]})


@dataclass(kw_only=True)
class Bench:
    """A connected adapter."""

    rig: AsteriskRig
    client: AriClient
    link: AriLink
    control: AriCallControl
    heard: Heard
    citizen: str = ""
    """The citizen's own channel, of the latest call."""
    _count: int = 0

    async def citizen_calls(self, *, extension: str = "880", number: str = "") -> CallId:
        """Let a citizen call; return his call, which has arrived."""
        self._count += 1
        self.citizen = f"citizen-{next(CITIZENS)}-of-{os.getpid()}"
        query = {
            "endpoint": "Local/84950000001@arrival",
            "context": "citizen",
            "extension": extension,
            "priority": "1",
            "channelId": self.citizen,
            "callerId": f"<{number}>",
        }
        await self.client.ask("POST", "channels", query)
        return (await self.heard.next(events.CallArrived)).call

    async def citizen_hangs_up(self) -> None:
        """End the citizen's side of the latest call."""
        await self.client.ask("DELETE", f"channels/{self.citizen}")

    async def dial(self, call: CallId, *, queue: str = "Пособия", **changed: object) -> LegId:
        """Ring the agent; return the leg."""
        self._count += 1
        command = commands.DialAgent(
            call=call,
            leg=LegId(f"{call}-offer-{self._count}"),
            agent=AgentId(str(changed.get("agent", AGENT))),
            number=str(changed["number"]) if "number" in changed else None,
            queue_title=queue,
            appeal=AppealId("2026-000017"),
            ring_time=timedelta(seconds=int(str(changed.get("ring_s", 20)))),
        )
        await self.control.execute(command)
        return command.leg

    async def refusal_of(self, command: Command) -> CommandRefusedError:
        """Return the error that the command ends in."""
        with pytest.raises(CommandRefusedError) as caught:
            await self.control.execute(command)
        return caught.value


def _hung_up(call: CallId) -> events.LegEnded:
    return events.LegEnded(leg=LegId(call), reason=EndReason.HUNG_UP)


def access(rig: AsteriskRig, password: str = SECRET) -> AriAccess:
    return AriAccess(url=rig.ari_url, user=NAME, password=password)


@asynccontextmanager
async def bench(
    rig: AsteriskRig, *, patience: timedelta = timedelta(seconds=5), life: str = ""
) -> AsyncIterator[Bench]:
    client = AriClient(access(rig), patience=patience)
    link = AriLink(client, life=life)
    async with listening(link.run) as heard:
        await heard.next(events.ControlRegained)
        yield Bench(rig=rig, client=client, link=link, control=AriCallControl(client), heard=heard)


def test_asterisk_survives_being_asked_for_a_thousand_channels(asterisk: AsteriskRig) -> None:
    """It did not: a long reply over the event socket is copied to a stack of 496 KiB."""

    async def story() -> None:
        async with bench(asterisk) as b:
            query = {"endpoint": "Local/880@citizen/n", "context": "citizen"}
            query |= {"extension": "880", "priority": "1"}
            for _ in range(MANY):
                await b.client.ask_apart("POST", "channels", query)
        async with bench(asterisk) as b:
            assert len(await b.client.ask_apart("GET", "channels") or "") > STACK
        asterisk.console("channel request hangup all")

    asyncio.run(story())


def test_a_call_goes_from_arrival_to_conversation_and_end(asterisk: AsteriskRig) -> None:
    async def story() -> None:
        async with bench(asterisk) as b, scripted_phone(asterisk.phone_port("agent1")):
            call = await b.citizen_calls(number="+79000000001")
            caller, bridge = LegId(call), BridgeId(f"{call}-bridge")
            await b.control.execute(commands.SignalRinging(call=call, leg=caller))
            await b.control.execute(commands.AnswerLeg(call=call, leg=caller))
            await b.control.execute(commands.StartMusic(call=call, leg=caller))
            await b.control.execute(commands.StopMusic(call=call, leg=caller))
            await b.control.execute(commands.CreateBridge(call=call, bridge=bridge))
            leg = await b.dial(call)
            assert await b.heard.next(events.LegAnswered) == events.LegAnswered(leg=leg)
            await b.control.execute(
                commands.JoinBridge(call=call, bridge=bridge, legs=(caller, leg))
            )
            recording = RecordingId(f"{call}/talk")
            started = commands.StartRecording(call=call, bridge=bridge, recording=recording)
            await b.control.execute(started)
            await b.control.execute(started)  # told twice, it is done once
            await b.citizen_hangs_up()
            ended = await b.heard.next(events.LegEnded, leg=caller)
            assert ended.reason is EndReason.HUNG_UP
            await b.control.execute(commands.DestroyBridge(call=call, bridge=bridge))
            await b.control.execute(commands.HangUpLeg(call=call, leg=leg))
            await b.heard.next(events.LegEnded, leg=leg)
            assert (asterisk.folder / "spool/recording" / f"{recording}.wav").is_file()

    asyncio.run(story())


def message(call: CallId, name: str, *, longest_s: int = 60) -> commands.RecordLeg:
    return commands.RecordLeg(
        call=call,
        leg=LegId(call),
        recording=RecordingId(name),
        longest=timedelta(seconds=longest_s),
        silence=timedelta(seconds=30),
        until_key="#",
    )


def test_a_message_that_is_ordered_twice_goes_on_and_one_that_is_over_is_gone(
    asterisk: AsteriskRig,
) -> None:
    async def story() -> None:
        async with bench(asterisk) as b:
            call = await b.citizen_calls(number="+79000000001")
            await b.control.execute(commands.AnswerLeg(call=call, leg=LegId(call)))
            order = message(call, f"{call}-message-1")
            await b.control.execute(order)
            await b.control.execute(order)
            stop = commands.StopRecording(call=call, recording=order.recording)
            await b.control.execute(stop)
            ended = await b.heard.next(events.RecordingEnded)
            assert ended.recording == order.recording
            assert ended.length is not None
            assert (await b.refusal_of(order)).is_gone
            assert (await b.refusal_of(stop)).is_gone
            await b.citizen_hangs_up()
            await b.heard.next(events.LegEnded, leg=LegId(call))

    asyncio.run(story())


def test_keys_are_told_as_they_are_pressed(asterisk: AsteriskRig) -> None:
    async def story() -> None:
        async with bench(asterisk) as b:
            call = await b.citizen_calls(extension="881")
            await b.control.execute(commands.AnswerLeg(call=call, leg=LegId(call)))
            assert [(await b.heard.next(events.KeyPressed)).key for _ in "12#"] == list("12#")

    asyncio.run(story())


def test_prompts_play_one_after_another_and_end_once(asterisk: AsteriskRig) -> None:
    async def story() -> None:
        async with bench(asterisk) as b:
            call = await b.citizen_calls()
            leg = LegId(call)
            await b.control.execute(commands.AnswerLeg(call=call, leg=leg))

            async def play(name: str, *prompts: str) -> PlaybackId:
                playback = PlaybackId(f"{call}-{name}")
                await b.control.execute(
                    commands.PlayPrompts(
                        call=call,
                        leg=leg,
                        playback=playback,
                        prompts=tuple(PromptKey(prompt) for prompt in prompts),
                    )
                )
                return playback

            both = await play("both", "good", "second")
            begun = time.monotonic()
            assert await b.heard.next(events.PlaybackFinished) == events.PlaybackFinished(
                playback=both, leg=leg, was_played=True
            )
            assert time.monotonic() - begun > 0.35, "both of 0.2 s each were heard"
            await play("missing", "no-such-prompt")
            assert not (await b.heard.next(events.PlaybackFinished)).was_played
            long = await play("long", "long")
            await b.control.execute(commands.StopPlayback(call=call, playback=long))
            assert (await b.heard.next(events.PlaybackFinished)).playback == long

    asyncio.run(story())


def test_the_phone_shows_number_queue_and_appeal(asterisk: AsteriskRig) -> None:
    async def story() -> None:
        port = asterisk.phone_port("agent1")
        async with bench(asterisk) as b, scripted_phone(port, "180 Ringing") as phone:
            call = await b.citizen_calls()
            leg = await b.dial(call, number="+79000000001", queue='Пособия "и"\r\nвыплаты\\; <b>')
            await phone.requests.get()
            lines = phone.invites[0].split("\r\n")
            title = "Пособия и выплаты ; b"
            assert any(
                line.startswith(f'From: "{title} 2026-000017" <sip:+79000000001@') for line in lines
            ), lines
            assert f"X-EKC-Call: {call}" in lines
            assert f"X-EKC-Queue: {title}" in lines
            assert "X-EKC-Appeal: 2026-000017" in lines
            await b.control.execute(commands.HangUpLeg(call=call, leg=leg))
            while await phone.requests.get() != "CANCEL":
                pass
            phone.invites.clear()
            await b.dial(call)
            while await phone.requests.get() != "INVITE":
                pass
            assert '"Пособия 2026-000017 номер скрыт" <sip:anonymous@' in phone.invites[0]

    asyncio.run(story())


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("486 Busy Here", EndReason.BUSY),
        ("600 Busy Everywhere", EndReason.BUSY),
        ("603 Decline", EndReason.REFUSED),
        ("403 Forbidden", EndReason.REFUSED),
        ("408 Request Timeout", EndReason.NOT_ANSWERED),
        ("480 Temporarily Unavailable", EndReason.NOT_ANSWERED),
        ("404 Not Found", EndReason.UNREACHABLE),
        ("410 Gone", EndReason.UNREACHABLE),
        ("488 Not Acceptable Here", EndReason.FAILED),
        ("500 Server Internal Error", EndReason.FAILED),
        ("503 Service Unavailable", EndReason.FAILED),
    ],
)
def test_a_phones_refusal_is_told_with_its_reason(
    asterisk: AsteriskRig, status: str, reason: EndReason
) -> None:
    async def story() -> None:
        async with bench(asterisk) as b, scripted_phone(asterisk.phone_port("agent1"), status):
            call = await b.citizen_calls()
            leg = await b.dial(call)
            assert (await b.heard.next(events.LegEnded, leg=leg)).reason is reason

    asyncio.run(story())


def test_a_phone_that_rings_for_ever_is_given_up_by_asterisk_itself(asterisk: AsteriskRig) -> None:
    async def story() -> None:
        port = asterisk.phone_port("agent1")
        async with bench(asterisk) as b, scripted_phone(port, "180 Ringing"):
            call = await b.citizen_calls()
            leg = await b.dial(call, ring_s=0)
            ended = await b.heard.next(events.LegEnded, leg=leg)
            assert ended.reason is EndReason.NOT_ANSWERED

    asyncio.run(story())


def test_a_phone_that_never_registered_cannot_be_dialled(asterisk: AsteriskRig) -> None:
    async def story() -> None:
        async with bench(asterisk) as b:
            call = await b.citizen_calls()
            with pytest.raises(CommandRefusedError, match="Allocation failed") as caught:
                await b.dial(call, agent="absent")
            assert not caught.value.is_gone
            assert b.client.commands_failed == 1

    asyncio.run(story())


def test_every_command_to_a_call_that_is_over_says_that_it_is_gone(asterisk: AsteriskRig) -> None:
    call, leg, bridge = CallId("gone"), LegId("gone"), BridgeId("gone-bridge")
    over: tuple[Command, ...] = (
        commands.AnswerLeg(call=call, leg=leg),
        commands.SignalRinging(call=call, leg=leg),
        commands.HangUpLeg(call=call, leg=leg, cause=HangUpCause.TROUBLE),
        commands.PlayPrompts(
            call=call, leg=leg, playback=PlaybackId("p"), prompts=(PromptKey("good"),)
        ),
        commands.StopPlayback(call=call, playback=PlaybackId("p")),
        commands.StartMusic(call=call, leg=leg),
        commands.StopMusic(call=call, leg=leg),
        commands.DialAgent(
            call=call,
            leg=LegId("gone-offer-1"),
            agent=AGENT,
            number=None,
            queue_title="q",
            appeal=AppealId("1"),
            ring_time=timedelta(seconds=1),
        ),
        commands.JoinBridge(call=call, bridge=bridge, legs=(leg,)),
        commands.DestroyBridge(call=call, bridge=bridge),
        commands.StartRecording(call=call, bridge=bridge, recording=RecordingId("r")),
        message(call, "r"),
        commands.StopRecording(call=call, recording=RecordingId("r")),
        commands.SendToFallback(call=call, leg=leg),
    )

    async def story() -> None:
        async with bench(asterisk) as b:
            refusals = [await b.refusal_of(command) for command in over]
            assert [str(r) for r in refusals if not r.is_gone] == []

    asyncio.run(story())


def test_joining_a_leg_that_just_hung_up_says_that_it_is_gone(asterisk: AsteriskRig) -> None:
    async def story() -> None:
        async with bench(asterisk) as b:
            call, bridge = CallId("late"), BridgeId("late-bridge")
            await b.control.execute(commands.CreateBridge(call=call, bridge=bridge))
            join = commands.JoinBridge(call=call, bridge=bridge, legs=(LegId("late"),))
            assert (await b.refusal_of(join)).is_gone
            again = commands.CreateBridge(call=call, bridge=bridge)
            assert not (await b.refusal_of(again)).is_gone, "there is one already"
            await b.control.execute(commands.DestroyBridge(call=call, bridge=bridge))

    asyncio.run(story())


def test_a_call_sent_to_the_fallback_leaves_us_at_once(asterisk: AsteriskRig) -> None:
    async def story() -> None:
        async with bench(asterisk) as b:
            call = await b.citizen_calls()
            await b.control.execute(commands.SendToFallback(call=call, leg=LegId(call)))
            await b.heard.next(events.LegEnded, leg=LegId(call))
            over = commands.AnswerLeg(call=call, leg=LegId(call))
            assert (await b.refusal_of(over)).is_gone

    asyncio.run(story())


def test_only_the_messages_that_we_translate_are_sent(asterisk: AsteriskRig) -> None:
    async def story() -> None:
        async with bench(asterisk) as b, scripted_phone(asterisk.phone_port("agent1")):
            call = await b.citizen_calls()
            leg = await b.dial(call)
            await b.heard.next(events.LegAnswered)
            await b.control.execute(commands.HangUpLeg(call=call, leg=leg))
            await b.heard.next(events.LegEnded, leg=leg)
            await b.citizen_hangs_up()
            await b.heard.next(events.LegEnded, leg=LegId(call))
            assert b.client.unknown_messages == 0

    asyncio.run(story())


def test_after_a_lost_socket_the_calls_are_listed_and_the_lost_hangup_shows(
    asterisk: AsteriskRig,
) -> None:
    async def story() -> None:
        async with bench(asterisk) as b, scripted_phone(asterisk.phone_port("agent1")):
            gone = await b.citizen_calls()
            gone_citizen = b.citizen
            kept = await b.citizen_calls(number="79000000002")
            leg = await b.dial(kept)
            await b.heard.next(events.LegAnswered)
            await asyncio.to_thread(asterisk.console, "ari shutdown websocket sessions")
            # The hangup falls into the gap: it goes over HTTP, past our client.
            headers = {"Authorization": aiohttp.encode_basic_auth(NAME, SECRET)}
            async with aiohttp.ClientSession(headers=headers) as session:
                await session.delete(f"{asterisk.ari_url}/channels/{gone_citizen}")
            await b.heard.next(events.ControlLost)
            regained = await b.heard.next(events.ControlRegained)
            listed = {live.leg: live for live in regained.legs}
            if LegId(gone) in listed:
                await b.heard.next(events.LegEnded, leg=LegId(gone))
            assert listed[LegId(kept)].number == "79000000002"
            assert (listed[leg].agent, listed[leg].is_answered) == (AGENT, True)
            assert b.link.connections == 2
            await b.control.execute(commands.HangUpLeg(call=kept, leg=leg))
            await b.heard.next(events.LegEnded, leg=leg)
            arrived = [e for e in b.heard.all if isinstance(e, events.CallArrived)]
            assert [e.call for e in arrived] == [gone, kept], "each arrived once"

    asyncio.run(story())


def test_a_hundred_waiting_calls_are_adopted_by_a_new_engine(asterisk: AsteriskRig) -> None:
    async def story() -> None:
        async with bench(asterisk) as first:
            calls = {await first.citizen_calls() for _ in range(100)}
        client = AriClient(access(asterisk))
        async with listening(AriLink(client).run) as heard:
            regained = await heard.next(events.ControlRegained)
            assert calls <= {live.leg for live in regained.legs}
            for call in calls:
                await client.ask("DELETE", f"channels/{call}")
            for call in sorted(calls):
                if not any(event == _hung_up(call) for event in heard.all):
                    await heard.next(events.LegEnded, leg=call)

    asyncio.run(story())


def test_a_killed_asterisk_is_found_again_empty(asterisk: AsteriskRig) -> None:
    async def story() -> None:
        async with bench(asterisk) as b:
            call = await b.citizen_calls()
            asterisk.kill()
            await b.heard.next(events.ControlLost)
            assert b.link.trouble is not None
            refusal = await b.refusal_of(commands.AnswerLeg(call=call, leg=LegId(call)))
            assert not refusal.is_gone
            await asyncio.to_thread(asterisk.start)
            assert (await b.heard.next(events.ControlRegained)).legs == ()
            assert b.link.is_up
            assert await b.citizen_calls() != call
            lost = [e for e in b.heard.all if isinstance(e, events.ControlLost)]
            assert len(lost) == 1

    asyncio.run(story())


def test_a_connection_that_brings_no_events_is_noticed_and_made_anew(
    asterisk: AsteriskRig,
) -> None:
    async def story() -> None:
        async with bench(asterisk) as b:
            # Somebody else's filter makes us deaf, while every request is still answered.
            await hear_only(asterisk, "RESTResponse")
            deaf = time.monotonic()
            await b.heard.next(events.ControlLost)
            assert time.monotonic() - deaf < 5.0
            await b.heard.next(events.ControlRegained)
            await b.citizen_calls()

    asyncio.run(story())


def test_a_connection_that_brings_other_events_is_kept_when_our_own_is_late(
    asterisk: AsteriskRig,
) -> None:
    async def story() -> None:
        async with bench(asterisk) as b:
            await hear_only(asterisk, "RESTResponse", "StasisStart", "StasisEnd")
            late = time.monotonic()
            while time.monotonic() - late < 5.0:  # longer than a deaf one is kept
                await b.citizen_calls()
                await b.citizen_hangs_up()
                await b.heard.next(events.LegEnded)
            assert b.link.connections == 1

    asyncio.run(story())


def test_a_frozen_asterisk_is_noticed_within_five_seconds(asterisk: AsteriskRig) -> None:
    async def story() -> None:
        async with bench(asterisk, patience=timedelta(seconds=1)) as b:
            call = await b.citizen_calls()
            asterisk.freeze()
            frozen = time.monotonic()
            for command in (
                commands.SignalRinging(call=call, leg=LegId(call)),
                commands.AnswerLeg(call=call, leg=LegId(call)),
            ):
                asked = time.monotonic()
                refusal = await b.refusal_of(command)
                assert not refusal.is_gone
                assert "No reply within 1 s" in refusal.detail
                assert time.monotonic() - asked < 1.5
            await b.heard.next(events.ControlLost)
            assert time.monotonic() - frozen < 5.0
            asterisk.thaw()
            await b.heard.next(events.ControlRegained)

    asyncio.run(story())


def test_an_echo_of_an_earlier_connection_is_not_taken_for_our_own(asterisk: AsteriskRig) -> None:
    """It comes before the first reply when Asterisk was frozen; the engine died of it."""

    async def call_everybody() -> None:
        headers = {"Authorization": aiohttp.encode_basic_auth(NAME, SECRET)}
        url = f"{asterisk.ari_url}/events/user/{ECHO}?application={NAME}"
        async with aiohttp.ClientSession(headers=headers) as session:
            while True:
                async with session.post(url):
                    pass

    async def story() -> None:
        others = [asyncio.create_task(call_everybody()) for _ in range(4)]
        for _ in range(10):
            async with bench(asterisk) as b:
                assert b.link.is_up
        for each in others:
            each.cancel()

    asyncio.run(story())


def test_requests_under_way_end_with_the_connection(asterisk: AsteriskRig) -> None:
    async def story() -> None:
        async with bench(asterisk) as b:
            call = await b.citizen_calls()
            asterisk.freeze()
            asked = asyncio.create_task(
                b.refusal_of(commands.SignalRinging(call=call, leg=LegId(call)))
            )
            await asyncio.sleep(0)
            asterisk.kill()
            begun = time.monotonic()
            assert not (await asked).is_gone
            assert time.monotonic() - begun < 2.0
            await asyncio.to_thread(asterisk.start)
            await b.heard.next(events.ControlRegained)

    asyncio.run(story())


def test_a_second_engine_is_refused_and_the_first_undisturbed(asterisk: AsteriskRig) -> None:
    async def story() -> None:
        async with bench(asterisk, life="first/1") as first:
            second = AriLink(AriClient(access(asterisk)), life="second/1")
            with pytest.raises(ApplicationTakenError, match=r"Another engine \(first/1\) serves"):
                await second.run(lambda _: None)
            assert first.link.connections == 1
            await first.citizen_calls(number="+79000000009")

    asyncio.run(story())


def test_an_engine_whose_place_another_one_takes_ends_with_a_clear_sentence(
    asterisk: AsteriskRig,
) -> None:
    async def take_the_place(client: AriClient) -> None:
        async with client.opened(), client.connected():
            while True:
                beat = {"variable": "EKC_ENGINE", "value": "rude/1#1"}
                await client.ask_apart("POST", "asterisk/variable", beat)
                await asyncio.sleep(0.05)

    async def story() -> None:
        first = AriLink(AriClient(access(asterisk)), life="polite/1")
        up = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(first.run(lambda _: up.set()))
            await up.wait()
            rude = tasks.create_task(take_the_place(AriClient(access(asterisk))))
            try:
                await serving
            finally:
                rude.cancel()

    with pytest.raises(ExceptionGroup) as ended:
        asyncio.run(story())
    assert ended.group_contains(ApplicationTakenError, match="Another program connected")


def test_a_connection_of_ours_that_comes_late_and_takes_our_place_is_replaced(
    asterisk: AsteriskRig,
) -> None:
    async def story() -> None:
        async with bench(asterisk, life="late/1") as b:
            late = AriClient(access(asterisk))
            async with late.opened(), late.connected():
                await b.heard.next(events.ControlLost)
                await b.heard.next(events.ControlRegained)
            await b.citizen_calls(number="+79000000010")

    asyncio.run(story())


def test_a_wrong_password_ends_the_engine_with_a_clear_sentence(asterisk: AsteriskRig) -> None:
    link = AriLink(AriClient(access(asterisk, password="wrong")))
    with pytest.raises(AriAccessRefusedError, match=r"refuses the ARI user 'ekc' \(401\)"):
        asyncio.run(link.run(lambda _: None))


def test_an_address_without_ari_is_named(asterisk: AsteriskRig) -> None:
    async def story() -> None:
        url = asterisk.ari_url.removesuffix("/ari") + "/nothing"
        client = AriClient(AriAccess(url=url, user=NAME, password=SECRET))
        link = AriLink(client)
        with suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                await link.run(lambda _: None)
        assert link.trouble is not None
        assert link.trouble.startswith(f"There is no ARI at {url} (404).")

    asyncio.run(story())


def test_a_real_phone_shows_the_appeal_and_declines(asterisk: AsteriskRig) -> None:
    async def story() -> None:
        names = ("X-EKC-Call", "X-EKC-Queue", "X-EKC-Appeal")
        stack = baresip.Runtime()
        await stack.start(baresip.Config(net_interface="127.0.0.1", expose_headers=names))
        try:
            domain = f"127.0.0.1:{asterisk.sip_port}"
            phone = await baresip.UserAgent.create(stack, baresip.Account("roaming", domain, ""))
            await phone.register()
            offers: asyncio.Queue[baresip.Call] = asyncio.Queue()
            phone.on_incoming(offers.put_nowait)
            async with bench(asterisk) as b, asyncio.timeout(20):
                call = await b.citizen_calls()
                leg = await b.dial(call, agent="roaming", number="+79000000001")
                offer = await offers.get()
                assert offer.headers == {
                    "X-EKC-Call": call,
                    "X-EKC-Queue": "Пособия",
                    "X-EKC-Appeal": "2026-000017",
                }
                assert offer.peer.startswith("sip:+79000000001@")
                await offer.reject()
                ended = await b.heard.next(events.LegEnded, leg=leg)
                assert ended.reason in {EndReason.BUSY, EndReason.REFUSED}
                again = await b.dial(call, agent="roaming")
                await (await offers.get()).answer()
                await b.heard.next(events.LegAnswered, leg=again)
                await b.control.execute(commands.HangUpLeg(call=call, leg=again))
                await b.heard.next(events.LegEnded, leg=again)
        finally:
            await stack.close()

    asyncio.run(story())


def test_credentials_show_up_nowhere() -> None:
    shown = repr(AriAccess(url="http://x/ari", user="u", password="p4ss"))
    assert "p4ss" not in shown
