"""A caller in the east finds a service open by his own clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from ekc_telephony.core.call.commands import PlayPrompts
from ekc_telephony.core.call.events import CallArrived, LegAnswered, PlaybackFinished
from ekc_telephony.core.engine.engine import Engine, EnginePlan
from ekc_telephony.core.ivr.hours import BusinessHours, ZoneOf
from ekc_telephony.core.ivr.zones import ZoneTable
from ekc_telephony.core.kernel.ids import CallId, Did, LegId, PromptKey
from tests.core.office import CODES, OFFICE_HOURS, SCRIPTS, acd

MOSCOW = ZoneInfo("Europe/Moscow")
OMSK = ZoneInfo("Asia/Omsk")
SEVEN_IN_MOSCOW = datetime(2026, 11, 23, 7, 0, tzinfo=MOSCOW)
CLOSED = (PromptKey("after-hours"),)
ZONES = ZoneTable(
    by_area_code={"381": OMSK, "495": MOSCOW},
    by_did={Did("100"): OMSK},
)


def heard(office: BusinessHours, number: str | None) -> tuple[PromptKey, ...]:
    """Return what a caller of number 100 hears after the greeting, at seven in Moscow."""
    plan = EnginePlan(
        scripts=SCRIPTS, schedules={"office": office}, zones=ZONES, feature_codes=CODES
    )
    engine = Engine(plan, acd(ready=[]))
    call = CallId("ekc1-1.1")
    now = SEVEN_IN_MOSCOW
    said = engine.handle(CallArrived(call=call, did=Did("100"), number=number), now)
    said += engine.handle(LegAnswered(leg=LegId(call)), now)
    (greeting,) = [each for each in said if isinstance(each, PlayPrompts)]
    finished = PlaybackFinished(playback=greeting.playback, leg=greeting.leg, was_played=True)
    (played,) = [each for each in engine.handle(finished, now) if isinstance(each, PlayPrompts)]
    return played.prompts


@pytest.mark.parametrize(
    ("zone_of", "number", "is_closed"),
    [
        (ZoneOf.SERVICE, "+73812123456", True),
        (ZoneOf.CALLER, "+73812123456", False),
        (ZoneOf.CALLER, "+74951234567", True),
        (ZoneOf.CALLER, "+79161234567", True),
        (ZoneOf.CALLER, None, True),
        (ZoneOf.DIALLED, None, False),
    ],
)
def test_a_schedule_goes_by_the_clock_it_names(
    zone_of: ZoneOf,
    number: str | None,
    is_closed: bool,  # noqa: FBT001 - pytest passes parameters by name
) -> None:
    office = replace(OFFICE_HOURS, zone_of=zone_of)
    assert (heard(office, number) == CLOSED) is is_closed
