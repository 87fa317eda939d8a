"""
Asterisk's answers, in the guard's words; pure.

As seen on Asterisk 22: `CoreShowChannels` names the application and its arguments, and the bridge
only when there is one; what Asterisk itself puts into a bridge (recorder, announcer) is not listed.
A leg that ARI dials runs `AppDial2` until it is answered, then `Stasis` with `ekc,agent`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from ekc_telephony.adapters.ami.client import AmiMessage
from ekc_telephony.guard.decision import Channel, ChannelsListed, HeartbeatRead


def heartbeat(answer: Sequence[AmiMessage]) -> HeartbeatRead:
    """Return what `Getvar` told."""
    return HeartbeatRead(value=_text(answer[0].get("Value")))


def channels(answer: Iterable[AmiMessage]) -> ChannelsListed:
    """Return what `CoreShowChannels` told."""
    listed = (each for each in answer if each.get("Event") == "CoreShowChannel")
    return ChannelsListed(channels=tuple(_channel(each) for each in listed))


def missing_rights(answer: Sequence[AmiMessage], wanted: Collection[str]) -> list[str]:
    """Return the actions we may not use, from what `ListCommands` told."""
    allowed = {name.casefold() for name in answer[0]}
    return sorted(name for name in wanted if name.casefold() not in allowed)


def _channel(message: AmiMessage) -> Channel:
    return Channel(
        identity=_text(message.get("Uniqueid")),
        name=_text(message.get("Channel")),
        application=_text(message.get("Application")),
        arguments=tuple(_text(message.get("ApplicationData")).split(",")),
        bridge=_text(message.get("BridgeId")) or None,
    )


def _text(value: Any) -> str:
    """Return a header; one that is missing is empty."""
    return "" if value is None else str(value)
