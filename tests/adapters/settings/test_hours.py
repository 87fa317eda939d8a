"""
Schedules become the days they mean.

The judge of the calendar is the norm of working hours that is published for every year: whoever
has one holiday, one moved day or one short day wrong misses it.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ekc_telephony.core.ivr.hours import ZoneOf
from ekc_telephony.core.ivr.hours_proof import prove_year
from ekc_telephony.core.kernel.ids import Did
from ekc_telephony.settings.area_codes import AREA_CODES, zones_by_area_code
from ekc_telephony.settings.days_off import decrees_known_until
from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.settings.hours import DayKind, SpecialDay, business_hours, special_days
from ekc_telephony.settings.hours_doubts import holidays_trouble, hours_doubts
from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.models import Settings
from ekc_telephony.settings.plan import engine_plan

PROJECT = Path(__file__).parents[3]
SAMPLE = (PROJECT / "ekc.yaml").read_text(encoding="utf-8")
TODAY = date(2026, 11, 22)
HOUR = timedelta(hours=1)
SHORT = "short_days: 1h"


def loaded(text: str) -> Settings:
    return load_settings(PROJECT / "ekc.yaml", text=text)


def with_office(*lines: str, more: str = "") -> Settings:
    """Return the sample with one more schedule, `office`: eight hours a day in Moscow."""
    body = "\n".join(f"    {line}" for line in lines)
    if not any(line.startswith("holidays") for line in lines):
        body += "\n    holidays: RU"
    if not any(line.startswith("time_zone") for line in lines):
        body += "\n    time_zone: Europe/Moscow"
    if not any(line.startswith("weekly") for line in lines):
        body += '\n    weekly: {mon-fri: ["09:00-13:00", "14:00-18:00"]}'
    return loaded(SAMPLE.replace("schedules:", f"{more}schedules:\n  office:\n{body}", 1))


def days(settings: Settings, year: int) -> dict[date, SpecialDay]:
    return dict(special_days(settings, settings.schedules["office"], year, year))


def closing(special: SpecialDay) -> timedelta:
    return special.hours[-1].closes


@pytest.mark.parametrize(
    ("year", "working_days", "norm"),
    [
        (2018, 247, 1970),
        (2019, 247, 1970),
        (2021, 247, 1972),
        (2022, 247, 1973),
        (2023, 247, 1973),
        (2024, 248, 1979),
        (2025, 247, 1972),
        (2026, 247, 1972),
    ],
)
def test_an_office_works_as_long_as_the_norm_of_the_year_says(
    year: int, working_days: int, norm: int
) -> None:
    settings = with_office(SHORT)
    hours = business_hours(settings, settings.schedules["office"], today=date(year, 6, 1))
    proved = prove_year(hours, year)
    assert proved.days_open == working_days
    assert proved.open == norm * HOUR


def test_the_short_days_of_2026_are_those_of_the_production_calendar() -> None:
    short = [day for day, each in days(with_office(SHORT), 2026).items() if len(each.hours)]
    assert short == [date(2026, 4, 30), date(2026, 5, 8), date(2026, 6, 11), date(2026, 11, 3)]


def test_a_working_saturday_before_a_holiday_is_short_like_the_monday_it_is_worked_for() -> None:
    saturday = days(with_office(SHORT), 2027)[date(2027, 2, 20)]
    assert closing(saturday) == 17 * HOUR
    assert saturday.kind is DayKind.SHORT
    assert saturday.title == "Рабочий день (вместо 22.02.2027); короткий день перед 23.02.2027"


def test_a_working_saturday_has_the_hours_of_the_day_that_is_free_instead() -> None:
    week = 'weekly: {mon-thu: ["09:00-18:00"], fri: ["09:00-16:45"]}'
    saturday = days(with_office(week), 2027)[date(2027, 2, 20)]
    assert closing(saturday) == 18 * HOUR
    assert saturday.kind is DayKind.WORKED


def test_a_short_day_takes_away_what_lies_behind_its_end() -> None:
    week = 'weekly: {mon-fri: ["09:00-17:00", "17:30-18:00"]}'
    eve = days(with_office(week, SHORT), 2026)[date(2026, 6, 11)]
    assert [(each.opens, each.closes) for each in eve.hours] == [(9 * HOUR, 17 * HOUR)]


def test_the_last_of_december_is_short_before_a_new_year_that_nobody_asked_for() -> None:
    """2019 has six short days, of which this is one; its holiday is in another year."""
    assert closing(days(with_office(SHORT), 2019)[date(2019, 12, 31)]) == 17 * HOUR


def test_without_short_days_no_day_is_short() -> None:
    assert all(not each.hours for each in days(with_office(), 2026).values())


ALTAI = """regional_holidays:
  altai:
    - {date: 2026-04-21, title: Радоница}
    - 2026-02-18
"""


def test_a_region_has_holidays_of_its_own_with_their_titles() -> None:
    special = days(with_office("region: altai", SHORT, more=ALTAI), 2026)
    assert special[date(2026, 4, 21)] == SpecialDay(kind=DayKind.REGIONAL, title="Радоница")
    assert special[date(2026, 2, 18)] == SpecialDay(kind=DayKind.REGIONAL)
    assert closing(special[date(2026, 4, 20)]) == 17 * HOUR


def test_the_holidays_of_a_region_are_not_those_of_another() -> None:
    assert date(2026, 4, 21) not in days(with_office(more=ALTAI), 2026)


def test_a_closure_says_why_and_an_open_day_is_the_stronger() -> None:
    special = days(
        with_office(
            "closed: [2026-04-30, {date: 2026-05-12, title: Переезд}, 2026-12-31]",
            'open: {2026-04-30: ["10:00-11:00"], 2026-05-09: ["10:00-14:00"]}',
        ),
        2026,
    )
    assert special[date(2026, 5, 12)] == SpecialDay(kind=DayKind.CLOSED, title="Переезд")
    assert closing(special[date(2026, 4, 30)]) == 11 * HOUR
    assert special[date(2026, 5, 9)].kind is DayKind.OPEN
    assert special[date(2026, 12, 31)].title == "Выходной (перенесено с 04.01.2026)"


def test_the_decrees_are_known_until_the_year_after_this_at_least() -> None:
    assert decrees_known_until(TODAY) == 2027


class TestWhoseClock:
    """`time_zone` is a zone, or says whose."""

    def test_a_zone_is_that_of_the_service(self) -> None:
        plan = engine_plan(with_office(), today=TODAY)
        assert plan.schedules["office"].zone == ZoneInfo("Europe/Moscow")
        assert plan.schedules["office"].zone_of is ZoneOf.SERVICE

    def test_the_callers_clock_has_one_to_fall_back_on(self) -> None:
        rule = "time_zone: {of: caller, otherwise: Asia/Omsk}"
        plan = engine_plan(with_office(rule), today=TODAY)
        assert plan.schedules["office"].zone == ZoneInfo("Asia/Omsk")
        assert plan.schedules["office"].zone_of is ZoneOf.CALLER

    def test_a_number_without_an_area_code_can_be_told_its_zone(self) -> None:
        number = '{did: "88001000001", script: hotline, time_zone: Asia/Barnaul}'
        text = SAMPLE.replace('{did: "88001000001", script: hotline}', number)
        plan = engine_plan(loaded(text), today=TODAY)
        zones = plan.zones.of_call(Did("88001000001"), "+74232123456")
        assert zones.dialled == ZoneInfo("Asia/Barnaul")
        assert zones.caller == ZoneInfo("Asia/Vladivostok")

    @pytest.mark.parametrize(
        ("code", "ahead_of_moscow"),
        [
            ("401", -1),
            ("495", 0),
            ("812", 0),
            ("844", 0),
            ("365", 0),
            ("341", 1),
            ("842", 1),
            ("845", 1),
            ("846", 1),
            ("851", 1),
            ("342", 2),
            ("347", 2),
            ("353", 2),
            ("381", 3),
            ("382", 4),
            ("383", 4),
            ("384", 4),
            ("385", 4),
            ("388", 4),
            ("391", 4),
            ("395", 5),
            ("301", 5),
            ("302", 6),
            ("411", 6),
            ("416", 6),
            ("421", 7),
            ("423", 7),
            ("413", 8),
            ("424", 8),
            ("415", 9),
            ("427", 9),
        ],
    )
    @pytest.mark.parametrize("month", [1, 7])
    def test_a_code_is_as_far_ahead_of_moscow_as_the_law_says(
        self, code: str, ahead_of_moscow: int, month: int
    ) -> None:
        zone = zones_by_area_code()[code]
        offset = datetime(2026, month, 1, tzinfo=zone).utcoffset()
        assert offset == (3 + ahead_of_moscow) * HOUR

    def test_no_code_is_named_twice_and_none_is_of_mobiles(self) -> None:
        codes = [code for codes in AREA_CODES.values() for code in codes.split()]
        assert len(codes) == len(set(codes)) == len(zones_by_area_code())
        assert all(len(code) == 3 and code[0] in "348" for code in codes)


class TestMistakes:
    """They are told where they stand."""

    @pytest.mark.parametrize(
        ("lines", "told"),
        [
            (["time_zone: Europe/Moskow"], "an IANA time zone"),
            (["time_zone: {of: callers, otherwise: Europe/Moscow}"], "one of: service, caller"),
            (["time_zone: {of: caller}"], "without the key otherwise"),
            (["region: altay"], "did you mean altai?"),
            (["holidays: none", SHORT], "`holidays: RU` or a `region`"),
            (["closed: [2026-13-01]"], "a date as 2026-12-31"),
            (["closed: [{date: 2026-12-01, titel: Переезд}]"], "did you mean title?"),
        ],
    )
    def test_each_says_what_is_expected(self, lines: list[str], told: str) -> None:
        with pytest.raises(SettingsError, match=r"schedules\.office|office|found") as refused:
            with_office(*lines, more=ALTAI)
        (mistake,) = refused.value.mistakes
        assert told in str(mistake)


class TestDoubts:
    """What is allowed but hardly meant is told, and does not keep the engine from starting."""

    def test_the_sample_leaves_no_doubt(self) -> None:
        assert list(hours_doubts(loaded(SAMPLE), today=TODAY)) == []

    @pytest.mark.parametrize(
        ("lines", "found"),
        [
            (["weekly: {}"], ["not one open minute in 2026", "no weekday", "minute in 2027"]),
            (
                ["closed: [2026-12-01]", 'open: {2026-12-01: ["09:00-10:00"]}'],
                ["2026-12-01 under `closed` and under `open`"],
            ),
        ],
    )
    def test_a_schedule_that_nobody_means(self, lines: list[str], found: list[str]) -> None:
        doubts = list(hours_doubts(with_office(*lines), today=TODAY))
        assert len(doubts) == len(found)
        for doubt, words in zip(doubts, found, strict=True):
            assert words in doubt.found
            assert str(doubt).startswith("schedules.office: found ")

    @pytest.mark.parametrize(
        ("today", "is_told"),
        [
            (date(2027, 11, 29), False),
            (date(2027, 12, 1), True),
            (date(2028, 3, 1), True),
        ],
    )
    def test_a_decree_that_is_missing_a_month_before_its_year(
        self,
        today: date,
        is_told: bool,  # noqa: FBT001 - pytest passes parameters by name
    ) -> None:
        trouble = holidays_trouble(loaded(SAMPLE), planned_on=TODAY, today=today)
        assert (trouble is not None) is is_told
        assert trouble is None or "known until the end of 2027: update EKC" in trouble

    def test_who_knows_no_holidays_misses_none(self) -> None:
        settings = loaded(SAMPLE.replace("holidays: RU", "holidays: none"))
        assert holidays_trouble(settings, planned_on=TODAY, today=date(2050, 1, 1)) is None

    def test_holidays_of_a_region_that_end_before_the_coming_year(self) -> None:
        settings = with_office("region: altai", more=ALTAI)
        assert list(hours_doubts(settings, today=TODAY)) == []
        (doubt,) = hours_doubts(settings, today=date(2026, 12, 1))
        assert doubt.where == "regional_holidays.altai"
        assert "listed until 2026" in doubt.found

    def test_a_region_without_holidays(self) -> None:
        settings = with_office("region: altai", more="regional_holidays: {altai: []}\n")
        (doubt,) = hours_doubts(settings, today=TODAY)
        assert "not listed" in doubt.found
