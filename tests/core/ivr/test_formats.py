"""Whatever a caller types ends, and means what he meant: the judges are written anew here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, time

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from ekc_telephony.core.ivr.formats import (
    Complete,
    DateSide,
    Format,
    FormatKind,
    Mistake,
    More,
    Taken,
    Wrong,
    ends_by_itself,
    longest,
    masked,
    take,
)

TODAY = date(2026, 11, 22)
SNILS = Format(kind=FormatKind.SNILS)
DATE = Format(kind=FormatKind.DATE)
SHORT_DATE = Format(kind=FormatKind.DATE, year_digits=2)
PHONE = Format(kind=FormatKind.PHONE)
TIME = Format(kind=FormatKind.TIME)
YES_NO = Format(kind=FormatKind.YES_NO)

KEYS = "0123456789*#ABCD"
DIGITS = "0123456789"


def typing(asked: Format, keys: Iterable[str], *, today: date = TODAY) -> Taken:
    """Return what came of these keys; those after the end are not asked for."""
    taken: Taken = More("")
    for key in keys:
        if not isinstance(taken, More):
            break
        taken = take(asked, taken.typed, key, today=today)
    return taken


@st.composite
def formats(draw: st.DrawFn) -> Format:
    lengths = sorted(draw(st.tuples(st.integers(1, 12), st.integers(1, 12))))
    bounds = sorted(draw(st.tuples(st.integers(0, 2000), st.integers(0, 2000))))
    return Format(
        kind=draw(st.sampled_from(FormatKind)),
        min_length=lengths[0],
        max_length=lengths[1],
        least=bounds[0],
        most=bounds[1],
        side=draw(st.sampled_from(DateSide)),
        year_digits=draw(st.sampled_from([2, 4])),
    )


def check_digits(account: str) -> str:
    """Return the last two digits of an insurance account, as a clerk would work them out."""
    total = (
        9 * int(account[0])
        + 8 * int(account[1])
        + 7 * int(account[2])
        + 6 * int(account[3])
        + 5 * int(account[4])
        + 4 * int(account[5])
        + 3 * int(account[6])
        + 2 * int(account[7])
        + 1 * int(account[8])
    )
    while total > 101:
        total -= 101
    return "00" if total in {100, 101} else f"{total:02}"


ACCOUNTS = st.integers(1_001_999, 999_999_999).map(lambda number: f"{number:09}")


class TestWhateverIsTyped:
    """Nobody is stuck, and nobody has to know when to stop."""

    @given(formats(), st.text(KEYS, max_size=40))
    def test_never_raises(self, asked: Format, keys: str) -> None:
        assert isinstance(typing(asked, keys), More | Complete | Wrong)

    @given(formats(), st.text(DIGITS + "#", min_size=13, max_size=13))
    def test_ends_within_the_longest_answer_and_one_key(self, asked: Format, keys: str) -> None:
        assert not isinstance(typing(asked, keys[: longest(asked) + 1]), More)

    @given(formats(), st.text(DIGITS, min_size=13, max_size=13))
    def test_ends_without_the_hash_at_the_longest_answer(self, asked: Format, keys: str) -> None:
        assert not isinstance(typing(asked, keys[: longest(asked)]), More)

    @given(formats(), st.text(DIGITS, max_size=12))
    def test_a_format_that_ends_by_itself_leaves_no_answer_waiting(
        self, asked: Format, keys: str
    ) -> None:
        assume(ends_by_itself(asked))
        if isinstance(typing(asked, keys), More):
            assert isinstance(typing(asked, keys + "#"), Wrong)

    @given(st.integers(0, 300), st.integers(0, 300))
    def test_a_number_that_may_wait_for_the_hash_has_a_value_that_does(
        self, least: int, more: int
    ) -> None:
        asked = Format(kind=FormatKind.NUMBER, least=least, most=least + more)
        waiting = [
            number
            for number in range(least, least + more + 1)
            if isinstance(typing(asked, str(number)), More)
        ]
        assert bool(waiting) is not ends_by_itself(asked)

    @given(formats(), st.text("ABCD", max_size=5), st.text(DIGITS, max_size=12))
    def test_keys_that_no_caller_has_change_nothing(
        self, asked: Format, strange: str, keys: str
    ) -> None:
        assert typing(asked, strange + keys) == typing(asked, keys)

    @given(formats(), st.text(DIGITS, max_size=12), st.text(DIGITS + "#", max_size=13))
    def test_the_star_deletes_everything_typed(self, asked: Format, slip: str, keys: str) -> None:
        assume(isinstance(typing(asked, slip), More))
        assert typing(asked, f"{slip}*{keys}") == typing(asked, keys)

    @given(formats())
    def test_the_hash_alone_says_nothing(self, asked: Format) -> None:
        assert typing(asked, "#") == Wrong(Mistake.NOTHING_TYPED)


class TestDigitsAndNumbers:
    """Digits keep their zeros, numbers do not."""

    CASE = Format(kind=FormatKind.DIGITS, min_length=4, max_length=6)

    @pytest.mark.parametrize(
        ("keys", "taken"),
        [
            ("012345", Complete("012345")),
            ("0123", More("0123")),
            ("0123#", Complete("0123")),
            ("012#", Wrong(Mistake.TOO_SHORT)),
        ],
    )
    def test_digits_end_at_their_longest_or_with_the_hash(self, keys: str, taken: Taken) -> None:
        assert typing(self.CASE, keys) == taken

    @pytest.mark.parametrize(
        ("keys", "taken"),
        [
            ("3", Complete(3)),
            ("1", More("1")),
            ("1#", Complete(1)),
            ("12", Complete(12)),
            ("13", Wrong(Mistake.TOO_LARGE)),
            ("07", Complete(7)),
            ("0#", Wrong(Mistake.TOO_SMALL)),
        ],
    )
    def test_a_month_ends_when_no_other_month_could_follow(self, keys: str, taken: Taken) -> None:
        assert typing(Format(kind=FormatKind.NUMBER, least=1, most=12), keys) == taken

    @given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9))
    def test_every_number_within_the_bounds_is_accepted(self, a: int, b: int, c: int) -> None:
        least, number, most = sorted((a, b, c))
        asked = Format(kind=FormatKind.NUMBER, least=least, most=most)
        assert typing(asked, f"{number}#") == Complete(number)

    @pytest.mark.parametrize(("keys", "taken"), [("1", Complete(True)), ("2", Complete(False))])
    def test_one_is_yes_and_two_is_no(self, keys: str, taken: Taken) -> None:
        assert typing(YES_NO, keys) == taken

    @pytest.mark.parametrize("key", "034567899")
    def test_another_digit_is_neither(self, key: str) -> None:
        assert typing(YES_NO, key) == Wrong(Mistake.NO_SUCH_CHOICE)


class TestInsuranceAccounts:
    """The check number finds the slips it can find."""

    def test_the_example_of_the_pension_fund_is_accepted(self) -> None:
        assert typing(SNILS, "11223344595") == Complete("11223344595")

    @given(ACCOUNTS)
    @example("911001000")  # the sum is 100
    @example("087654303")  # the sum is 202, the remainder 0
    def test_every_right_account_is_accepted_at_its_last_digit(self, account: str) -> None:
        keys = account + check_digits(account)
        assert typing(SNILS, keys) == Complete(keys)
        assert typing(SNILS, keys[:-1]) == More(keys[:-1])

    @given(ACCOUNTS, st.integers(0, 99))
    def test_an_account_has_one_check_number_only(self, account: str, check: int) -> None:
        keys = f"{account}{check:02}"
        accepted = isinstance(typing(SNILS, keys), Complete)
        assert accepted is (keys[-2:] == check_digits(account))

    @given(ACCOUNTS, st.integers(0, 10), st.sampled_from(DIGITS))
    def test_one_wrong_digit_is_refused_unless_the_rule_cannot_see_it(
        self, account: str, place: int, digit: str
    ) -> None:
        right = account + check_digits(account)
        slip = right[:place] + digit + right[place + 1 :]
        assume(slip != right)
        # The rule writes the remainders 0 and 100 alike, and does not check the oldest numbers.
        blind = int(slip[:9]) <= 1_001_998 or slip[-2:] == right[-2:] == "00"
        if not blind:
            assert typing(SNILS, slip) == Wrong(Mistake.CHECK_NUMBER)

    @given(st.integers(1, 1_001_998), st.integers(0, 99))
    def test_the_oldest_numbers_are_not_checked(self, account: int, check: int) -> None:
        keys = f"{account:09}{check:02}"
        assert typing(SNILS, keys) == Complete(keys)

    def test_nobody_has_the_number_zero(self) -> None:
        assert typing(SNILS, "00000000000") == Wrong(Mistake.CHECK_NUMBER)

    def test_an_account_that_ends_early_is_too_short(self) -> None:
        assert typing(SNILS, "1122334459#") == Wrong(Mistake.TOO_SHORT)


class TestDates:
    """Python's calendar is the judge."""

    @given(st.dates())
    def test_a_date_round_trips(self, day: date) -> None:
        assert typing(DATE, f"{day.day:02}{day.month:02}{day.year:04}") == Complete(day)

    @given(st.text(DIGITS, min_size=8, max_size=8))
    def test_only_the_dates_of_the_calendar_are_accepted(self, keys: str) -> None:
        try:
            expected: Taken = Complete(date.fromisoformat(f"{keys[4:]}-{keys[2:4]}-{keys[:2]}"))
        except ValueError:
            expected = Wrong(Mistake.NO_SUCH_DATE)
        assert typing(DATE, keys) == expected

    def test_as_citizens_type_it(self) -> None:
        assert typing(DATE, "29112026") == Complete(date(2026, 11, 29))
        assert typing(DATE, "2911#") == Wrong(Mistake.TOO_SHORT)

    @pytest.mark.parametrize(
        ("side", "keys", "taken"),
        [
            (DateSide.PAST, "22112026", Complete(date(2026, 11, 22))),
            (DateSide.PAST, "23112026", Wrong(Mistake.TOO_LATE)),
            (DateSide.FUTURE, "22112026", Complete(date(2026, 11, 22))),
            (DateSide.FUTURE, "21112026", Wrong(Mistake.TOO_EARLY)),
        ],
    )
    def test_today_is_past_and_future(self, side: DateSide, keys: str, taken: Taken) -> None:
        assert typing(Format(kind=FormatKind.DATE, side=side), keys) == taken

    @pytest.mark.parametrize(
        ("keys", "taken"),
        [
            ("31052026", Wrong(Mistake.TOO_EARLY)),
            ("01062026", Complete(date(2026, 6, 1))),
            ("31082026", Complete(date(2026, 8, 31))),
            ("01092026", Wrong(Mistake.TOO_LATE)),
        ],
    )
    def test_a_range_includes_both_its_ends(self, keys: str, taken: Taken) -> None:
        summer = Format(kind=FormatKind.DATE, earliest=date(2026, 6, 1), latest=date(2026, 8, 31))
        assert typing(summer, keys) == taken

    @pytest.mark.parametrize(
        ("side", "keys", "taken"),
        [
            (DateSide.ANY, "010126", Complete(date(2026, 1, 1))),
            (DateSide.ANY, "010175", Complete(date(2075, 1, 1))),
            (DateSide.ANY, "010177", Complete(date(1977, 1, 1))),
            (DateSide.PAST, "010130", Complete(date(1930, 1, 1))),
            (DateSide.FUTURE, "010177", Complete(date(2077, 1, 1))),
            (DateSide.FUTURE, "010101", Complete(date(2101, 1, 1))),
            (DateSide.ANY, "290200", Complete(date(2000, 2, 29))),
            (DateSide.ANY, "300226", Wrong(Mistake.NO_SUCH_DATE)),
        ],
    )
    def test_two_digits_mean_the_nearest_year_that_is_allowed(
        self, side: DateSide, keys: str, taken: Taken
    ) -> None:
        assert typing(Format(kind=FormatKind.DATE, year_digits=2, side=side), keys) == taken

    @given(st.dates(date(1977, 1, 1), date(2076, 1, 1)))
    def test_a_short_date_of_our_time_round_trips(self, day: date) -> None:
        assert typing(SHORT_DATE, f"{day:%d%m%y}") == Complete(day)


class TestPhonesAndTimes:
    """As people write them."""

    @pytest.mark.parametrize(
        ("keys", "taken"),
        [
            ("89161234567", Complete("+79161234567")),
            ("79161234567", Complete("+79161234567")),
            ("9161234567", Complete("+79161234567")),
            ("4951234567", Complete("+74951234567")),
            ("8121234567", More("8121234567")),
            ("8121234567#", Complete("+78121234567")),
            ("88121234567", Complete("+78121234567")),
            ("77011234567", Complete("+77011234567")),
            ("916123456#", Wrong(Mistake.TOO_SHORT)),
            ("1234567890", Wrong(Mistake.NO_SUCH_PHONE)),
            ("81037512345", Wrong(Mistake.NO_SUCH_PHONE)),
        ],
    )
    def test_a_number_is_understood_with_and_without_its_eight(
        self, keys: str, taken: Taken
    ) -> None:
        assert typing(PHONE, keys) == taken

    @given(st.sampled_from("3489"), st.text(DIGITS, min_size=9, max_size=9))
    def test_every_russian_number_is_accepted_from_its_eight(self, code: str, rest: str) -> None:
        assert typing(PHONE, f"8{code}{rest}") == Complete(f"+7{code}{rest}")

    @given(st.times())
    def test_a_time_round_trips(self, moment: time) -> None:
        minute = moment.replace(second=0, microsecond=0)
        assert typing(TIME, f"{moment:%H%M}") == Complete(minute)

    @pytest.mark.parametrize("keys", ["2400", "0960", "9999"])
    def test_a_time_that_no_clock_shows_is_refused(self, keys: str) -> None:
        assert typing(TIME, keys) == Wrong(Mistake.NO_SUCH_TIME)

    def test_a_time_of_three_digits_is_too_short(self) -> None:
        assert typing(TIME, "930#") == Wrong(Mistake.TOO_SHORT)


class TestWhatALogMaySay:
    """A personal answer is named, never shown."""

    @given(formats(), st.text(DIGITS + "#", min_size=13, max_size=13))
    def test_a_personal_answer_is_never_shown(self, asked: Format, keys: str) -> None:
        taken = typing(asked, keys)
        assume(isinstance(taken, Complete))
        assert isinstance(taken, Complete)
        shown = masked(asked, taken.value)
        if asked.kind is FormatKind.SNILS:
            shown = shown.removesuffix(str(taken.value)[-2:])
        assert not set(shown) & set(DIGITS)

    def test_an_insurance_account_and_a_phone_are_personal_whatever_the_script_says(self) -> None:
        account = Format(kind=FormatKind.SNILS, personal=False)
        phone = Format(kind=FormatKind.PHONE, personal=False)
        assert masked(account, "11223344595") == "СНИЛС …-…-… 95"
        assert masked(phone, "+79161234567") == "телефон …"

    @pytest.mark.parametrize(
        ("kind", "value", "shown"),
        [
            (FormatKind.DIGITS, "0123", "0123"),
            (FormatKind.NUMBER, 1, "1"),
            (FormatKind.DATE, date(2026, 11, 29), "29.11.2026"),
            (FormatKind.TIME, time(9, 30), "09:30"),
            (FormatKind.YES_NO, True, "да"),
            (FormatKind.YES_NO, False, "нет"),
        ],
    )
    def test_what_is_not_personal_is_shown_as_people_write_it(
        self, kind: FormatKind, value: str | int | date | time, shown: str
    ) -> None:
        assert masked(Format(kind=kind, personal=False), value) == shown


@pytest.mark.parametrize(
    "options",
    [
        {"min_length": 0},
        {"min_length": 5, "max_length": 4},
        {"max_length": 31},
        {"least": -1},
        {"least": 5, "most": 4},
        {"year_digits": 3},
    ],
)
def test_a_format_that_nobody_could_answer_is_refused(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"expected|2 or 4"):
        Format(
            kind=FormatKind.DIGITS,
            min_length=options.get("min_length", 1),
            max_length=options.get("max_length", 12),
            least=options.get("least", 0),
            most=options.get("most", 9),
            year_digits=options.get("year_digits", 4),
        )


def test_a_range_of_dates_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="later"):
        Format(kind=FormatKind.DATE, earliest=date(2026, 2, 1), latest=date(2026, 1, 1))
