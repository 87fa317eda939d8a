"""A command that comes too late for a real Asterisk is told apart from one that failed."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from ekc_telephony.core.call import commands, events
from ekc_telephony.core.call.commands import Command, HangUpCause
from ekc_telephony.core.kernel.ids import (
    AppealId,
    BridgeId,
    CallId,
    LegId,
    PlaybackId,
    PromptKey,
    RecordingId,
)
from tests.adapters.ari.asterisk_rig import AsteriskRig
from tests.adapters.ari.bench import AGENT, bench, message


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
