"""
The language of the stories: a sentence for every event, and one for everything the engine says.

A story names people, never ids. `Cast` remembers which leg is whose: a caller's leg is known by his
name from his first sentence, an agent's leg from the moment the engine dials it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from ekc_telephony.core.call.commands import (
    AnswerLeg,
    AnswerTransfer,
    AskService,
    CreateBridge,
    DestroyBridge,
    DialAgent,
    DialNumber,
    HangUpCause,
    HangUpLeg,
    JoinBridge,
    LeaveBridge,
    PlayPrompts,
    RecordLeg,
    SendToFallback,
    SetLanguage,
    ShowText,
    SignalRinging,
    StartMusic,
    StartRecording,
    StopMusic,
    StopPlayback,
    StopRecording,
    TapLeg,
    WatchSpeech,
)
from ekc_telephony.core.call.events import (
    CallArrived,
    CommandFailed,
    ControlLost,
    EndReason,
    Event,
    FeatureDialled,
    HoldBegan,
    HoldEnded,
    KeyPressed,
    LegAnswered,
    LegEnded,
    MoveAsked,
    PhoneLost,
    PhoneReached,
    PlaybackFinished,
    RecordingEnded,
    RecordingFailed,
    ServiceAnswered,
    SpeechBegan,
    SpeechEnded,
    SupervisionAsked,
    TransferAsked,
)
from ekc_telephony.core.call.facts import (
    AgentChanged,
    CallbackDue,
    CallDisturbed,
    CallEnded,
    CallNoted,
    CallRegistered,
    NoteKind,
    PromptsNotHeard,
    RecordingLost,
    RecordingStarted,
    SegmentEnded,
    SegmentStarted,
)
from ekc_telephony.core.call.lookup import NOT_FOUND, Answer, LookupFailure, LookupResult
from ekc_telephony.core.call.presence import NotReadyReason, Presence
from ekc_telephony.core.call.supervision import SupervisionMode
from ekc_telephony.core.engine.engine import Effect
from ekc_telephony.core.kernel.ids import AgentId, CallId, Did, LegId, QueueId

_FIRST_CALL: Final = 17
"""Asterisk's count in the unique id of the first caller."""


class UnknownSentenceError(Exception):
    """No pattern of `_EVENTS` fits: the story says something the language does not know."""


@dataclass(slots=True)
class Cast:
    """Who is who in one story."""

    names: dict[str, str] = field(default_factory=dict)
    """Leg or call → name of the person."""
    dialled: dict[AgentId, DialAgent | DialNumber] = field(default_factory=dict)
    """The leg on which each agent, or number outside, was rung last."""
    playing: dict[LegId, PlayPrompts] = field(default_factory=dict)
    joins: list[JoinBridge] = field(default_factory=list)
    taps: list[LegId] = field(default_factory=list)
    recordings: list[StartRecording | RecordLeg] = field(default_factory=list)
    asked: list[AskService] = field(default_factory=list)

    def caller(self, name: str) -> LegId:
        """Return the caller's leg; a new name is a new caller."""
        for leg, known in self.names.items():
            if known == name:
                return LegId(leg)
        leg = LegId(f"ekc1-1795424400.{_FIRST_CALL + len(self.names)}")
        self.names[leg] = name
        return leg

    def leg(self, name: str) -> LegId:
        """Return the leg of a caller, or of an agent's phone that was rung."""
        dialled = self.dialled.get(AgentId(name))
        return self.caller(name) if dialled is None else dialled.leg

    def note(self, effect: Effect) -> None:
        """Remember what later sentences refer to."""
        match effect:
            case DialAgent(leg=leg, agent=agent):
                self.dialled[agent] = effect
                self.names[leg] = agent
            case DialNumber(leg=leg, number=number):
                self.dialled[AgentId(number)] = effect
                self.names[leg] = number
            case PlayPrompts(leg=leg):
                self.playing[leg] = effect
            case JoinBridge():
                self.joins.append(effect)
            case TapLeg(tap=tap, leg=leg):
                self.taps.append(tap)
                self.names[tap] = f"the tap on {self.name(leg)}"
            case StartRecording() | RecordLeg():
                self.recordings.append(effect)
            case AskService():
                self.asked.append(effect)
            case _:
                pass

    def name(self, leg: str) -> str:
        """Return whose leg, call or bridge it is."""
        return self.names[leg] if leg in self.names else self.names[leg.partition("-talk-")[0]]


# --- what happens

_Telling = Callable[[Cast, Mapping[str, str]], Event]

_ENDS: Final = {
    "hangs up": EndReason.HUNG_UP,
    "declines": EndReason.BUSY,
    "does not answer": EndReason.NOT_ANSWERED,
    "cannot be reached": EndReason.UNREACHABLE,
    "vanishes from the network": EndReason.FAILED,
}
_WHO: Final = r"(?P<who>\w+('s own call)?)"
"""A person; the call an agent makes to dial something is his «own call»."""
_EVENTS: Final[Mapping[str, _Telling]] = {
    rf"{_WHO} calls (?P<did>\d+)( from (?P<number>\d+))?": lambda cast, said: CallArrived(
        call=CallId(cast.caller(said["who"])), did=Did(said["did"]), number=said["number"]
    ),
    rf"{_WHO} presses (?P<key>[0-9*#A-D])": lambda cast, said: KeyPressed(
        leg=cast.leg(said["who"]), key=said["key"]
    ),
    rf"{_WHO} has heard it all": lambda cast, said: _playback(cast, said, was_played=True),
    rf"{_WHO} hears nothing, a file is missing": lambda cast, said: _playback(
        cast, said, was_played=False
    ),
    rf"{_WHO} puts the caller on hold": lambda cast, said: HoldBegan(leg=cast.leg(said["who"])),
    rf"{_WHO} takes the caller off hold": lambda cast, said: HoldEnded(leg=cast.leg(said["who"])),
    rf"{_WHO} speaks": lambda cast, said: SpeechBegan(leg=cast.leg(said["who"])),
    rf"{_WHO} falls silent": lambda cast, said: SpeechEnded(leg=cast.leg(said["who"])),
    r"(?P<who>\w+) wants to (?P<mode>listen|whisper|barge) with (?P<agent>\w+)": lambda _, said: (
        SupervisionAsked(
            supervisor=AgentId(said["who"]),
            agent=AgentId(said["agent"]),
            mode=SupervisionMode(said["mode"]),
        )
    ),
    r"the tap on (?P<who>\w+) is there": lambda cast, _: LegAnswered(leg=cast.taps[-1]),
    r"the tap on (?P<who>\w+) is gone": lambda cast, _: LegEnded(
        leg=cast.taps[-1], reason=EndReason.HUNG_UP
    ),
    r"(?P<by>\w+) moves (?P<who>\w+) to (?P<queue>\w+)": lambda cast, said: MoveAsked(
        call=CallId(cast.caller(said["who"])), queue=QueueId(said["queue"]), by=said["by"]
    ),
    rf"{_WHO} answers": lambda cast, said: LegAnswered(leg=cast.leg(said["who"])),
    rf"{_WHO} (?P<end>{'|'.join(_ENDS)})": lambda cast, said: LegEnded(
        leg=cast.leg(said["who"]), reason=_ENDS[said["end"]]
    ),
    rf"{_WHO} transfers to (?P<target>\w+)": lambda cast, said: TransferAsked(
        leg=cast.leg(said["who"]), target=said["target"], is_attended=False
    ),
    rf"{_WHO} transfers to the one on the other line": lambda cast, said: TransferAsked(
        leg=cast.leg(said["who"]),
        target="",
        is_attended=True,
        consulted=cast.caller(f"{said['who']}'s own call"),
    ),
    rf"{_WHO} dials (?P<code>[*\w]+)": lambda cast, said: FeatureDialled(
        leg=cast.caller(f"{said['who']}'s own call"), agent=AgentId(said["who"]), code=said["code"]
    ),
    r"the phone of (?P<who>\w+) is lost": lambda _, said: PhoneLost(agent=AgentId(said["who"])),
    r"the phone of (?P<who>\w+) is back": lambda _, said: PhoneReached(agent=AgentId(said["who"])),
    r"dialling (?P<who>\w+) fails": lambda cast, said: CommandFailed(
        command=cast.dialled[AgentId(said["who"])], is_gone=False, detail="no such endpoint"
    ),
    r"joining them fails": lambda cast, _: CommandFailed(
        command=cast.joins[-1], is_gone=False, detail="internal error"
    ),
    r"the recording fails: (?P<cause>.+)": lambda cast, said: RecordingFailed(
        recording=cast.recordings[-1].recording, cause=said["cause"]
    ),
    r"the message is (?P<length>\d+) s long, (?P<spoken>\d+) s spoken": lambda cast, said: (
        RecordingEnded(
            recording=cast.recordings[-1].recording,
            length=timedelta(seconds=int(said["length"])),
            spoken=timedelta(seconds=int(said["spoken"])),
        )
    ),
    r"the message cannot go on": lambda cast, _: CommandFailed(
        command=cast.recordings[-1], is_gone=True, detail="it is over"
    ),
    r"the service answers: (?P<answer>.+)": lambda cast, said: _answer(
        cast, LookupResult.found(Answer.read(said["answer"]))
    ),
    r"the service knows nothing": lambda cast, _: _answer(cast, NOT_FOUND),
    rf"asking the service fails: (?P<why>{'|'.join(each.value for each in LookupFailure)})": (
        lambda cast, said: _answer(cast, LookupResult.failed(LookupFailure(said["why"])))
    ),
    r"the connection to Asterisk is lost": lambda _cast, _said: ControlLost(),
}


def _playback(cast: Cast, said: Mapping[str, str], *, was_played: bool) -> PlaybackFinished:
    leg = cast.leg(said["who"])
    return PlaybackFinished(playback=cast.playing[leg].playback, leg=leg, was_played=was_played)


def _answer(cast: Cast, result: LookupResult) -> ServiceAnswered:
    asked = cast.asked[-1]
    return ServiceAnswered(call=asked.call, request=asked.request, result=result)


def understand(sentence: str, cast: Cast) -> Event:
    """
    Return the event that a sentence tells.

    Raises:
        UnknownSentenceError: The language has no such sentence.
    """
    for pattern, telling in _EVENTS.items():
        match = re.fullmatch(pattern, sentence)
        if match is not None:
            return telling(cast, match.groupdict())
    raise UnknownSentenceError(
        f"«{sentence}» is no event of the stories. Known are:\n  " + "\n  ".join(_EVENTS)
    )


# --- what the engine says


def is_fact(effect: Effect) -> bool:
    """Tell facts from commands."""
    return not hasattr(effect, "call") or hasattr(effect, "at")


def tell(effect: Effect, cast: Cast) -> str:
    """Return an effect as a sentence."""
    if isinstance(effect, AgentChanged):
        return _tell_agent(effect, cast)
    who = cast.name(effect.call)
    return _tell_fact(effect, who) if is_fact(effect) else _tell_command(effect, who, cast)


def _tell_agent(changed: AgentChanged, cast: Cast) -> str:
    reason = f" ({_word(changed.reason)})" if changed.reason is not None else ""
    phone = "" if changed.is_reachable else ", phone lost"
    call = "" if changed.call is None else f", call of {cast.name(changed.call)}"
    activity = _word(changed.activity).replace("wrap up", "wrapping up")
    return f"{changed.agent} is {_word(changed.presence)}{reason} and {activity}{call}{phone}"


def _word(value: Presence | NotReadyReason | object) -> str:
    return str(getattr(value, "value", value)).replace("_", " ")


def _tell_command(effect: Effect, who: str, cast: Cast) -> str:  # noqa: C901, PLR0911, PLR0912 - one line for each command
    match effect:
        case AnswerLeg(leg=leg):
            return f"answer {cast.name(leg)}"
        case SignalRinging(leg=leg):
            return f"let {cast.name(leg)} hear ringing"
        case AnswerTransfer(leg=leg, result=result):
            return f"tell the phone of {cast.name(leg)} that the transfer is {_word(result)}"
        case HangUpLeg(leg=leg, cause=cause):
            why = "" if cause is HangUpCause.NORMAL else f" ({_word(cause)})"
            return f"hang up on {cast.name(leg)}{why}"
        case PlayPrompts(leg=leg, prompts=prompts):
            return f"play to {cast.name(leg)}: {', '.join(prompts)}"
        case StopPlayback():
            return f"stop what {who} hears"
        case StartMusic():
            return f"start music for {who}"
        case StopMusic():
            return f"stop the music of {who}"
        case DialAgent(agent=agent, number=number):
            return f"ring {agent}, showing {number or 'no number'}, {effect.appeal}"
        case DialNumber(number=number, shown=shown):
            return f"ring {number} outside, showing {shown or 'no number'}"
        case CreateBridge():
            return f"make a bridge for {who}"
        case JoinBridge(legs=legs):
            return f"join {' and '.join(cast.name(leg) for leg in legs)}"
        case LeaveBridge(legs=legs):
            return f"take {' and '.join(cast.name(leg) for leg in legs)} out"
        case TapLeg(leg=leg, whispers=whispers):
            return f"tap {cast.name(leg)}{', whispering' if whispers else ''}"
        case DestroyBridge():
            return f"dissolve the bridge of {who}"
        case StartRecording():
            return f"record {who}"
        case RecordLeg(leg=leg):
            return f"record what {cast.name(leg)} says"
        case StopRecording():
            return f"stop recording {who}"
        case WatchSpeech(leg=leg):
            return f"watch whether {cast.name(leg)} speaks"
        case ShowText(agent=agent, text=text):
            return f"show {agent}: {text}"
        case SetLanguage(leg=leg, language=language):
            return f"speak {language} to {cast.name(leg)}"
        case AskService(service=service, fields=fields):
            told = ", ".join(f"{name}={value}" for name, value in fields.items())
            return f"ask {service} for {who}: {told}"
        case SendToFallback():
            return f"give {who} back to the dialplan"
        case _:
            return repr(effect)


def _tell_fact(effect: Effect, who: str) -> str:  # noqa: C901, PLR0911, PLR0912 - one line for each fact
    match effect:
        case CallRegistered(appeal=appeal, number=number):
            return f"{who}'s call is registered as {appeal}, number {number or 'hidden'}"
        case SegmentStarted(kind=kind, agent=agent):
            return f"{who}: {_word(kind)}{_with(agent)} begins"
        case SegmentEnded(kind=kind, agent=agent, outcome=outcome):
            return f"{who}: {_word(kind)}{_with(agent)} ends, {_word(outcome)}"
        case RecordingStarted():
            return f"{who}: recording begins"
        case RecordingLost(cause=cause):
            return f"{who}: recording lost, {cause}"
        case PromptsNotHeard(prompts=prompts):
            return f"{who}: not heard: {', '.join(prompts)}"
        case CallDisturbed(disturbance=disturbance):
            return f"{who} is disturbed, {_word(disturbance)}"
        case CallNoted(kind=NoteKind.SILENT | NoteKind.AGENT_SILENT as kind, agent=agent):
            return f"{who}: noted{_with(agent)}, {_word(kind)}"
        case CallNoted(kind=NoteKind.IDENTIFIED, reason=method):
            return f"{who} is identified by {method}"
        case CallNoted(kind=NoteKind.ASKED_TO_RATE | NoteKind.ASKED, target=question):
            return f"{who} is asked {question}"
        case CallNoted(kind=NoteKind.RATED | NoteKind.SURVEYED, target=question, reason=answer):
            return f"{who} answers {question}: {answer}"
        case CallNoted(kind=kind, agent=agent, target=target, reason=reason):
            why = "" if reason is None else f", {reason}"
            return f"{who} is {_word(kind)} by {agent}: {target}{why}"
        case CallbackDue(reason=reason):
            return f"{who} is to be called back, {_word(reason)}"
        case CallEnded(outcome=outcome):
            return f"{who}'s call ends, {_word(outcome)}"
        case _:
            return repr(effect)


def _with(agent: AgentId | None) -> str:
    return "" if agent is None else f" ({agent})"
