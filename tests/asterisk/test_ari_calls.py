"""What the ARI adapter orders in a citizen's call, a real Asterisk does once, and tells of."""

from __future__ import annotations

import asyncio
import time

from ekc_telephony.core.call import commands, events
from ekc_telephony.core.call.events import EndReason
from ekc_telephony.core.kernel.ids import BridgeId, LegId, PlaybackId, PromptKey, RecordingId
from ekc_telephony.runtime.ports import CommandRefusedError
from lab.waiting import eventually
from tests.adapters.ari.asterisk_rig import AsteriskRig
from tests.adapters.ari.bench import Bench, bench, message
from tests.adapters.ari.sip_phone import scripted_phone


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
            # Asterisk tells of the end a moment before it forgets the recording.
            await eventually(lambda: _is_gone(b, stop))
            assert (await b.refusal_of(order)).is_gone
            await b.citizen_hangs_up()
            await b.heard.next(events.LegEnded, leg=LegId(call))

    asyncio.run(story())


async def _is_gone(b: Bench, stop: commands.StopRecording) -> bool:
    try:
        await b.control.execute(stop)
    except CommandRefusedError as refusal:
        return refusal.is_gone
    return False


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
