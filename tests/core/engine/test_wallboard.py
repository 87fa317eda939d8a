"""What the wallboard shows is what the engine knows at this moment."""

from __future__ import annotations

from ekc_telephony.core.call.events import (
    CallArrived,
    ControlRegained,
    EndReason,
    LegAnswered,
    LegEnded,
)
from ekc_telephony.core.call.presence import Activity, Presence
from ekc_telephony.core.engine.state import Phase
from ekc_telephony.core.engine.wallboard import wallboard_of
from ekc_telephony.core.kernel.ids import CallId, Did, LegId
from tests.core.office import ANNA, NOON, URGENT, engine, seconds


def test_a_wallboard_counts_who_talks_and_who_waits_and_for_how_long() -> None:
    core = engine(ready=[ANNA])
    core.handle(ControlRegained(legs=(), bridges=frozenset()), NOON)
    for name in ("olga", "pavel"):
        core.handle(CallArrived(call=CallId(name), did=Did("200"), number="79001234567"), NOON)
    core.handle(LegAnswered(leg=LegId("olga-offer-1")), NOON)
    board = wallboard_of(core, NOON + seconds(7))
    urgent = next(line for line in board.queues if line.queue == URGENT)
    assert (urgent.waiting, urgent.talking, urgent.longest_wait) == (1, 1, seconds(7))
    anna = next(line for line in board.agents if line.agent == ANNA)
    assert (anna.presence, anna.activity) == (Presence.READY, Activity.TALKING)
    phases = {line.appeal: (line.phase, line.agent, line.lasting) for line in board.calls}
    assert phases == {
        "olga": (Phase.TALKING, ANNA, seconds(7)),
        "pavel": (Phase.WAITING, None, seconds(7)),
    }
    assert board.is_connected
    assert "79001234567" not in repr(board)


def test_a_call_that_is_only_wrapped_up_is_not_shown() -> None:
    core = engine(ready=[ANNA])
    core.handle(CallArrived(call=CallId("olga"), did=Did("200"), number=None), NOON)
    core.handle(LegAnswered(leg=LegId("olga-offer-1")), NOON)
    core.handle(LegEnded(leg=LegId("olga"), reason=EndReason.HUNG_UP), NOON)
    board = wallboard_of(core, NOON)
    assert board.calls == ()
    assert {line.activity for line in board.agents} == {Activity.WRAP_UP, Activity.IDLE}
    assert not board.is_connected
