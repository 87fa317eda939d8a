"""One agent: every change of activity is a row of the table, or refused without effect."""

from __future__ import annotations

import pytest

from ekc_telephony.core.acd.agent import (
    ACTIVITY_TRANSITIONS,
    Agent,
    AgentStep,
    IllegalTransitionError,
)
from ekc_telephony.core.call.presence import Activity, NotReadyReason, Presence
from ekc_telephony.core.kernel.ids import CallId
from tests.core.office import ANNA, NOON, seconds


def an_agent(activity: Activity = Activity.IDLE) -> Agent:
    anna = Agent(ANNA, presence=Presence.READY)
    anna.activity = activity
    return anna


@pytest.mark.parametrize("step", AgentStep)
@pytest.mark.parametrize("activity", Activity)
def test_a_step_is_a_row_of_the_table_or_refused_without_effect(
    activity: Activity, step: AgentStep
) -> None:
    anna = an_agent(activity)
    before = anna.changed(NOON), anna.activity_ends
    after = ACTIVITY_TRANSITIONS[activity].get(step)
    if after is not None:
        anna.step(step, NOON, call=CallId("call"), lasting=seconds(7))
        assert anna.activity is after
        assert anna.call == "call"
        assert anna.activity_ends == NOON + seconds(7)
    else:
        with pytest.raises(IllegalTransitionError, match=f"anna: {step.value} while"):
            anna.step(step, NOON, call=CallId("call"), lasting=seconds(7))
        assert (anna.changed(NOON), anna.activity_ends) == before


def test_every_activity_has_a_way_back_to_idle() -> None:
    reached = {Activity.IDLE}
    for _ in Activity:
        reached |= {
            start for start, rows in ACTIVITY_TRANSITIONS.items() if reached & set(rows.values())
        }
    assert reached == set(Activity)


@pytest.mark.parametrize("presence", Presence)
@pytest.mark.parametrize("activity", Activity)
@pytest.mark.parametrize("is_reachable", [True, False])
def test_only_a_ready_idle_agent_with_a_phone_is_available(
    presence: Presence,
    activity: Activity,
    is_reachable: bool,  # noqa: FBT001 - pytest passes parameters by name
) -> None:
    anna = an_agent(activity)
    anna.presence, anna.is_reachable = presence, is_reachable
    expected = (presence, activity, is_reachable) == (Presence.READY, Activity.IDLE, True)
    assert anna.is_available is expected


def test_a_reason_belongs_to_not_ready_only() -> None:
    anna = an_agent()
    assert anna.declare(Presence.NOT_READY, NotReadyReason.LUNCH)
    assert anna.reason is NotReadyReason.LUNCH
    assert anna.declare(Presence.READY, NotReadyReason.LUNCH)
    assert anna.reason is None


def test_declaring_the_same_again_changes_nothing() -> None:
    anna = an_agent()
    assert not anna.declare(Presence.READY, None)
    assert anna.declare(Presence.NOT_READY, NotReadyReason.LUNCH)
    assert not anna.declare(Presence.NOT_READY, NotReadyReason.LUNCH)
    assert anna.declare(Presence.NOT_READY, NotReadyReason.BREAK)
