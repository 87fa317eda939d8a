"""Nobody hears «busy»: whoever calls beyond the most calls at once hears the truth (G3)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from ekc_telephony.core.call.commands import HangUpLeg, PlayPrompts, SendToFallback
from ekc_telephony.core.call.events import (
    CallArrived,
    ControlRegained,
    EndReason,
    Event,
    KeyPressed,
    LegEnded,
    PlaybackFinished,
)
from ekc_telephony.core.call.facts import (
    CallbackDue,
    CallbackReason,
    CallEnded,
    CallNoted,
    CallOutcome,
    CallRegistered,
    NoteKind,
)
from ekc_telephony.core.engine.engine import Effect, Engine, EnginePlan
from ekc_telephony.core.engine.plan import Admission
from ekc_telephony.core.engine.state import Phase
from ekc_telephony.core.kernel.ids import CallId, Did, LegId
from ekc_telephony.settings.ivr.load import load_script
from ekc_telephony.settings.ivr.site import KnownNames
from tests.core.office import ANNA, CODES, NOON, OFFICE_HOURS, SCRIPTS, acd, seconds

SCRIPT: Final = load_script(
    Path(__file__).parents[3] / "ivr_scripts" / "overload.yaml",
    known=KnownNames(
        queues=frozenset(),
        skills=frozenset(),
        schedules=frozenset(),
        prompts=frozenset(
            file.stem for file in (Path(__file__).parents[3] / "sounds" / "ru").glob("*.wav")
        ),
    ),
)
NUMBER: Final = "79001234567"


class Rush:
    """An engine that lets two callers in."""

    def __init__(self) -> None:
        plan = EnginePlan(
            scripts=SCRIPTS,
            schedules={"office": OFFICE_HOURS},
            feature_codes=CODES,
            admission=Admission(most_calls=2, script=SCRIPT),
        )
        self.engine = Engine(plan, acd(ready=[ANNA]))
        self.now = NOON
        self.callers = 0
        self.said: list[Effect] = []
        self.tell(ControlRegained(legs=(), bridges=frozenset()))

    def tell(self, event: Event) -> list[Effect]:
        effects = self.engine.handle(event, self.now)
        self.said += effects
        return effects

    def calls(self, number: str | None = NUMBER) -> CallId:
        self.callers += 1
        call = CallId(f"ekc1-1.{self.callers}")
        self.tell(CallArrived(call=call, did=Did("200"), number=number))
        return call

    def hangs_up(self, call: CallId) -> list[Effect]:
        return self.tell(LegEnded(leg=LegId(call), reason=EndReason.HUNG_UP))

    def hears_out(self, call: CallId) -> list[Effect]:
        played = [each for each in self.said if isinstance(each, PlayPrompts)]
        last = [each for each in played if each.call == call][-1]
        self.now += seconds(10)
        heard = PlaybackFinished(playback=last.playback, leg=LegId(call), was_played=True)
        return self.tell(heard)

    def waits(self, count: float) -> None:
        ends = self.now + seconds(count)
        while (due := self.engine.next_deadline()) is not None and due <= ends:
            self.now = max(due, self.now)
            self.said += self.engine.on_time(self.now)
        self.now = ends

    def heard(self, call: CallId) -> list[str]:
        played = [each for each in self.said if isinstance(each, PlayPrompts)]
        return [key for each in played if each.call == call for key in each.prompts]


def test_who_comes_beyond_is_answered_told_the_truth_and_offered_a_callback() -> None:
    rush = Rush()
    rush.calls()
    rush.calls()
    third = rush.calls()
    assert rush.heard(third) == ["overload-offer", "queue-key-message", "key-2"]
    noted = [
        (each.call, each.kind, each.target) for each in rush.said if isinstance(each, CallNoted)
    ]
    assert noted == [(third, NoteKind.OVERLOADED, "overload")]
    said = rush.tell(KeyPressed(leg=LegId(third), key="1"))
    assert [each.reason for each in said if isinstance(each, CallbackDue)] == [CallbackReason.ASKED]
    assert rush.heard(third)[-1] == "callback-promised"
    said = rush.hears_out(third)
    assert any(isinstance(each, HangUpLeg) and each.call == third for each in said)
    said = rush.hangs_up(third)
    assert [e.outcome for e in said if isinstance(e, CallEnded)] == [CallOutcome.CALLBACK_PROMISED]


def test_to_whom_we_cannot_call_back_nothing_is_promised() -> None:
    rush = Rush()
    rush.calls()
    rush.calls()
    third = rush.calls(number=None)
    assert rush.heard(third) == ["overload-sorry", "queue-key-message", "key-2"]
    for _ in range(2):  # he does not want to leave a message either
        rush.hears_out(third)
        rush.waits(6)
    assert rush.heard(third)[-1] == "overload-sorry"
    said = rush.hangs_up(third)
    assert [e.outcome for e in said if isinstance(e, CallEnded)] == [CallOutcome.INFORMED_NO_AGENTS]
    assert not any(isinstance(each, CallbackDue) for each in rush.said)


@pytest.mark.parametrize("number", [None, "79001234567"])
def test_whoever_comes_beyond_may_leave_a_message(number: str | None) -> None:
    rush = Rush()
    rush.calls()
    rush.calls()
    third = rush.calls(number=number)
    rush.tell(KeyPressed(leg=LegId(third), key="2"))
    assert rush.heard(third)[-2:] == ["message-invitation", "message-tone"]
    assert rush.engine.sessions[third].phase is Phase.MESSAGE


def test_who_presses_nothing_is_told_goodbye() -> None:
    rush = Rush()
    rush.calls()
    rush.calls()
    third = rush.calls()
    rush.hears_out(third)
    rush.waits(6)
    rush.hears_out(third)
    rush.waits(6)
    assert rush.heard(third)[-1] == "overload-sorry"


def test_as_soon_as_one_goes_the_next_one_is_let_in() -> None:
    rush = Rush()
    first = rush.calls()
    rush.calls()
    beyond = rush.calls()
    rush.hangs_up(first)
    # Whoever listens to why he is not let in takes nobody's place.
    fourth = rush.calls()
    phases = {call: each.phase for call, each in rush.engine.sessions.items()}
    assert (phases[beyond], phases[fourth]) == (Phase.MENU, Phase.WAITING)


def test_the_record_says_which_script_he_met_and_nobody_is_sent_away_unheard() -> None:
    rush = Rush()
    for _ in range(20):
        rush.calls()
    begun = [each.script for each in rush.said if isinstance(each, CallRegistered)]
    assert begun == ["urgent"] * 2 + ["overload"] * 18
    assert not any(isinstance(each, (HangUpLeg, SendToFallback)) for each in rush.said)
    assert len(rush.engine.sessions) == 20
