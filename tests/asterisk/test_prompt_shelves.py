"""A real Asterisk finds prompts on three shelves, the studio's first, else in Russian."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ekc_telephony.adapters.ari.execute import AriCallControl
from ekc_telephony.adapters.asterisk_conf.folder import link_sounds
from ekc_telephony.adapters.asterisk_conf.sound_links import playing_language
from ekc_telephony.core.call import commands, events
from ekc_telephony.core.kernel.ids import CallId, LegId, PlaybackId, PromptKey
from tests.adapters.ari.asterisk_rig import AsteriskRig
from tests.adapters.ari.bench import Bench, bench

TOO_LONG_S = 600
"""A sound of this length is never heard to its end in a test."""


def put(shelf: Path, key: str, *, seconds: float = 0.2, language: str = "ru") -> None:
    (shelf / language).mkdir(parents=True, exist_ok=True)
    (shelf / language / f"{key}.alaw").write_bytes(b"\xd5" * int(8000 * seconds))


def test_a_prompt_is_taken_from_the_studio_then_from_the_site_then_from_what_is_shipped(
    asterisk: AsteriskRig, tmp_path: Path
) -> None:
    shipped, rendered, studio = (tmp_path / name for name in ("shipped", "rendered", "studio"))
    put(shipped, "only-shipped")
    put(shipped, "rendered-too", seconds=TOO_LONG_S)
    put(rendered, "rendered-too")
    put(rendered, "recorded-too", seconds=TOO_LONG_S)
    put(studio, "recorded-too")
    put(rendered, "in-english", language="en")
    put(shipped, "in-both", language="en")
    put(studio, "in-both", seconds=TOO_LONG_S)
    link_sounds(asterisk.folder, shipped=shipped, rendered=rendered, studio=studio)

    async def story() -> None:
        async with bench(asterisk) as b:
            call = await b.citizen_calls()
            leg = LegId(call)
            await b.control.execute(commands.AnswerLeg(call=call, leg=leg))

            assert await was_played(b, leg, "only-shipped")
            assert await was_played(b, leg, "rendered-too")
            assert await was_played(b, leg, "recorded-too")
            assert await was_played(b, leg, "in-english", language="en")
            assert await was_played(b, leg, "in-both", language="en")
            assert await was_played(b, leg, "only-shipped", language="en")
            assert not await was_played(b, leg, "in-english")
            assert not await was_played(b, leg, "put-there-now")
            put(rendered, "put-there-now", seconds=TOO_LONG_S)
            put(studio, "put-there-now")
            assert await was_played(b, leg, "put-there-now")

            await b.citizen_hangs_up()
            await b.heard.next(events.LegEnded, leg=leg)

    asyncio.run(story())


async def was_played(b: Bench, leg: LegId, key: str, *, language: str = "ru") -> bool:
    control = AriCallControl(b.client, prompt_language=playing_language)
    playback = PlaybackId(f"{leg}-{key}-{len(b.heard.all)}")
    call, prompts = CallId(leg), (PromptKey(key),)
    await control.execute(commands.SetLanguage(call=call, leg=leg, language=language))
    await control.execute(
        commands.PlayPrompts(call=call, leg=leg, playback=playback, prompts=prompts)
    )
    return (await b.heard.next(events.PlaybackFinished, playback=playback)).was_played
