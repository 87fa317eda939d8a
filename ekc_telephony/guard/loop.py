"""
The guard at work: asks Asterisk over AMI four times a second, and does what `decision` says.

Asking that often finds a still heartbeat at most half a second after its time, so callers are in
the fallback within 5 s of the engine's death. Asterisk answers in less than a millisecond.

Rule 1: it connects for ever; only a refusal ends it, and then systemd starts it with a freshly read
`guard.json`.
Rule 2: a heartbeat older than `LONGEST_SWEEP` is read again before the next caller is touched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Final, assert_never

from ekc_telephony.adapters.ami.client import AmiAccess, AmiClient, AmiDownError, AmiRefusedError
from ekc_telephony.adapters.systemd import notify
from ekc_telephony.guard.decision import (
    Action,
    Channel,
    Guard,
    HangUp,
    ListChannels,
    Moment,
    SendToFallback,
    SightLost,
)
from ekc_telephony.guard.log import Level, say
from ekc_telephony.guard.translate import channels, heartbeat, missing_rights

ASK_EVERY: Final = timedelta(seconds=0.25)
"""Between two readings of the heartbeat."""
BEAT_EVERY: Final = timedelta(seconds=1)
"""Between two beats of our own."""
LONGEST_SWEEP: Final = timedelta(seconds=0.5)
"""How long one look at the channels may be acted on; the rest waits for the next look."""
SHORTEST_PAUSE: Final = timedelta(seconds=0.1)
LONGEST_PAUSE: Final = timedelta(seconds=1)
"""Between two attempts to connect; the pause doubles from the one to the other."""

ENGINE_BEAT: Final = "EKC_ENGINE"
GUARD_BEAT: Final = "EKC_GUARD_AT"
"""Global variables of Asterisk. Ours holds the machine's monotonic seconds, so it only grows."""
FALLBACK_CONTEXT: Final = "fallback"
NORMAL_CLEARING: Final = "16"
WATCHING: Final = "STATUS=watching the engine's heartbeat"
RIGHTS: Final = ("CoreShowChannels", "Getvar", "Hangup", "Redirect", "Setvar")
"""The actions we need; each must be in `ListCommands`."""


class GuardLoop:
    """
    Keeps the connection, and carries out the decisions.

    Args:
        access: Where AMI is and who we are there.
    """

    def __init__(self, access: AmiAccess) -> None:
        self._access = access
        self._client = AmiClient(access)
        self._guard = Guard()
        self._beat_at: Moment | None = None
        self._is_up = False
        self._trouble: str | None = None

    async def run(self) -> None:
        """
        Guard for ever; cancel to stop.

        Raises:
            AmiRefusedError: Asterisk refuses our user, secret or a question we need.
        """
        pause = SHORTEST_PAUSE
        while True:
            try:
                await self._until_lost()
            except AmiDownError as trouble:
                pause = SHORTEST_PAUSE if self._is_up else min(pause * 2, LONGEST_PAUSE)
                self._go_blind(str(trouble))
            await asyncio.sleep(pause.total_seconds())

    def _go_blind(self, trouble: str) -> None:
        if trouble != self._trouble:
            say("no AMI connection", level=Level.WARNING, trouble=trouble)
            notify(f"STATUS={trouble}")
        self._is_up, self._trouble = False, trouble
        self._guard.handle(SightLost(), _now())

    async def _until_lost(self) -> None:
        async with self._client.connected_to_ask():
            await self._check_rights()
            self._is_up, self._trouble = True, None
            say("connected to AMI")
            notify(f"READY=1\n{WATCHING}")
            await self._watch()

    async def _check_rights(self) -> None:
        missing = missing_rights(await self._client.ask("ListCommands"), RIGHTS)
        if missing:
            raise AmiRefusedError(
                f"Asterisk does not let the AMI user {self._access.user!r} at {self._access.host}:"
                f"{self._access.port} use {', '.join(missing)}. Its manager.conf must give this "
                "user `write = call,reporting`; render the configuration again and reload it."
            )

    async def _watch(self) -> None:
        while True:
            await self._beat()
            answer = await self._client.ask("Getvar", Variable=ENGINE_BEAT)
            was_away = self._guard.is_engine_away
            actions = self._guard.handle(heartbeat(answer), _now())
            _tell_change(was_away=was_away, is_away=self._guard.is_engine_away)
            await self._act(actions)
            await asyncio.sleep(ASK_EVERY.total_seconds())

    async def _beat(self) -> None:
        now = _now()
        if self._beat_at is None or now - self._beat_at >= BEAT_EVERY:
            self._beat_at = now
            seconds = now // timedelta(seconds=1)
            await self._client.ask("Setvar", Variable=GUARD_BEAT, Value=str(seconds))

    async def _act(self, actions: Sequence[Action]) -> None:
        give_up_at = _now() + LONGEST_SWEEP
        for action in actions:
            match action:
                case ListChannels():
                    answer = await self._client.ask("CoreShowChannels")
                    await self._act(self._guard.handle(channels(answer), _now()))
                case SendToFallback(channel=channel):
                    await self._send_to_fallback(channel)
                case HangUp(channel=channel):
                    await self._hang_up(channel)
                case _:
                    assert_never(action)
            if _now() >= give_up_at:
                return

    async def _send_to_fallback(self, channel: Channel) -> None:
        with _race_with_a_hangup(channel):
            await self._client.ask(
                "Redirect", Channel=channel.name, Context=FALLBACK_CONTEXT, Exten="s", Priority="1"
            )
            say("caller sent to the fallback", channel=channel.identity)

    async def _hang_up(self, channel: Channel) -> None:
        with _race_with_a_hangup(channel):
            await self._client.ask("Hangup", Channel=channel.name, Cause=NORMAL_CLEARING)
            say("channel hung up", channel=channel.identity, application=channel.application)


@contextmanager
def _race_with_a_hangup(channel: Channel) -> Iterator[None]:
    """Go on when Asterisk refuses: mostly because the channel has ended meanwhile."""
    try:
        yield
    except AmiRefusedError as refusal:
        say("not done", level=Level.WARNING, channel=channel.identity, reason=str(refusal))


def _tell_change(*, was_away: bool, is_away: bool) -> None:
    if is_away and not was_away:
        say(
            "the engine's heartbeat stands still; its callers go to the fallback", level=Level.ERROR
        )
        notify("STATUS=the engine is away; its callers go to the fallback")
    if was_away and not is_away:
        say("the engine's heartbeat is back")
        notify(WATCHING)


def _now() -> Moment:
    return timedelta(seconds=asyncio.get_running_loop().time())
