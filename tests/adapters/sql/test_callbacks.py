"""Who is on the callback list, when the engine and the fallback both tell of a call."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ekc_telephony.adapters.sql.appeal_store import SqlAppealStore
from ekc_telephony.adapters.sql.queries import AppealHistory, AppealQueries
from ekc_telephony.core.appeals.fallback import FallbackCall, facts_of_cut, facts_of_ended
from ekc_telephony.core.appeals.numbering import appeal_number
from ekc_telephony.core.call.facts import (
    CallbackDue,
    CallbackReason,
    CallEnded,
    CallFact,
    CallOutcome,
    CallRegistered,
)
from ekc_telephony.core.kernel.ids import AgentId, CallId, Did
from tests.adapters.sql.stories import MORNING, call_story

CALL = CallId("ekc-1795300000.17")


def after(seconds: float) -> datetime:
    return MORNING + timedelta(seconds=seconds)


NOTE = FallbackCall(
    call=CALL,
    did=Did("88001000001"),
    number="+79001234567",
    began_at=MORNING,
    entered_at=after(40),
    was_served=True,
    ended_at=after(90),
)


def let_go() -> list[CallFact]:
    """What the engine tells of a call that it gave to the fallback after 40 s."""
    registered = call_story(CALL)[0]
    assert isinstance(registered, CallRegistered)
    return [
        replace(registered, appeal=appeal_number(CALL)),
        CallbackDue(
            call=CALL,
            sequence=2,
            at=after(40),
            number="+79001234567",
            reason=CallbackReason.NOT_SERVED,
        ),
        CallEnded(
            call=CALL,
            sequence=3,
            at=after(40),
            outcome=CallOutcome.SENT_TO_FALLBACK,
            registered_at=MORNING,
        ),
    ]


def by_fallback(note: FallbackCall) -> list[CallFact]:
    return facts_of_ended(note, ended_at=after(90))


def kept_after(database: str, batches: Sequence[Sequence[CallFact]]) -> AppealHistory:
    async def story() -> AppealHistory:
        store = SqlAppealStore(database)
        for batch in batches:
            await store.write(batch)
        await store.close()
        queries = AppealQueries(database)
        found = await queries.find(appeal_number(CALL))
        listed = await queries.callbacks(with_done=True)
        await queries.close()
        assert found is not None
        assert found.calls[0].callback == (listed[0] if listed else None)
        return found

    return asyncio.run(story())


TALKED = replace(NOTE, answered_at=after(60), agent=AgentId("op1"))
ASKED = replace(NOTE, has_asked=True)


@pytest.mark.parametrize("order", ["engine first", "fallback first", "in one batch"])
@pytest.mark.parametrize(
    ("note", "reason"),
    [(NOTE, CallbackReason.NOT_SERVED), (ASKED, CallbackReason.ASKED), (TALKED, None)],
    ids=["left waiting", "asked", "talked"],
)
def test_whoever_tells_first_the_call_lasts_until_he_left_and_who_was_served_is_not_called(
    database: str, order: str, note: FallbackCall, reason: CallbackReason | None
) -> None:
    engine, fallback = let_go(), by_fallback(note)
    batches = {
        "engine first": [engine, fallback],
        "fallback first": [fallback, engine],
        "in one batch": [[*engine, *fallback]],
    }[order]
    (call,) = kept_after(database, batches).calls
    assert (call.summary.outcome, call.summary.ended_at) == (
        CallOutcome.SENT_TO_FALLBACK,
        after(90),
    )
    assert (None if call.callback is None else call.callback.reason) == reason


def test_a_talk_in_the_fallback_that_asterisks_death_cut_is_made_good(database: str) -> None:
    cut = facts_of_cut(TALKED, asterisk_started_at=after(95))
    (call,) = kept_after(database, [let_go(), cut]).calls
    assert call.callback is not None


def test_any_other_outcome_keeps_the_end_that_was_told_first(database: str) -> None:
    *begun, ended = let_go()
    assert isinstance(ended, CallEnded)
    first = replace(ended, outcome=CallOutcome.TECHNICAL_FAILURE)
    (call,) = kept_after(database, [[*begun, first], by_fallback(NOTE)]).calls
    assert (call.summary.outcome, call.summary.ended_at) == (
        CallOutcome.TECHNICAL_FAILURE,
        after(40),
    )
