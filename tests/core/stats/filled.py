"""The forms, filled in from records that are all at hand."""

from __future__ import annotations

from collections.abc import Mapping

from ekc_telephony.core.stats import forms
from ekc_telephony.core.stats.daily import DailySummaries
from ekc_telephony.core.stats.form_rows import (
    DailySummary,
    LostRow,
    Period,
    ServiceRow,
    ShiftRow,
)
from ekc_telephony.core.stats.grouping import By, Key, count_all, tallies_by
from ekc_telephony.core.stats.lost import LostCallers
from ekc_telephony.core.stats.records import Records
from ekc_telephony.core.stats.shifts import Shifts
from ekc_telephony.core.stats.tally import Tally


def counted(by: By, records: Records, period: Period) -> Mapping[Key, Tally]:
    return tallies_by(
        by,
        records,
        since=period.since,
        until=period.until,
        zone=period.zone,
        directory=period.directory,
        wait_edges=period.wait_edges,
    )


def f1(records: Records, period: Period) -> list[DailySummary]:
    days = DailySummaries(period)
    count_all(days, records)
    return days.rows()


def f5(records: Records, period: Period) -> list[LostRow]:
    lost = LostCallers(period)
    count_all(lost, records)
    return lost.rows()


def f6(records: Records, period: Period) -> list[ShiftRow]:
    shifts = Shifts(period)
    count_all(shifts, records)
    return shifts.rows()


def f8(records: Records, period: Period) -> list[ServiceRow]:
    rows = (
        forms.service_row(call, period)
        for call in records.calls
        if period.since <= call.registered_at < period.until
    )
    return [row for row in rows if row is not None]
