"""What an operator dials for his after-call work, and what he hears then."""

from __future__ import annotations

from typing import Final

import pytest

from ekc_telephony.core.call.commands import PlayPrompts
from ekc_telephony.core.call.events import (
    CallArrived,
    ControlRegained,
    EndReason,
    Event,
    FeatureDialled,
    LegAnswered,
    LegEnded,
    WrapUpDeclared,
    WrapUpWish,
)
from ekc_telephony.core.call.facts import SegmentEnded, SegmentKind, SegmentOutcome
from ekc_telephony.core.call.presence import Activity
from ekc_telephony.core.engine.engine import Effect
from ekc_telephony.core.engine.wallboard import AgentLine, wallboard_of
from ekc_telephony.core.kernel.ids import AgentId, CallId, Did, LegId
from tests.core.office import ANNA, NOON, engine, restored_engine, seconds

CALL: Final = CallId("ekc1-1.1")


class Desk:
    """Anna wraps up a call since noon, for 15 seconds."""

    def __init__(self) -> None:
        self.engine = engine(ready=[ANNA])
        self.now = NOON
        self.codes = 0
        for event in (
            ControlRegained(legs=(), bridges=frozenset()),
            CallArrived(call=CALL, did=Did("200"), number=None),
            LegAnswered(leg=LegId(f"{CALL}-offer-1")),
            LegEnded(leg=LegId(CALL), reason=EndReason.HUNG_UP),
        ):
            self.tell(event)
        assert self.anna().activity is Activity.WRAP_UP

    def tell(self, event: Event) -> list[Effect]:
        return self.engine.handle(event, self.now)

    def dials(self, code: str) -> list[str]:
        """Return what Anna hears."""
        self.codes += 1
        leg = LegId(f"ekc1-2.{self.codes}")
        said = self.tell(FeatureDialled(leg=leg, agent=ANNA, code=code))
        return [key for each in said if isinstance(each, PlayPrompts) for key in each.prompts]

    def waits(self, count: float) -> list[Effect]:
        self.now += seconds(count)
        return self.engine.on_time(self.now)

    def anna(self) -> AgentLine:
        lines = wallboard_of(self.engine, self.now).agents
        return next(each for each in lines if each.agent == ANNA)


def test_a_code_gives_more_time_and_says_so_as_long_as_there_is_more() -> None:
    desk = Desk()
    assert desk.dials("*49") == ["wrap-up-extended"]
    assert desk.dials("*49") == ["wrap-up-extended"]
    assert desk.dials("*49") == ["wrap-up-not-extended"]
    assert desk.anna().activity_ends == NOON + seconds(75)
    assert not desk.anna().may_extend_wrap_up
    said = desk.waits(75)
    ended = [each for each in said if isinstance(each, SegmentEnded)]
    assert [(each.kind, each.outcome) for each in ended] == [
        (SegmentKind.WRAP_UP, SegmentOutcome.TIME_IS_UP)
    ]
    assert desk.dials("*49") == ["wrap-up-not-extended"]


@pytest.mark.parametrize(("wish", "lasts"), [(WrapUpWish.EXTEND, 45), (WrapUpWish.END, 0)])
def test_a_wrap_up_is_extended_or_ended_by_the_api(wish: WrapUpWish, lasts: int) -> None:
    desk = Desk()
    desk.tell(WrapUpDeclared(agent=ANNA, wish=wish))
    ends = desk.anna().activity_ends
    assert ends == (NOON + seconds(lasts) if lasts else None)
    assert desk.tell(WrapUpDeclared(agent=AgentId("nobody"), wish=wish)) == []


def test_another_engine_knows_how_long_the_wrap_up_lasts_and_how_often_it_was_extended() -> None:
    desk = Desk()
    desk.dials("*49")
    desk.engine = restored_engine(desk.engine.state(), desk.now)
    assert desk.anna().activity_ends == NOON + seconds(45)
    assert desk.dials("*49") == ["wrap-up-extended"]
    assert desk.dials("*49") == ["wrap-up-not-extended"]
