"""
ARI messages as the core's events: pure functions, one message in, one event or None out.

A channel's id is our leg's id, and the id of a caller's channel is the call's id. The dialplan
tells by the arguments of `Stasis()` who comes: `inbound,<did>` a citizen,
`feature,<account>,<dialled>` an operator's phone; the leg that we dialled ourselves comes with
`agent` once it is answered.

Rule 1: a leg that came through the dialplan ends with `StasisEnd`: Asterisk unsubscribes us then,
and its `ChannelDestroyed` never reaches us (seen with 22.10). A leg that we dialled ends with
`ChannelDestroyed`, answered or not, and if answered says `StasisEnd` before. `reconcile.Held` lets
one of the two through.
Rule 2: why a leg ended is read from its Q.850 cause first: the SIP status (`tech_cause`) of a leg
that we hung up ourselves is made from our own reason.
Rule 3: a caller's name is ignored: it is anyone's text, and a number is enough to call back.
Rule 4: a transfer that a phone asks for comes with `ChannelTransfer` only because every operator's
channel is `ari-only` (pjsip.conf); Asterisk says it again, with a `state`, for each answer of ours.
Rule 5: that a phone rings is not told: nobody acts on it, and Asterisk would have to send three
messages more for every call.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from ekc_telephony.adapters.ari.models import (
    Channel,
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelHold,
    ChannelTalkingFinished,
    ChannelTalkingStarted,
    ChannelTransfer,
    ChannelUnhold,
    Message,
    PlaybackFinished,
    RecordingFailed,
    RecordingFinished,
    StasisEnd,
    StasisStart,
)
from ekc_telephony.core.call import events
from ekc_telephony.core.call.events import EndReason, Event
from ekc_telephony.core.kernel.ids import AgentId, CallId, Did, LegId, PlaybackId, RecordingId

INBOUND: Final = "inbound"
"""First argument of `Stasis()` for a citizen's call; then comes the number that he dialled."""
FEATURE: Final = "feature"
"""First argument for an operator's feature code; then his account and the digits."""
AGENT: Final = "agent"
"""The only argument of a leg that we dialled."""

TAP: Final = "tap"
"""The only argument of a leg that hears another one (Asterisk's «snoop channel»)."""

LONGEST_NUMBER: Final = 20
"""Digits; E.164 allows 15, and some networks add a prefix."""

_BY_Q850: Final[Mapping[int, EndReason]] = MappingProxyType(
    dict.fromkeys((0, 16, 26, 31), EndReason.HUNG_UP)
    | dict.fromkeys((17,), EndReason.BUSY)
    | dict.fromkeys((21,), EndReason.REFUSED)
    | dict.fromkeys((18, 19, 102), EndReason.NOT_ANSWERED)
    | dict.fromkeys((1, 3, 20, 22, 27), EndReason.UNREACHABLE)
)
_BY_SIP: Final[Mapping[int, EndReason]] = MappingProxyType(
    dict.fromkeys((486, 600), EndReason.BUSY)
    | dict.fromkeys((403, 603), EndReason.REFUSED)
    | dict.fromkeys((408, 480), EndReason.NOT_ANSWERED)
    | dict.fromkeys((404, 410), EndReason.UNREACHABLE)
)
_LETTER: Final = re.compile(r"[^\W\d_]")
_NOT_DIALLED: Final = re.compile(r"[^0-9+]")


def translate(message: Message) -> Event | None:  # noqa: C901, PLR0911, PLR0912 (one row per message)
    """Return what the message tells the core; None when nothing."""
    match message:
        case StasisStart(args=arguments, channel=channel):
            return _arrival(arguments, channel)
        case StasisEnd(channel=channel):
            return events.LegEnded(leg=LegId(channel.id), reason=EndReason.HUNG_UP)
        case ChannelDestroyed(cause=cause, tech_cause=sip, channel=channel):
            return events.LegEnded(leg=LegId(channel.id), reason=end_reason(cause, sip=sip))
        case ChannelTransfer(state=None):
            return _transfer(message)
        case ChannelDtmfReceived(digit=key, channel=channel):
            return events.KeyPressed(leg=LegId(channel.id), key=key)
        case ChannelHold(channel=channel):
            return events.HoldBegan(leg=LegId(channel.id))
        case ChannelUnhold(channel=channel):
            return events.HoldEnded(leg=LegId(channel.id))
        case ChannelTalkingStarted(channel=channel):
            return events.SpeechBegan(leg=LegId(channel.id))
        case ChannelTalkingFinished(channel=channel):
            return events.SpeechEnded(leg=LegId(channel.id))
        case PlaybackFinished():
            return _playback_finished(message)
        case RecordingFailed(recording=recording):
            return events.RecordingFailed(
                recording=RecordingId(recording.name), cause=recording.cause or "without a reason"
            )
        case RecordingFinished(recording=recording):
            return events.RecordingEnded(
                recording=RecordingId(recording.name),
                length=_seconds(recording.duration),
                spoken=_seconds(recording.talking_duration),
            )
        case _:
            return None


def _arrival(arguments: list[str], channel: Channel) -> Event:
    match arguments:
        case [kind] if kind in {AGENT, TAP}:
            return events.LegAnswered(leg=LegId(channel.id))
        case [kind, account, *code] if kind == FEATURE:
            digits = "".join(code)
            return events.FeatureDialled(leg=LegId(channel.id), agent=AgentId(account), code=digits)
        case _:
            number = caller_number(channel.caller.number)
            return events.CallArrived(call=CallId(channel.id), did=did_of(arguments), number=number)


def _transfer(message: ChannelTransfer) -> Event:
    """Return what a REFER asks for; messages with a state repeat what we answered to it."""
    wanted, consulted = message.refer_to.requested_destination, message.refer_to.destination_channel
    return events.TransferAsked(
        leg=LegId(message.referred_by.source_channel.id),
        target=wanted.destination or "",
        is_attended=wanted.protocol_id is not None,
        consulted=None if consulted is None else LegId(consulted.id),
    )


def did_of(arguments: list[str]) -> Did:
    """
    Return the number that a caller dialled; empty when the dialplan does not say.

    A channel in our application that nobody takes would wait for ever; so whatever its arguments
    are, it is a call, and the core knows what to do about a number that nobody has.
    """
    return Did(arguments[1] if len(arguments) > 1 and arguments[0] == INBOUND else "")


def _playback_finished(message: PlaybackFinished) -> Event | None:
    playback = message.playback
    kind, _, leg = playback.target_uri.partition(":")
    if kind != "channel":
        return None
    return events.PlaybackFinished(
        playback=PlaybackId(playback.id), leg=LegId(leg), was_played=playback.state == "done"
    )


def _seconds(measured: int | None) -> timedelta | None:
    return None if measured is None else timedelta(seconds=measured)


def end_reason(q850: int, *, sip: int | None) -> EndReason:
    """Return why a leg ended, from its Q.850 cause, or else from its SIP status."""
    if q850 in _BY_Q850:
        return _BY_Q850[q850]
    return _BY_SIP.get(sip or 0, EndReason.FAILED)


def caller_number(given: str) -> str | None:
    """
    Return the caller's number as digits, perhaps after a plus; None when he hides it.

    A number with letters is no number (`anonymous`, `unavailable`, a SIP name), and neither is one
    that is too long for any network.
    """
    shown = re.split("[;@]", given, maxsplit=1)[0]
    if _LETTER.search(shown):
        return None
    kept = _NOT_DIALLED.sub("", shown)
    digits = kept.replace("+", "")
    if not 0 < len(digits) <= LONGEST_NUMBER:
        return None
    return f"+{digits}" if kept.startswith("+") else digits
