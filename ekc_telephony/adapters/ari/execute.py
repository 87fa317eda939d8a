"""
Commands as ARI requests: one request per command.

Ids are the core's, so a reply that was lost leaves nothing unknown: the channel, bridge or playback
has the name we gave it.

Rule 1: a command goes over the socket unless it may wait for a channel's thread for long; that is
`JoinBridge` and `LeaveBridge`, which go over HTTP. While a prompt plays to a leg it waits for the
prompt's end, up to our patience: the core stops the playback first. `AnswerLeg` waits for the
thread, too, but a leg that is not answered hears no prompt, so the thread is idle (a third of a
millisecond saved for every caller).
Rule 2: `is_gone` means that a thing the command needs exists no longer, the ordinary race with a
hangup. That Asterisk has no phone to dial, or did not answer us, is not that.
Rule 3: what a person or a trunk wrote (queue title, number) is cleaned before it enters a SIP
header.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
from types import MappingProxyType
from typing import Final, assert_never
from urllib.parse import quote

from ekc_telephony.adapters.ari.client import AriClient, AriDownError, AriRefusedError
from ekc_telephony.adapters.ari.translate import AGENT, TAP
from ekc_telephony.core.call import commands
from ekc_telephony.core.call.commands import Command, HangUpCause, TransferResult
from ekc_telephony.core.kernel.ids import AgentId, LegId
from ekc_telephony.runtime.ports import CommandRefusedError

RING_MARGIN: Final = timedelta(seconds=5)
"""Asterisk gives up this much after the core would: a net under it, for an engine that died."""
LONGEST_RECORDING: Final = timedelta(hours=12)
"""ARI needs a limit; without one, a stuck recording would keep its bridge alive for ever."""
REFER_SETTLES: Final = timedelta(seconds=0.3)
"""Before a transfer is answered: Asterisk 22.10.1 tells of a REFER before it has set up what the
answer writes to. Answered within a millisecond, res_pjsip_refer crashed once in about 70 transfers
(a write to a null pointer), and Asterisk with it."""
CHANNEL_LEAVES: Final = timedelta(seconds=0.1)
"""Before an answer that failed is asked for again: Asterisk tells that a channel has left us, and
answers 500 to what is still asked of it, until it has closed the channel's list of commands."""
PHONE_HANGS_UP: Final = timedelta(seconds=2)
"""After a transfer is answered with success, until the next command of that leg's lane, which hangs
up on it: the phone hangs up by itself when it has read the answer. Hung up on at once, it read our
BYE first on a busy machine and took the transfer for failed (3 of 18 transfers)."""
BRIDGE_TYPE: Final = "mixing,dtmf_events"
"""Without the second word Asterisk lets two phones' RTP flow past itself (bridge_native_rtp) where
nothing is recorded, and never hears the keys that an operator presses (seen with 22.10.1)."""
SENDER: Final = "sip:ekc@ekc.invalid"
"""Whose texts they are, for phones; nobody can answer them."""
HIDDEN_NUMBER: Final = "anonymous"
"""What the phone is given as the number of a caller who hides his (RFC 3323)."""
HIDDEN_TITLE: Final = "номер скрыт"
"""Added to the name on the phone's display in that case."""

_Q850: Final[Mapping[HangUpCause, str]] = MappingProxyType(
    {
        HangUpCause.NORMAL: "16",
        HangUpCause.UNKNOWN_NUMBER: "1",
        HangUpCause.TROUBLE: "41",
        HangUpCause.BUSY: "17",
    }
)
_TRANSFER_STATES: Final[Mapping[TransferResult, str]] = MappingProxyType(
    {
        TransferResult.ACCEPTED: "channel_answered",
        TransferResult.UNAVAILABLE: "channel_unavailable",
        TransferResult.DECLINED: "channel_declined",
    }
)
_NOT_IN_A_NAME: Final = re.compile(r'["\\<>\x00-\x1f\x7f]+')
_NOT_OURS: Final = "Channel not in"
_GONE: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY})


class AriCallControl:
    """
    Carries out the core's commands on Asterisk.

    Args:
        client: The connected client.
        endpoint: How an agent's phone is dialled, with `{agent}` for his account.
        prompt_folder: Where prompts lie below Asterisk's `sounds/<language>/`.
        prompt_language: From a script's language to that in which Asterisk looks for its prompts.
        music_class: The class of `musiconhold.conf` for `StartMusic`.
        outside: How each number outside is dialled that callers may be sent on to; no others are.
        fallback_context: The dialplan context that `SendToFallback` leads to, at its extension `s`.
        auto_answer: The SIP header, with its value, that makes an agent's phone answer by itself.
    """

    def __init__(
        self,
        client: AriClient,
        *,
        endpoint: str = "PJSIP/{agent}",
        prompt_folder: str = "ekc",
        prompt_language: Callable[[str], str] = str,
        music_class: str = "default",
        fallback_context: str = "fallback",
        outside: Mapping[str, str] | None = None,
        auto_answer: Mapping[AgentId, tuple[str, str]] | None = None,
    ) -> None:
        self._client = client
        self._endpoint = endpoint
        self._prompt_folder = prompt_folder
        self._prompt_language = prompt_language
        self._music_class = music_class
        self._fallback_context = fallback_context
        self._outside = outside or {}
        self._auto_answer = auto_answer or {}

    async def execute(self, command: Command) -> None:
        """
        Carry out one command and return when Asterisk has accepted it.

        Raises:
            CommandRefusedError: It was refused, or no answer came in time.
        """
        self._client.commands_sent += 1
        try:
            await self._request(command)
        except AriRefusedError as refusal:
            self._client.commands_failed += 1
            raise CommandRefusedError(str(refusal), is_gone=_is_gone(refusal)) from refusal
        except AriDownError as trouble:
            self._client.commands_failed += 1
            raise CommandRefusedError(str(trouble), is_gone=False) from trouble

    async def _request(self, command: Command) -> None:  # noqa: C901, PLR0912, PLR0915 (one row each)
        ask = self._client.ask
        match command:
            case commands.AnswerLeg(leg=leg):
                await self._answer(leg)
            case commands.SignalRinging(leg=leg):
                await ask("POST", f"channels/{quote(leg)}/ring")
            case commands.HangUpLeg(leg=leg, cause=cause):
                await ask("DELETE", f"channels/{quote(leg)}", {"reason_code": _Q850[cause]})
            case commands.PlayPrompts():
                await self._play(command)
            case commands.StopPlayback(playback=playback):
                await ask("DELETE", f"playbacks/{quote(playback)}")
            case commands.StartMusic(leg=leg):
                await ask("POST", f"channels/{quote(leg)}/moh", {"mohClass": self._music_class})
            case commands.StopMusic(leg=leg):
                await ask("DELETE", f"channels/{quote(leg)}/moh")
            case commands.DialAgent():
                await self._dial(command)
            case commands.DialNumber():
                await self._dial_outside(command)
            case commands.CreateBridge(bridge=bridge):
                await ask("POST", f"bridges/{quote(bridge)}", {"type": BRIDGE_TYPE})
            case commands.JoinBridge(bridge=bridge, legs=legs):
                path = f"bridges/{quote(bridge)}/addChannel"
                await self._client.ask_and_wait("POST", path, {"channel": ",".join(legs)})
            case commands.LeaveBridge(bridge=bridge, legs=legs):
                path = f"bridges/{quote(bridge)}/removeChannel"
                await self._client.ask_and_wait("POST", path, {"channel": ",".join(legs)})
            case commands.DestroyBridge(bridge=bridge):
                await ask("DELETE", f"bridges/{quote(bridge)}")
            case commands.StartRecording():
                await self._record(command)
            case commands.TapLeg():
                await self._tap(command)
            case commands.RecordLeg():
                await self._record_leg(command)
            case commands.StopRecording(recording=recording):
                await ask("POST", f"recordings/live/{quote(recording)}/stop")
            case commands.AnswerTransfer(leg=leg, result=result):
                await asyncio.sleep(REFER_SETTLES.total_seconds())
                state = {"states": _TRANSFER_STATES[result]}
                await ask("POST", f"channels/{quote(leg)}/transfer_progress", state)
                if result is TransferResult.ACCEPTED:
                    await asyncio.sleep(PHONE_HANGS_UP.total_seconds())
            case commands.WatchSpeech(leg=leg):
                detector = {"variable": "TALK_DETECT(set)", "value": ""}
                await ask("POST", f"channels/{quote(leg)}/variable", detector)
            case commands.ShowText(agent=agent, text=text):
                path = f"endpoints/{self._endpoint.format(agent=quote(agent))}/sendMessage"
                await ask("PUT", path, {"from": SENDER, "body": text})
            case commands.SetLanguage(leg=leg, language=language):
                value = self._prompt_language(language)
                wanted = {"variable": "CHANNEL(language)", "value": value}
                await ask("POST", f"channels/{quote(leg)}/variable", wanted)
            case commands.SendToFallback(leg=leg):
                target = {"context": self._fallback_context, "extension": "s", "priority": "1"}
                await ask("POST", f"channels/{quote(leg)}/continue", target)
                self._client.dialplan_has_callers.set()
            case commands.AskService():
                detail = "Asterisk is not asked what information systems know"
                raise CommandRefusedError(detail, is_gone=False)
            case _:
                assert_never(command)

    async def _answer(self, leg: LegId) -> None:
        answer = f"channels/{quote(leg)}/answer"
        try:
            await self._client.ask("POST", answer)
        except AriRefusedError as refusal:
            # So it also says of a channel that is just leaving us, with no word of where it goes.
            if refusal.status != HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
            await asyncio.sleep(CHANNEL_LEAVES.total_seconds())
            await self._client.ask("POST", answer)

    async def _play(self, command: commands.PlayPrompts) -> None:
        # One `media` with commas: of a repeated parameter Asterisk takes the last one only.
        media = ",".join(f"sound:{self._prompt_folder}/{prompt}" for prompt in command.prompts)
        path = f"channels/{quote(command.leg)}/play/{quote(command.playback)}"
        await self._client.ask("POST", path, {"media": media})

    async def _record(self, command: commands.StartRecording) -> None:
        query = {
            "name": command.recording,
            "format": "wav",
            "maxDurationSeconds": str(int(LONGEST_RECORDING.total_seconds())),
            "ifExists": "fail",
        }
        try:
            await self._client.ask("POST", f"bridges/{quote(command.bridge)}/record", query)
        except AriRefusedError as refusal:
            # Its name is ours alone: the same order was carried out before, and its answer lost.
            if refusal.status != HTTPStatus.CONFLICT:
                raise

    async def _tap(self, command: commands.TapLeg) -> None:
        # From the tapped leg's side: what comes `in` from its phone, what goes `out` to it.
        query = {
            "spy": "both",
            "whisper": "out" if command.whispers else "none",
            "app": self._client.application,
            "appArgs": TAP,
        }
        path = f"channels/{quote(command.leg)}/snoop/{quote(command.tap)}"
        await self._client.ask("POST", path, query)

    async def _record_leg(self, command: commands.RecordLeg) -> None:
        query = {
            "name": command.recording,
            "format": "wav",
            "maxDurationSeconds": str(math.ceil(command.longest.total_seconds())),
            "maxSilenceSeconds": str(math.ceil(command.silence.total_seconds())),
            "terminateOn": command.until_key,
            "ifExists": "fail",
        }
        try:
            await self._client.ask("POST", f"channels/{quote(command.leg)}/record", query)
        except AriRefusedError as refusal:
            if refusal.status != HTTPStatus.CONFLICT or refusal.reason.startswith(_NOT_OURS):
                raise
            # The same order was carried out before: Asterisk has no recording of that name
            # (404, so it is over), or it goes on.
            await self._client.ask("GET", f"recordings/live/{quote(command.recording)}")

    async def _dial(self, command: commands.DialAgent) -> None:
        limit = command.ring_time + RING_MARGIN
        query = {
            "endpoint": self._endpoint.format(agent=command.agent),
            "channelId": command.leg,
            "app": self._client.application,
            "appArgs": AGENT,
            "originator": command.call,
            "callerId": caller_id(command),
            "timeout": str(int(limit.total_seconds())),
        }
        headers = _headers(command)
        if (told := self._auto_answer.get(command.agent)) is not None:
            name, value = told
            headers[f"PJSIP_HEADER(add,{name})"] = value
        await self._client.ask("POST", "channels", query, {"variables": headers})

    async def _dial_outside(self, command: commands.DialNumber) -> None:
        endpoint = self._outside.get(command.number)
        if endpoint is None:
            raise AriRefusedError(HTTPStatus.FORBIDDEN, "this number outside is not allowed")
        query = {
            "endpoint": endpoint,
            "channelId": command.leg,
            "app": self._client.application,
            "appArgs": AGENT,
            "originator": command.call,
            "callerId": command.shown or HIDDEN_NUMBER,
            "timeout": str(int((command.ring_time + RING_MARGIN).total_seconds())),
        }
        await self._client.ask("POST", "channels", query)


def caller_id(command: commands.DialAgent) -> str:
    """Return what the agent's phone displays: queue, appeal and number."""
    name = f"{shown(command.queue_title)} {shown(command.appeal)}"
    if command.number is None:
        return f'"{name} {HIDDEN_TITLE}" <{HIDDEN_NUMBER}>'
    return f'"{name}" <{command.number}>'


def _headers(command: commands.DialAgent) -> dict[str, str]:
    """
    Return the SIP headers of the INVITE, as functions of the dialplan set on the new channel.

    They hold ids and a title, nothing personal: SIP may travel in clear.
    """
    return {
        "PJSIP_HEADER(add,X-EKC-Call)": shown(command.call),
        "PJSIP_HEADER(add,X-EKC-Queue)": shown(command.queue_title),
        "PJSIP_HEADER(add,X-EKC-Appeal)": shown(command.appeal),
    }


def shown(text: str) -> str:
    """Return the text without what would end or break a quoted SIP display name or a header."""
    return " ".join(_NOT_IN_A_NAME.sub(" ", text).split())


def _is_gone(refusal: AriRefusedError) -> bool:
    """Tell whether a leg, bridge or playback is missing, from Asterisk's status and words."""
    if refusal.status in _GONE or refusal.reason.endswith("not found"):
        return True
    # 409 also means «this id or file exists already», for commands that make something new.
    return refusal.status == HTTPStatus.CONFLICT and refusal.reason.startswith(_NOT_OURS)
