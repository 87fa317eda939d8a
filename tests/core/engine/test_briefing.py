"""The briefing ends in a connection, or in a refusal when the agent hangs up; never in silence."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from ekc_telephony.core.call.commands import (
    HangUpLeg,
    JoinBridge,
    PlayPrompts,
    StopPlayback,
)
from ekc_telephony.core.call.events import (
    CallArrived,
    CommandFailed,
    ControlLost,
    ControlRegained,
    EndReason,
    LegAnswered,
    LegEnded,
    LiveLeg,
)
from ekc_telephony.core.call.facts import SegmentEnded, SegmentKind, SegmentOutcome
from ekc_telephony.core.call.presence import Activity
from ekc_telephony.core.engine.briefing import GRACE, LONGEST
from ekc_telephony.core.engine.engine import Effect, Engine
from ekc_telephony.core.kernel.ids import CallId, Did, LegId
from tests.core.office import ANNA, NOON, engine, restored_engine, seconds

OLGA: Final = CallId("olga")
OFFERED: Final = LegId("olga-offer-1")
WAITED: Final = timedelta(minutes=2, seconds=10)
LATER: Final = NOON + WAITED


def briefed() -> tuple[Engine, PlayPrompts]:
    """Let Anna pick up for a caller who has waited for two minutes."""
    core = engine(ready=[ANNA])
    core.handle(CallArrived(call=CallId("first"), did=Did("200"), number=None), NOON)
    core.handle(LegAnswered(leg=LegId("first-offer-1")), NOON)
    core.handle(CallArrived(call=OLGA, did=Did("900"), number=None), NOON)
    core.handle(LegEnded(leg=LegId("first"), reason=EndReason.HUNG_UP), NOON + seconds(100))
    core.on_time(NOON + seconds(115))  # her wrap-up is over
    (said,) = core.handle(LegAnswered(leg=OFFERED), LATER)
    assert isinstance(said, PlayPrompts)
    return core, said


def joins(effects: list[Effect]) -> list[tuple[LegId, ...]]:
    return [each.legs for each in effects if isinstance(each, JoinBridge)]


def offers_ended(effects: list[Effect]) -> list[SegmentOutcome]:
    return [
        each.outcome
        for each in effects
        if isinstance(each, SegmentEnded) and each.kind is SegmentKind.OFFER
    ]


def test_the_agent_alone_hears_the_queue_and_how_long_the_caller_waited() -> None:
    core, said = briefed()
    assert said.leg == OFFERED
    assert said.prompts == ("queue-named", "briefing-waited", "minutes-2")
    assert core.acd.agents[ANNA].activity is Activity.RESERVED


def test_a_briefing_whose_end_is_never_told_is_cut_short() -> None:
    core, said = briefed()
    assert core.next_deadline() == LATER + LONGEST
    effects = core.on_time(LATER + LONGEST)
    assert StopPlayback(call=OLGA, playback=said.playback) in effects
    assert joins(effects) == [(LegId(OLGA), OFFERED)]


def test_a_briefing_that_cannot_be_played_costs_a_moment_only() -> None:
    core, said = briefed()
    failed = CommandFailed(command=said, is_gone=False, detail="no such file")
    assert core.handle(failed, LATER) == []
    assert core.next_deadline() == LATER + GRACE
    assert joins(core.on_time(LATER + GRACE)) == [(LegId(OLGA), OFFERED)]


def test_a_caller_who_hangs_up_during_the_briefing_withdraws_the_offer() -> None:
    core, _ = briefed()
    effects = core.handle(LegEnded(leg=LegId(OLGA), reason=EndReason.HUNG_UP), LATER)
    assert HangUpLeg(call=OLGA, leg=OFFERED) in effects
    assert offers_ended(effects) == [SegmentOutcome.WITHDRAWN]
    assert core.acd.agents[ANNA].activity is Activity.IDLE


def test_a_connection_lost_during_the_briefing_ends_it_when_it_is_back() -> None:
    core, said = briefed()
    core.handle(ControlLost(), LATER)
    effects = core.handle(both_alive(), LATER + seconds(1))
    assert StopPlayback(call=OLGA, playback=said.playback) in effects
    assert joins(effects) == [(LegId(OLGA), OFFERED)]


def test_another_engine_connects_whom_the_one_before_briefed() -> None:
    core, _ = briefed()
    another = restored_engine(core.state(), LATER + seconds(2))
    effects = another.handle(both_alive(), LATER + seconds(2))
    assert joins(effects) == [(LegId(OLGA), OFFERED)]


def both_alive() -> ControlRegained:
    """Return what Asterisk shows while the briefing is heard."""
    caller = LiveLeg(
        leg=LegId(OLGA),
        did=Did("900"),
        agent=None,
        number=None,
        is_answered=True,
        bridge=None,
        created_at=NOON,
    )
    agent = LiveLeg(
        leg=OFFERED,
        did=None,
        agent=ANNA,
        number=None,
        is_answered=True,
        bridge=None,
        created_at=NOON,
    )
    return ControlRegained(legs=(caller, agent), bridges=frozenset())
