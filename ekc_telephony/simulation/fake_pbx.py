"""
Asterisk as the whole engine sees it: legs that ring, answer and end, and prompts that take time.

The engine's commands are carried out at once and without fault; what follows from them comes back
as events, at the moment at which it would. Its facts tell people what became of them.

Rule 1: a leg ends once; what is ordered of a leg that is gone changes nothing.
Rule 2: an event never reaches the engine while it still decides about another.
"""

from __future__ import annotations

import wave
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from ekc_telephony.core.acd.specs import KeyTarget
from ekc_telephony.core.call.commands import (
    AskService,
    DialAgent,
    DialNumber,
    HangUpLeg,
    PlayPrompts,
    RecordLeg,
    SendToFallback,
    StopPlayback,
)
from ekc_telephony.core.call.events import (
    CallArrived,
    ControlRegained,
    EndReason,
    Event,
    KeyPressed,
    LegAnswered,
    LegEnded,
    PlaybackFinished,
    PresenceDeclared,
    RecordingEnded,
    ServiceAnswered,
)
from ekc_telephony.core.call.facts import (
    AgentChanged,
    CallEnded,
    SegmentEnded,
    SegmentKind,
    SegmentStarted,
)
from ekc_telephony.core.call.lookup import LookupFailure, LookupResult
from ekc_telephony.core.engine.effects import Effect
from ekc_telephony.core.engine.engine import Engine
from ekc_telephony.core.engine.waiting_room import KEY_WORDS
from ekc_telephony.core.kernel.ids import CallId, LegId, OfferId, PlaybackId, PromptKey
from ekc_telephony.settings.routing import acd_of
from ekc_telephony.simulation.agenda import Agenda
from ekc_telephony.simulation.ledger import Entry
from ekc_telephony.simulation.load import MENU, Playable
from ekc_telephony.simulation.people import People
from ekc_telephony.simulation.shifts import Declaration

UNKNOWN_PROMPT_S: Final = 3.0
"""How long a prompt lasts whose sound is not there to look at."""
MESSAGE_S: Final = 30.0
"""How long a caller speaks who leaves a message."""
REACTION_S: Final = 1.0
"""How long after the end of a menu's prompts its caller presses his key."""
OUTSIDE_ANSWERS_S: Final = 10.0
"""How long a number outside rings; somebody there always answers and talks as we would have."""
LOOKUP_S: Final = 0.5
"""How long a lookup takes. None finds anything: the citizens of a day are made up, and the fallback
of a script is the way that needs the most operators."""
_CALLBACK_OFFER: Final = KEY_WORDS[KeyTarget.CALLBACK]
_CONVERSATIONS: Final = frozenset({SegmentKind.TALK, SegmentKind.OUTSIDE})


class FakePbx:
    """
    The engine with its world.

    Args:
        playable: Queues, agents and scripts.
        agenda: The virtual clock.
        people: Callers and operators.
    """

    def __init__(self, playable: Playable, agenda: Agenda, people: People) -> None:
        self.engine = Engine(playable.plan, acd_of(playable.centre))
        self._agenda = agenda
        self._people = people
        self._prompts = PromptLengths(playable.sounds)
        self._entry_of_call: dict[CallId, Entry] = {}
        self._call_of_entry: dict[int, CallId] = {}
        self._keys_left: dict[CallId, str] = {}
        self._legs: dict[LegId, Entry] = {}
        self._playbacks: dict[PlaybackId, LegId] = {}
        self._doers: Mapping[type[Effect], Callable[[Any], None]] = {
            DialAgent: self._dial,
            DialNumber: self._dial_outside,
            HangUpLeg: self._hang_up,
            SendToFallback: self._hang_up,
            PlayPrompts: self._play,
            StopPlayback: self._stop_playback,
            RecordLeg: self._record_leg,
            AskService: self._ask,
            SegmentStarted: self._segment_started,
            SegmentEnded: self._segment_ended,
            CallEnded: self._call_ended,
            AgentChanged: self._agent_changed,
        }
        self._tell(ControlRegained(legs=(), bridges=frozenset()))

    # --- what people do

    def arrives(self, entry: Entry) -> None:
        """Let a caller call."""
        call = CallId(f"ekc-{int(self._agenda.now.timestamp())}.{len(self._entry_of_call) + 1}")
        self._entry_of_call[call] = entry
        self._call_of_entry[id(entry)] = call
        self._legs[LegId(call)] = entry
        if entry.caller.keys:
            self._keys_left[call] = entry.caller.keys
        self._tell(CallArrived(call=call, did=entry.caller.did, number=entry.caller.number))

    def hangs_up(self, entry: Entry) -> None:
        """Let a caller hang up."""
        self._end_leg((LegId(self._call_of_entry[id(entry)]), EndReason.HUNG_UP))

    def picks_up(self, offer: OfferId) -> None:
        """Let the operator answer."""
        leg = LegId(offer)
        if leg in self._legs:
            self._tell(LegAnswered(leg=leg))

    def declines(self, offer: OfferId) -> None:
        """Let the operator decline."""
        self._end_leg((LegId(offer), EndReason.BUSY))

    def declares(self, declaration: Declaration) -> None:
        """Let an operator declare his presence."""
        self._tell(
            PresenceDeclared(
                agent=declaration.agent,
                presence=declaration.presence,
                reason=declaration.reason,
            )
        )

    # --- time

    def next_deadline(self) -> datetime | None:
        """Return when the engine must next be asked."""
        return self.engine.next_deadline()

    def on_time(self) -> None:
        """Ask the engine what is due."""
        self._follow(self.engine.on_time(self._agenda.now))

    # --- what the engine says

    def _tell(self, event: Event) -> None:
        self._follow(self.engine.handle(event, self._agenda.now))

    def _follow(self, effects: Iterable[Effect]) -> None:
        doer_of = self._doers.get
        for effect in effects:
            doer = doer_of(type(effect))
            if doer is not None:
                doer(effect)

    def _dial(self, command: DialAgent) -> None:
        entry = self._entry_of_call[command.call]
        self._legs[command.leg] = entry
        self._people.rings(entry, OfferId(command.leg), command.ring_time)

    def _dial_outside(self, command: DialNumber) -> None:
        self._legs[command.leg] = self._entry_of_call[command.call]
        self._agenda.after(OUTSIDE_ANSWERS_S, self._answer_outside, command.leg)

    def _answer_outside(self, leg: LegId) -> None:
        entry = self._legs.get(leg)
        if entry is not None:
            self._tell(LegAnswered(leg=leg))
            self._people.talks(entry)

    def _hang_up(self, command: HangUpLeg | SendToFallback) -> None:
        self._agenda.soon(self._end_leg, (command.leg, EndReason.HUNG_UP))

    def _end_leg(self, ending: tuple[LegId, EndReason]) -> None:
        leg, reason = ending
        if self._legs.pop(leg, None) is not None:
            self._tell(LegEnded(leg=leg, reason=reason))

    def _play(self, command: PlayPrompts) -> None:
        if command.prompts == (MENU,):
            length_s = self._entry_of_call[command.call].caller.menu_s
        else:
            length_s = sum(map(self._prompts.seconds, command.prompts))
        self._playbacks[command.playback] = command.leg
        self._agenda.after(length_s, self._finish_playback, command.playback)
        if _CALLBACK_OFFER in command.prompts:
            self._answer_offer(command.call, length_s)
        if self._keys_left.get(command.call):
            self._agenda.after(length_s + REACTION_S, self._press, command.call)

    def _answer_offer(self, call: CallId, length_s: float) -> None:
        """Press the key that asks to be called back, if the caller likes that."""
        queue = self.engine.sessions[call].queue
        keys = {} if queue is None else self.engine.acd.queues[queue].keys
        key = next((key for key, does in keys.items() if does.target is KeyTarget.CALLBACK), None)
        if key is not None and self._entry_of_call[call].caller.takes_callback:
            self._keys_left[call] = key
            self._agenda.after(length_s + REACTION_S, self._press, call)

    def _press(self, call: CallId) -> None:
        keys, leg = self._keys_left.get(call, ""), LegId(call)
        if keys and leg in self._legs:
            self._keys_left[call] = keys[1:]
            self._tell(KeyPressed(leg=leg, key=keys[0]))

    def _stop_playback(self, command: StopPlayback) -> None:
        self._agenda.soon(self._finish_playback, command.playback)

    def _finish_playback(self, playback: PlaybackId) -> None:
        leg = self._playbacks.pop(playback, None)
        if leg is not None and leg in self._legs:
            self._tell(PlaybackFinished(playback=playback, leg=leg, was_played=True))

    def _record_leg(self, command: RecordLeg) -> None:
        self._agenda.after(MESSAGE_S, self._finish_message, command)

    def _finish_message(self, command: RecordLeg) -> None:
        if command.leg in self._legs:
            self._tell(RecordingEnded(recording=command.recording))

    def _ask(self, command: AskService) -> None:
        self._agenda.after(LOOKUP_S, self._finish_lookup, command)

    def _finish_lookup(self, command: AskService) -> None:
        result = LookupResult.failed(LookupFailure.UNREACHABLE)
        self._tell(ServiceAnswered(call=command.call, request=command.request, result=result))

    def _segment_started(self, fact: SegmentStarted) -> None:
        entry = self._entry_of_call[fact.call]
        if fact.kind is SegmentKind.WAITING and fact.queue is not None:
            self._keys_left.pop(fact.call, None)
            self._people.waits(entry, fact.queue)
        elif fact.kind is SegmentKind.TALK:
            self._people.talks(entry)

    def _segment_ended(self, fact: SegmentEnded) -> None:
        if fact.kind in _CONVERSATIONS:
            self._people.talk_is_over(self._entry_of_call[fact.call])

    def _call_ended(self, fact: CallEnded) -> None:
        self._people.is_gone(self._entry_of_call[fact.call], fact.outcome)

    def _agent_changed(self, fact: AgentChanged) -> None:
        entry = None if fact.call is None else self._entry_of_call.get(fact.call)
        self._people.agent_changed(fact, entry)


class PromptLengths:
    """
    How long prompts last, as far as their sounds are there to look at.

    Args:
        folder: Where they lie; None when there are none.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._known: dict[PromptKey, float] = {}

    def seconds(self, prompt: PromptKey) -> float:
        """Return the length of a prompt."""
        if prompt not in self._known:
            self._known[prompt] = self._look(prompt)
        return self._known[prompt]

    def _look(self, prompt: PromptKey) -> float:
        if self._folder is None:
            return UNKNOWN_PROMPT_S
        try:
            with wave.open(str(self._folder / f"{prompt}.wav")) as sound:
                return float(sound.getnframes() / sound.getframerate())
        except (OSError, wave.Error, EOFError):
            return UNKNOWN_PROMPT_S
