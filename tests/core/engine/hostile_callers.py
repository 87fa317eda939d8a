"""What callers, prompts, recordings and failing commands do in a hostile world."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from ekc_telephony.core.call.commands import (
    DialAgent,
    DialNumber,
    HangUpLeg,
    JoinBridge,
    PlayPrompts,
    RecordLeg,
    TapLeg,
)
from ekc_telephony.core.call.events import (
    CallArrived,
    CommandFailed,
    EndReason,
    KeyPressed,
    LegAnswered,
    LegEnded,
    PlaybackFinished,
    RecordingEnded,
    RecordingFailed,
)
from ekc_telephony.core.kernel.ids import CallId, Did, LegId, RecordingId
from tests.core.engine.hostile_ground import PICK, HostileGround
from tests.core.office import seconds

NUMBERS: Final = st.sampled_from(
    [Did(f"{each}00") for each in range(1, 10)] + [Did(f"9{each}0") for each in range(1, 6)]
)
CITIZENS: Final = st.sampled_from([None, "79001234567", "79007654321"])
KEYS: Final = st.sampled_from("1234569*#A")


class HostileCallers(HostileGround):
    """Rules of callers and of what is played to them."""

    @rule(did=NUMBERS, number=CITIZENS)
    def a_caller_arrives(self, did: Did, number: str | None = None) -> None:
        leg = self.new_leg(did=did)
        leg.number = number
        if self.is_connected:
            self.tell(CallArrived(call=CallId(leg.leg), did=did, number=number))

    @precondition(lambda self: self.is_connected and self.engine.sessions)
    @rule(which=PICK)
    def an_arrival_is_told_twice(self, which: int) -> None:
        call = list(self.engine.sessions)[which % len(self.engine.sessions)]
        self.tell(CallArrived(call=call, did=Did("100"), number=None))

    @precondition(lambda self: self.is_connected and self.asterisk.legs)
    @rule(which=PICK, key=KEYS)
    def somebody_presses_a_key(self, which: int, key: str) -> None:
        self.tell(KeyPressed(leg=self.any_leg(which).leg, key=key))

    @precondition(lambda self: self.is_connected and self.asterisk.playing)
    @rule(which=PICK, was_played=st.sampled_from([True, True, False]))
    def prompts_end(self, which: int, *, was_played: bool) -> None:
        play = self.asterisk.playing.pop(which % len(self.asterisk.playing))
        self.tell(PlaybackFinished(playback=play.playback, leg=play.leg, was_played=was_played))

    @precondition(lambda self: self.is_connected and self.asterisk.ever_played)
    @rule(which=PICK, was_played=st.booleans())
    def the_end_of_prompts_is_told_again(self, which: int, *, was_played: bool) -> None:
        play = self.asterisk.ever_played[which % len(self.asterisk.ever_played)]
        self.tell(PlaybackFinished(playback=play.playback, leg=play.leg, was_played=was_played))

    @precondition(lambda self: self.asterisk.alive())
    @rule(which=PICK, reason=st.sampled_from(EndReason))
    def a_leg_ends(self, which: int, reason: EndReason) -> None:
        alive = self.asterisk.alive()
        leg = alive[which % len(alive)].leg
        self.asterisk.ends(leg)
        if self.is_connected:
            self.tell(LegEnded(leg=leg, reason=reason))

    @precondition(lambda self: self.is_connected and self.asterisk.legs)
    @rule(which=PICK, reason=st.sampled_from(EndReason))
    def the_end_of_a_leg_is_told_late(self, which: int, reason: EndReason) -> None:
        leg = self.any_leg(which)
        if not leg.is_alive:
            self.tell(LegEnded(leg=leg.leg, reason=reason))

    @precondition(lambda self: self.dialled & set(self.asterisk.legs))
    @rule(which=PICK)
    def an_agent_answers(self, which: int) -> None:
        """Tell of it even when the leg is gone, or when it was told before."""
        legs = sorted(self.dialled & set(self.asterisk.legs))
        leg = legs[which % len(legs)]
        self.asterisk.legs[leg].is_answered = True
        if self.is_connected:
            self.tell(LegAnswered(leg=leg))

    @precondition(lambda self: self.is_connected and self.commands)
    @rule(which=st.integers(1, 8), is_gone=st.booleans())
    def a_command_fails(self, which: int, *, is_gone: bool) -> None:
        command = self.commands.pop(-min(which, len(self.commands)))
        self.is_obeyed = False
        match command:
            case DialAgent(leg=leg) | DialNumber(leg=leg) | TapLeg(tap=leg):
                self.asterisk.ends(leg)
            case HangUpLeg(leg=leg):
                is_gone = True  # the outbox repeats what fails for another reason
                self.asterisk.ends(leg)
            case PlayPrompts():
                self.asterisk.playing = [each for each in self.asterisk.playing if each != command]
            case RecordLeg(leg=leg):
                self.asterisk.recording.pop(leg, None)
            case JoinBridge(bridge=bridge, legs=legs) if bridge in self.asterisk.bridges:
                self.asterisk.takes_out(bridge, legs)
            case _:
                pass
        self.tell(CommandFailed(command=command, is_gone=is_gone, detail="500"))

    @precondition(lambda self: self.is_connected and self.asterisk.legs)
    @rule(which=PICK)
    def a_recording_fails(self, which: int) -> None:
        recording = RecordingId(f"{self.any_leg(which).leg}-talk-1")
        self.tell(RecordingFailed(recording=recording, cause="no room on the disk"))
        self.tell(RecordingEnded(recording=recording))

    @precondition(lambda self: self.is_connected)
    @rule(did=st.sampled_from([Did("700"), Did("800")]))
    def a_caller_begins_to_speak_a_message(self, did: Did) -> None:
        """Shorten the way to where messages are."""
        self.a_caller_arrives(did)
        call = list(self.engine.sessions)[-1]
        if did == "800":
            self.tell(KeyPressed(leg=LegId(call), key="2"))
        for play in [each for each in self.asterisk.playing if each.leg == LegId(call)]:
            self.asterisk.playing.remove(play)
            self.tell(PlaybackFinished(playback=play.playback, leg=play.leg, was_played=True))

    @precondition(lambda self: self.is_connected)
    @rule(mistakes=st.integers(0, 1))
    def a_caller_types_his_snils(self, mistakes: int) -> None:
        """Shorten the way to where an information system is asked."""
        self.a_caller_arrives(Did("940"))
        call = list(self.engine.sessions)[-1]
        for key in "11223344594" * mistakes + "*" + "11223344595":
            self.tell(KeyPressed(leg=LegId(call), key=key))

    @precondition(lambda self: self.is_connected)
    @rule(key=st.sampled_from("5123"), number=CITIZENS)
    def a_caller_goes_on_in_his_script_after_a_talk(self, key: str, number: str | None) -> None:
        """Shorten the way to where his agent has hung up on a caller who is to rate him."""
        self.a_caller_arrives(Did("930"), number)
        session = list(self.engine.sessions.values())[-1]
        ringing = session.offered_leg
        if ringing is None:
            return
        self.asterisk.legs[ringing].is_answered = True
        self.tell(LegAnswered(leg=ringing))
        self.asterisk.ends(ringing)
        self.tell(LegEnded(leg=ringing, reason=EndReason.HUNG_UP))
        for pressed in ("1", key):
            self.tell(KeyPressed(leg=session.leg, key=pressed))

    @precondition(lambda self: self.asterisk.recording)
    @rule(which=PICK, length=st.integers(0, 10), silence=st.integers(0, 10))
    def a_message_ends(self, which: int, length: int, silence: int) -> None:
        command = list(self.asterisk.recording.values())[which % len(self.asterisk.recording)]
        del self.asterisk.recording[command.leg]
        self.now += seconds(length)
        spoken = max(0, length - silence)
        if self.is_connected:
            self.tell(_ended(command, length=length, spoken=spoken))

    @precondition(lambda self: self.is_connected and self.asterisk.ever_recorded)
    @rule(which=PICK, is_failed=st.booleans())
    def the_end_of_a_message_is_told_again(self, which: int, *, is_failed: bool) -> None:
        command = self.asterisk.ever_recorded[which % len(self.asterisk.ever_recorded)]
        self.asterisk.recording.pop(command.leg, None)
        self.tell(
            RecordingFailed(recording=command.recording, cause="no room on the disk")
            if is_failed
            else _ended(command, length=3, spoken=3)
        )

    @precondition(lambda self: self.is_connected and self.asterisk.ever_recorded)
    @rule(which=PICK)
    def a_message_cannot_go_on(self, which: int) -> None:
        """Refuse the order to let it go on: it has ended unseen."""
        command = self.asterisk.ever_recorded[which % len(self.asterisk.ever_recorded)]
        if command.leg not in self.asterisk.recording:
            self.tell(CommandFailed(command=command, is_gone=True, detail="404"))


def _ended(command: RecordLeg, *, length: int, spoken: int) -> RecordingEnded:
    return RecordingEnded(
        recording=command.recording, length=seconds(length), spoken=seconds(spoken)
    )
