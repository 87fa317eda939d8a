"""A caller goes on in his script after the talk, and another engine may take over at any moment."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ekc_telephony.core.call.commands import (
    AskService,
    DialAgent,
    DialNumber,
    HangUpLeg,
    PlayPrompts,
)
from ekc_telephony.core.call.events import (
    CallArrived,
    EndReason,
    Event,
    KeyPressed,
    LegAnswered,
    LegEnded,
    ServiceAnswered,
)
from ekc_telephony.core.call.facts import CallNoted, NoteKind
from ekc_telephony.core.call.lookup import Answer, LookupResult
from ekc_telephony.core.engine.effects import Effect
from ekc_telephony.core.kernel.ids import CallId, Did, LegId
from tests.core.office import ANNA, NOON, engine, restored_engine, seconds

CALL: Final = CallId("ekc1-1795424400.17")
CALLER: Final = LegId(CALL)


class Relay:
    """An office whose engine is replaced by another after every event."""

    def __init__(self) -> None:
        self.now: datetime = NOON
        self.engine = engine(ready=[ANNA])

    def happens(self, event: Event) -> list[Effect]:
        """Tell an engine, then let another go on from what it knows."""
        self.now += seconds(1)
        effects = self.engine.on_time(self.now) + self.engine.handle(event, self.now)
        self.engine = restored_engine(self.engine.state(), self.now)
        return effects

    def passes(self, count: float) -> list[Effect]:
        """Let time pass until something is due."""
        self.now += seconds(count)
        return self.engine.on_time(self.now)

    def types(self, keys: str) -> list[Effect]:
        """Let the caller press keys."""
        return [each for key in keys for each in self.happens(KeyPressed(leg=CALLER, key=key))]


def _rung(effects: list[Effect]) -> LegId:
    return next(each.leg for each in effects if isinstance(each, DialAgent | DialNumber))


def _said(effects: list[Effect]) -> list[str]:
    return [key for each in effects if isinstance(each, PlayPrompts) for key in each.prompts]


def test_he_rates_though_every_moment_another_engine_goes_on() -> None:
    relay = Relay()
    anna = _rung(relay.happens(CallArrived(call=CALL, did=Did("930"), number="79001234567")))
    relay.happens(LegAnswered(leg=anna))
    asked = relay.happens(LegEnded(leg=anna, reason=EndReason.HUNG_UP))
    assert _said(asked) == ["rate-us"]
    rated = relay.types("5")
    notes = [each for each in rated if isinstance(each, CallNoted)]
    assert [(each.kind, each.target, each.reason) for each in notes] == [
        (NoteKind.RATED, "rating", "5")
    ]


def test_what_he_typed_and_was_asked_for_survives_too() -> None:
    relay = Relay()
    relay.happens(CallArrived(call=CALL, did=Did("940"), number=None))
    asked = next(each for each in relay.types("11223344595") if isinstance(each, AskService))
    assert asked.fields == {"snils": "11223344595"}
    answer = LookupResult.found(Answer.of({"status": "7"}))
    told = relay.happens(ServiceAnswered(call=CALL, request=asked.request, result=answer))
    assert _said(told) == ["your-case", "key-7"]


def test_a_number_outside_that_silence_led_to_is_his_when_it_answers() -> None:
    """Whatever leads to a transfer: its leg is known, and not hung up on as a stranger's."""
    relay = Relay()
    relay.happens(CallArrived(call=CALL, did=Did("950"), number=None))
    outside = _rung(relay.types("2"))
    answered = relay.happens(LegAnswered(leg=outside))
    assert not [each for each in answered if isinstance(each, HangUpLeg)]
