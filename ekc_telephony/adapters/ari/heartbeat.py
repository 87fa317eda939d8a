"""
The heartbeat: tells Asterisk's dialplan and the guard that calls may come, and hears the guard.

The engine sets global variables of Asterisk twice a second. The dialplan asks for their age before
it gives a call to us, the guard watches that they change. The guard sets one of its own, whose
change we watch. They travel over HTTP: an event socket that is being opened anew is no dead engine.

Rule 1: whoever does not see Asterisk's events for longer than `BLIND_LIMIT`, though Asterisk
answers, does not beat: a call that came would be served by nobody.
Rule 2: ages are told by Asterisk's clock alone: a beat is dated by what Asterisk itself says it is
(`EPOCH`). It is our clock, too; should it not be, the beat is right nevertheless, and we say so.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final

import msgspec

from ekc_telephony.adapters.ari.client import AriClient, AriDownError, AriRefusedError
from ekc_telephony.runtime.ports import Clock

ALIVE_AT: Final = "EKC_ALIVE_AT"
"""Whole seconds since 1970; the dialplan sends calls elsewhere when it is older than 3."""
ENGINE: Final = "EKC_ENGINE"
"""Which life of which engine beats, and its beats counted: `ekc-1f00/261122#17`. The guard watches
that it changes."""
GUARD_AT: Final = "EKC_GUARD_AT"
"""What the guard sets every second."""
BEAT_EVERY: Final = timedelta(seconds=0.5)
PATIENCE: Final = timedelta(seconds=1)
"""How long a beat may take; one that is stuck in a dead connection must not hold up the next."""
BLIND_LIMIT: Final = timedelta(seconds=3)
GUARD_PATIENCE: Final = timedelta(seconds=5)
"""How long the guard may leave its variable unchanged."""
CLOCK_TOLERANCE: Final = timedelta(seconds=2)
"""How far Asterisk's clock may seem to be from ours; it tells whole seconds, and may be late."""
_EPOCH: Final = "EPOCH"
"""A variable that Asterisk itself computes: whole seconds since 1970."""
_HALF_A_SECOND: Final = timedelta(seconds=0.5)
_LOOK_EVERY: Final = 4
"""Beats between two looks at the guard."""


class Heartbeat:
    """
    Beats while the engine is fit to take calls.

    Args:
        client: Asks Asterisk; its pool is open.
        life: What tells this life of the engine from all others.
        is_fit: Tells whether calls may come.
        clock: Ours, which Asterisk shares.
    """

    def __init__(
        self, client: AriClient, *, life: str, is_fit: Callable[[], bool], clock: Clock
    ) -> None:
        self._client = client
        self._clock = clock
        self._life = life
        self._is_fit = is_fit
        self._beats = 0
        self._guard_value = ""
        self._guard_changed_at: float | None = None
        self._began_at = time.monotonic()
        self.answers_since: float | None = None
        """Since when Asterisk has answered every question, on the monotonic clock."""
        self.asterisk_ahead = timedelta()
        """By how much Asterisk's clock is ahead of ours."""

    @property
    def guard_trouble(self) -> str | None:
        """What is wrong with the guard, in one sentence; None when it is alive."""
        if self._guard_changed_at is None:
            if time.monotonic() - self._began_at < GUARD_PATIENCE.total_seconds():
                return None
            return (
                "no guard runs (`ekc guard`): if this engine dies, callers who wait are not rescued"
            )
        silent_s = time.monotonic() - self._guard_changed_at
        if silent_s < GUARD_PATIENCE.total_seconds():
            return None
        return f"the guard has been silent for {silent_s:.0f} s: see `systemctl status ekc-guard`"

    @property
    def clock_trouble(self) -> str | None:
        """What is wrong with Asterisk's clock, in one sentence; None when it is ours."""
        if abs(self.asterisk_ahead) < CLOCK_TOLERANCE:
            return None
        return (
            f"Asterisk's clock is {self.asterisk_ahead.total_seconds():.0f} s ahead of the "
            "engine's; expected the same one. It was started without the steady clock (LD_PRELOAD, "
            "EKC_CLOCK: docs/operations/clock.md), so setting the machine's clock disturbs calls"
        )

    async def run(self) -> None:
        """Beat for ever; cancel to stop."""
        beats = 0
        while True:
            try:
                async with asyncio.timeout(PATIENCE.total_seconds()):
                    if self._is_fit():
                        await self.beat()
                    if beats % _LOOK_EVERY == 0:
                        await self._look_at_guard()
                self.answers_since = self.answers_since or time.monotonic()
            except (AriDownError, AriRefusedError, TimeoutError):
                # The link says what is wrong; a beat that fails is a beat that is missing.
                self.answers_since = None
            beats += 1
            await asyncio.sleep(BEAT_EVERY.total_seconds())

    async def beat(self) -> None:
        """
        Beat once.

        Raises:
            AriRefusedError: Asterisk answered with an error.
            AriDownError: No answer came.
        """
        alive_at = await self._read(_EPOCH)
        self._compare(alive_at)
        self._beats += 1
        engine = f"{self._life}#{self._beats}"
        for name, value in ((ENGINE, engine), (ALIVE_AT, alive_at)):
            query = {"variable": name, "value": value}
            await self._client.ask_apart("POST", "asterisk/variable", query)

    def _compare(self, alive_at: str) -> None:
        if alive_at.isdigit():
            shown = datetime.fromtimestamp(int(alive_at), UTC)
            self.asterisk_ahead = shown + _HALF_A_SECOND - self._clock.now()

    async def engine_alive(self) -> tuple[str, str]:
        """
        Return which engine beat last, and which beat it was; empty when none ever did.

        Raises:
            AriRefusedError: Asterisk answered with an error.
            AriDownError: No answer came.
        """
        beat = await self._read(ENGINE)
        return beat.rpartition("#")[0], beat

    async def _look_at_guard(self) -> None:
        value = await self._read(GUARD_AT)
        if value and value != self._guard_value:
            self._guard_value = value
            self._guard_changed_at = time.monotonic()

    async def _read(self, name: str) -> str:
        try:
            answer = await self._client.ask_apart("GET", "asterisk/variable", {"variable": name})
        except AriRefusedError as refusal:
            if refusal.status == HTTPStatus.NOT_FOUND:
                return ""  # never set
            raise
        return msgspec.json.decode(answer or "{}", type=dict[str, str]).get("value", "")
