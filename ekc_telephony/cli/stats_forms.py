"""
`ekc stats --form`: a report form as a table, as CSV for a spreadsheet, or as JSON.

Rows are printed as they are made, since F4 and F8 have one for each call, and a month has millions.

Rule 1: no more rows are held than one page of a table has.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from enum import Enum, auto
from textwrap import indent
from typing import Any, Final, Protocol, assert_never, final

import typer

from ekc_telephony.cli import stats_view as view
from ekc_telephony.cli import stats_words as words
from ekc_telephony.cli.appeals_view import as_json, csv_line
from ekc_telephony.cli.asking import answered
from ekc_telephony.cli.stats_question import Question
from ekc_telephony.cli.stats_source import calls_of, count_period
from ekc_telephony.core.stats import forms
from ekc_telephony.core.stats.daily import DailySummaries
from ekc_telephony.core.stats.form_rows import (
    NOT_MEASURED,
    AnswerRow,
    DailySummary,
    Form,
    IntervalRow,
    LostRow,
    Period,
    RatingRow,
    ServiceRow,
    ShiftRow,
    WaitRow,
)
from ekc_telephony.core.stats.grouping import By, CountBy, Key
from ekc_telephony.core.stats.lost import LostCallers
from ekc_telephony.core.stats.norms import NORMS, ClockStart, Norm, Preset
from ekc_telephony.core.stats.passport import Passport, passport_of
from ekc_telephony.core.stats.shifts import Shifts
from ekc_telephony.core.stats.tally import Tally

ROWS: Final[Mapping[Form, type[Any]]] = {
    Form.F1: DailySummary,
    Form.F2: IntervalRow,
    Form.F3: WaitRow,
    Form.F4: Passport,
    Form.F5: LostRow,
    Form.F6: ShiftRow,
    Form.F8: ServiceRow,
    Form.RATINGS: RatingRow,
    Form.SURVEYS: AnswerRow,
}
"""The rows' classes: their fields are the columns."""
PAGE: Final = 1_000
"""Rows of a table under one line of headings; each page is as wide as its own rows are."""


class Looks(Enum):
    """How a form is printed."""

    TABLE = auto()
    CSV = auto()
    JSON = auto()


class Paper(Protocol):
    """What a form is printed on, row by row."""

    def put(self, row: Any) -> None:
        """Print a row, at once or with the next ones."""
        ...

    def finish(self) -> None:
        """Print what is left."""
        ...


def print_form(
    question: Question, form: Form, *, by: By, norm: Preset | None, looks: Looks
) -> None:
    """
    Print a form.

    Args:
        question: What is asked about.
        form: Which form.
        by: The intervals of F2, half-hours unless it is a stretch of time; how ratings and answers
            are told apart.
        norm: By which the service level is measured; None: by T.
        looks: How it is printed.

    Raises:
        typer.Exit: The store does not answer; the person has been told.
    """
    period = _period(question, norm)
    paper = _paper(question, form, period, looks)

    async def write() -> None:
        async for row in _rows(question, form, by, period):
            paper.put(row)

    answered(write)
    paper.finish()


def _rows(question: Question, form: Form, by: By, period: Period) -> AsyncIterator[Any]:
    match form:
        case Form.F1 | Form.F5 | Form.F6:
            return _filled(question, _FILLINGS[form](period))
        case Form.F2:
            return _intervals(question, by if by.step else By.HALF_HOUR, period)
        case Form.F3:
            return _wait_profile(question, period)
        case Form.F4:
            return _passports(question)
        case Form.F8:
            return _service_times(question, period)
        case Form.RATINGS | Form.SURVEYS:
            return _opinions(question, form, by, period)
        case _:
            assert_never(form)


_FILLINGS: Final[Mapping[Form, Callable[[Period], forms.Filling]]] = {
    Form.F1: DailySummaries,
    Form.F5: LostCallers,
    Form.F6: Shifts,
}


async def _filled(question: Question, filling: forms.Filling) -> AsyncIterator[Any]:
    await count_period(question, filling)
    for row in filling.rows():
        yield row


async def _intervals(question: Question, by: By, period: Period) -> AsyncIterator[IntervalRow]:
    for row in forms.intervals(await _counted(question, by, period), period):
        yield row


async def _wait_profile(question: Question, period: Period) -> AsyncIterator[WaitRow]:
    found = await _counted(question, By.ALL, period)
    for row in forms.wait_profile(found.get(None) or Tally(period.wait_edges)):
        yield row


async def _opinions(
    question: Question, form: Form, by: By, period: Period
) -> AsyncIterator[RatingRow | AnswerRow]:
    found = await _counted(question, by, period)
    for row in forms.ratings(found, by) if form is Form.RATINGS else forms.answers(found, by):
        yield row


async def _passports(question: Question) -> AsyncIterator[Passport]:
    async for call in calls_of(question):
        yield passport_of(call)


async def _service_times(question: Question, period: Period) -> AsyncIterator[ServiceRow]:
    async for call in calls_of(question):
        row = forms.service_row(call, period)
        if row is not None:
            yield row


async def _counted(question: Question, by: By, period: Period) -> Mapping[Key, Tally]:
    count = CountBy(
        by,
        since=period.since,
        until=period.until,
        zone=period.zone,
        directory=period.directory,
        wait_edges=period.wait_edges,
    )
    await count_period(question, count)
    return count.tallies()


def _period(question: Question, norm: Preset | None) -> Period:
    asked = Norm(clock=ClockStart.QUEUE, target=question.target)
    chosen = asked if norm is None else NORMS[norm]
    edges = {*question.wait_edges, *(() if chosen.target is None else (chosen.target,))}
    return Period(
        since=question.since,
        until=question.until,
        zone=question.zone,
        norm=chosen,
        wait_edges=tuple(sorted(edges)),
        directory=question.directory,
    )


def _paper(question: Question, form: Form, period: Period, looks: Looks) -> Paper:
    match looks:
        case Looks.TABLE:
            return _Table(question, form, period)
        case Looks.CSV:
            return _Csv(question, form)
        case Looks.JSON:
            return _Json(question, form, period)
        case _:
            assert_never(looks)


@final
class _Table:
    """For a person: pages of rows, then what must be known of them."""

    def __init__(self, question: Question, form: Form, period: Period) -> None:
        self._question = question
        self._form = form
        self._period = period
        self._page: list[Any] = []
        self._count = 0

    def put(self, row: Any) -> None:
        self._page.append(row)
        if len(self._page) == PAGE:
            self._print_page()

    def finish(self) -> None:
        if self._page or not self._count:
            self._print_page()
        typer.echo(f"Строк: {self._count}")
        if self._form in {Form.F1, Form.F2}:
            typer.echo(view.norm_line(self._period.norm))
        absent = NOT_MEASURED[self._form]
        if absent:
            names = ", ".join(words.COLUMNS[name] for name in absent)
            typer.echo(f"{words.NOT_MEASURED}: {names}")

    def _print_page(self) -> None:
        if not self._count:
            period = view.heading(self._period.since, self._period.until, self._period.zone)
            typer.echo(f"{words.TITLES[self._form]}. {period}")
        absent, zone = NOT_MEASURED[self._form], self._question.zone
        view.print_wide(view.form_table(self._page, ROWS[self._form], absent=absent, zone=zone))
        self._count += len(self._page)
        self._page.clear()


@final
class _Csv:
    """For a Russian Excel: BOM, semicolons."""

    def __init__(self, question: Question, form: Form) -> None:
        self._zone = question.zone
        self._absent = NOT_MEASURED[form]
        self._lines = ["\ufeff" + csv_line(view.headings(ROWS[form]), delimiter=";")]

    def put(self, row: Any) -> None:
        cells = view.cells(row, absent=self._absent, zone=self._zone)
        self._lines.append(csv_line(cells, delimiter=";"))
        if len(self._lines) >= PAGE:
            self.finish()

    def finish(self) -> None:
        typer.echo("".join(self._lines), nl=False)
        self._lines.clear()


@final
class _Json:
    """For a program."""

    def __init__(self, question: Question, form: Form, period: Period) -> None:
        self._frame = {
            "form": form.value,
            **view.plain_period(question.since, question.until),
            "service_level": view.plain_norm(period.norm),
            "not_measured": list(NOT_MEASURED[form]),
            "rows": [],
        }
        self._texts: list[str] = []
        self._has_rows = False

    def put(self, row: Any) -> None:
        self._texts.append(indent(as_json(view.plain_row(row)), "    "))
        if len(self._texts) == PAGE:
            self._print_rows()

    def finish(self) -> None:
        if self._texts:
            self._print_rows()
        typer.echo("\n  ]\n}" if self._has_rows else as_json(self._frame))

    def _print_rows(self) -> None:
        before = ",\n" if self._has_rows else as_json(self._frame).removesuffix("]\n}") + "\n"
        typer.echo(before + ",\n".join(self._texts), nl=False)
        self._has_rows = True
        self._texts.clear()
