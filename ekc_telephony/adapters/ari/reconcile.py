"""
What Asterisk holds, put together with what it told us: pure.

After every connect the events that Asterisk sends are kept back, its channels and bridges are
listed, and the core is told the list first (`ControlRegained`) and the events after it. `Held` then
sees to it that nothing is told twice.

Rule 1: a call arrives exactly once. If its `StasisStart` was kept back, it is new to us and arrives
by that event, and the list leaves it out; if it is in the list without one, a `StasisStart` that
comes later is the same arrival and is dropped.
Rule 2: a leg that we dialled is always in the list, since the core may know it and would take its
absence for its end. If its `StasisStart` was kept back, the list shows it unanswered, and the event
answers it.
Rule 3: only legs of our application are listed. A channel of the fallback dialplan is none of ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from ekc_telephony.adapters.ari.models import (
    Bridge,
    Channel,
    ChannelDestroyed,
    Message,
    StasisEnd,
    StasisStart,
)
from ekc_telephony.adapters.ari.translate import AGENT, FEATURE, TAP, caller_number, did_of
from ekc_telephony.core.call.events import ControlRegained, LiveLeg, PhonesElsewhere
from ekc_telephony.core.kernel.ids import AgentId, BridgeId, Did, LegId

DIALLED_BY_US: Final = "AppDial2"
"""Asterisk's name for what a channel does while `originate` rings it (pbx.c)."""

_ACCOUNT: Final = re.compile(r"[^/]+/(?P<account>.+)-[0-9a-f]{8,}(;\d)?")
"""A channel's name: technology, resource, and Asterisk's own number."""


def decode_channels(text: str) -> list[Channel]:
    """Read the answer to `GET channels`."""
    return msgspec.json.decode(text, type=list[Channel])


def decode_bridges(text: str) -> list[Bridge]:
    """Read the answer to `GET bridges`."""
    return msgspec.json.decode(text, type=list[Bridge])


class _Status(msgspec.Struct):
    startup_time: str
    last_reload_time: str | None = None


class _Info(msgspec.Struct):
    status: _Status | None = None


def decode_start(text: str) -> datetime | None:
    """Read when Asterisk started from the answer to `GET asterisk/info`."""
    status = msgspec.json.decode(text, type=_Info).status
    return None if status is None else moment(status.startup_time)


def decode_loaded(text: str) -> datetime | None:
    """Read when Asterisk loaded its configuration last from the answer to `GET asterisk/info`."""
    status = msgspec.json.decode(text, type=_Info).status
    if status is None or status.last_reload_time is None:
        return None
    return moment(status.last_reload_time)


class Held:
    """
    The channels that our application holds, to tell every arrival and every end once.

    Args:
        application: The name of our Stasis application.
    """

    def __init__(self, application: str) -> None:
        self._application = application
        self._listed: set[str] = set()
        """In Stasis according to the list; their `StasisStart` would be told twice."""
        self._dialled: set[str] = set()
        """Answered legs that we dialled: `StasisEnd`, then `ChannelDestroyed`, which tells why."""

    def regained(
        self,
        channels: Sequence[Channel],
        bridges: Sequence[Bridge],
        kept_back: Iterable[Message],
        *,
        asterisk_started_at: datetime | None = None,
    ) -> ControlRegained:
        """Begin anew from Asterisk's list; `kept_back` are the events since the connect."""
        arriving = {m.channel.id for m in kept_back if isinstance(m, StasisStart)}
        ours = [b for b in bridges if b.bridge_class == "stasis"]
        bridge_of = {channel: BridgeId(b.id) for b in ours for channel in b.channels}
        legs = [self._leg(channel, arriving, bridge_of.get(channel.id)) for channel in channels]
        self._listed = {c.id for c in channels if self._arguments(c) is not None} - arriving
        self._dialled = {c.id for c in channels if self._arguments(c) == [AGENT]} - arriving
        return ControlRegained(
            legs=tuple(leg for leg in legs if leg is not None),
            elsewhere=frozenset(
                LegId(channel.id)
                for channel, leg in zip(channels, legs, strict=True)
                if leg is None and channel.id not in arriving
            ),
            phones_elsewhere=frozenset(
                account
                for channel, leg in zip(channels, legs, strict=True)
                if leg is None
                and channel.id not in arriving
                and (account := account_of(channel)) is not None
            ),
            asterisk_started_at=asterisk_started_at,
            bridges=frozenset(BridgeId(b.id) for b in ours),
        )

    def phones_elsewhere(self, channels: Sequence[Channel]) -> PhonesElsewhere | None:
        """
        Return whose phones are in calls that are not ours.

        None when there is no such call: nobody needs to look again. An account may be a trunk's;
        the core knows its agents.
        """
        strange = [each for each in channels if self._leg(each, set(), None) is None]
        if not strange:
            return None
        accounts = (account_of(each) for each in strange)
        return PhonesElsewhere(agents=frozenset(each for each in accounts if each is not None))

    def is_news(self, message: Message) -> bool:
        """Take note of the message; False when its content has been told already."""
        match message:
            case StasisStart(args=arguments, channel=channel):
                return self._take_start(arguments, channel.id)
            case StasisEnd(channel=channel):
                self._listed.discard(channel.id)
                return channel.id not in self._dialled
            case ChannelDestroyed(channel=channel):
                self._listed.discard(channel.id)
                self._dialled.discard(channel.id)
            case _:
                pass
        return True

    def _take_start(self, arguments: list[str], channel: str) -> bool:
        if arguments == [AGENT]:
            self._dialled.add(channel)
        if channel in self._listed:
            self._listed.discard(channel)
            return False
        return True

    def _arguments(self, channel: Channel) -> list[str] | None:
        """Return the arguments of `Stasis()`; None for a channel that is not in our application."""
        application, *arguments = channel.dialplan.app_data.split(",")
        is_ours = channel.dialplan.app_name == "Stasis" and application == self._application
        return arguments if is_ours else None

    def _leg(  # noqa: PLR0911 (one row per kind of channel)
        self, channel: Channel, arriving: set[str], bridge: BridgeId | None
    ) -> LiveLeg | None:
        is_arriving = channel.id in arriving
        match self._arguments(channel):
            case None if channel.dialplan.app_name == DIALLED_BY_US and account_of(channel):
                agent = account_of(channel)
                return _live_leg(channel, bridge, did=None, agent=agent, is_told=False)
            case None:
                return None
            case [kind] if kind == AGENT:
                agent = account_of(channel)
                return _live_leg(channel, bridge, did=None, agent=agent, is_told=not is_arriving)
            case [kind] if kind == TAP:
                return _live_leg(channel, bridge, did=None, agent=None, is_told=not is_arriving)
            case _ if is_arriving:
                return None
            case [kind, account, *_] if kind == FEATURE:
                return _live_leg(channel, bridge, did=None, agent=AgentId(account))
            case arguments:
                return _live_leg(channel, bridge, did=did_of(arguments), agent=None)


def moment(text: str) -> datetime:
    """Read a moment as Asterisk writes it."""
    return datetime.fromisoformat(text).astimezone(UTC)


def account_of(channel: Channel) -> AgentId | None:
    """Return whose phone or trunk the channel is; None when its name does not tell."""
    found = _ACCOUNT.fullmatch(channel.name)
    return AgentId(found["account"]) if found else None


def _live_leg(
    channel: Channel,
    bridge: BridgeId | None,
    *,
    did: Did | None,
    agent: AgentId | None,
    is_told: bool = True,
) -> LiveLeg:
    return LiveLeg(
        leg=LegId(channel.id),
        did=did,
        agent=agent,
        number=caller_number(channel.caller.number) if did is not None else None,
        is_answered=is_told and channel.state == "Up",
        bridge=bridge,
        created_at=moment(channel.creationtime),
    )
