"""How figures and forms look on a terminal and in JSON; no store and no options here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime, timedelta, tzinfo
from enum import Enum
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.table import Table

from ekc_telephony.cli import appeals_words
from ekc_telephony.cli import stats_words as words
from ekc_telephony.cli.appeals_view import minutes, moment
from ekc_telephony.core.acd.service_level import ServiceLevelFormula
from ekc_telephony.core.acd.specs import Line
from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.stats.figures import Figures, Spread
from ekc_telephony.core.stats.formulas import SERVICE_LEVELS
from ekc_telephony.core.stats.norms import Norm, Preset, Verdict
from ekc_telephony.core.stats.passport import HungUpBy, PassportStatus

_BARS: Final = "▁▂▃▄▅▆▇█"
_BAR_WIDTH: Final = 30
_WIDE: Final = 600
"""Columns of a form that goes into a file or a pipe; F6 needs 300."""
_HOUR: Final = timedelta(hours=1)
_MARKS: Final = frozenset({"rating", "mean_rating"})
"""Columns that hold a mean of marks."""

_HEADINGS: Final = (
    *("Поступило", "Людей", "В очередь", "Отвечено", "Потеряно", "%", "Ушли", "Сбой"),
    *(name for name, _ in SERVICE_LEVELS),
    *("ASA", "макс.", "ожид.", "AHT", "макс.", "обр."),
    *("S1.13", "макс.", "Занятость", "Перевод", "Удержание", "Молч. гр.", "оп."),
    *("Оценка", "оценили", "CSAT"),
)


def groups_table(heading: str, rows: Iterable[tuple[str, Figures]]) -> Table:
    """Lay figures out, a row for each queue, line, operator or interval."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column(heading, no_wrap=True)
    for each in _HEADINGS:
        table.add_column(each, justify="right")
    for name, figures in rows:
        table.add_row(name, *_cells(figures))
    return table


def all_lines(
    figures: Figures, *, target: timedelta, formula: ServiceLevelFormula | None
) -> Iterator[str]:
    """Tell the figures of a whole period, each with its formula; `formula` is the chosen one's."""
    yield (
        f"Поступило вызовов: {figures.received}, завершено {sum(figures.outcomes.values())}; "
        f"людей (номеров): {_known(figures.people)}"
    )
    for outcome, count in figures.outcomes.items():
        if count:
            yield f"  {appeals_words.OUTCOMES[outcome]}: {count}"
    yield (
        f"Поставлено в очередь: {figures.offered} = отвечено {figures.answered} + потеряно "
        f"{figures.abandoned} + ушли в другое место {figures.flowed_out} + сбой {figures.broken}"
        f" + ещё ждут {figures.waiting}"
    )
    yield f"Доля отвеченных: {percent(figures.answer_share)} (отвечено ÷ поставлено в очередь)"
    yield (
        f"Доля потерянных: {percent(figures.abandon_share)} (потеряно ÷ поставлено в очередь); "
        f"из них до 5 с: {figures.short}"
    )
    yield ""
    yield from level_lines(target, figures.service_levels)
    if formula is not None:
        yield f"Принятый: {percent(figures.service_level)}  {words.FORMULAS[formula]}"
    yield ""
    yield from _spread_lines("Ожидание отвеченных (ASA)", figures.wait)
    yield from _spread_lines("Ожидание потерянных", figures.wait_of_abandoned)
    yield from _spread_lines("Разговор + удержание + обработка (AHT)", figures.handling)
    talk, wrap_up = span(figures.mean_talk), span(figures.mean_wrap_up)
    hold = words.NOT_MEASURED if figures.mean_hold is None else span(figures.mean_hold)
    yield f"  в том числе разговор {talk}, удержание {hold}, обработка {wrap_up}"
    yield from _spread_lines(
        "Время обслуживания S1.13 (ожидание + ответ на всех уровнях + фиксация темы)",
        figures.service,
    )
    yield ""
    yield f"Операторов на смене в среднем: {number(figures.agents)}"
    yield (
        f"Занятость: {percent(figures.occupancy_share)} "
        "(занят ÷ (готов и телефон доступен ∪ занят); занят – это разговор, удержание, обработка, "
        "консультация коллеги)"
    )
    yield f"Консультации коллегам, помимо своих вызовов: {span(figures.advising)}"
    yield f"Доля переводов: {measured(figures.transfer_share)} (переведено ÷ обработано)"
    yield f"Доля удержания: {measured(figures.hold_share)} (удержание ÷ время обработки)"
    yield f"Разговоров прервано сбоем: {figures.cut_off}"
    yield (
        f"Разговоров, где гражданин молчал дольше silence_after: {_known(figures.caller_silent)}, "
        f"раз: {_known(figures.caller_silences)}; где не было слышно оператора: "
        f"{_known(figures.agent_silent)}, раз: {_known(figures.agent_silences)}"
    )
    yield f"Наибольшая длина очередей: {figures.longest_queue}"
    yield ""
    yield from _opinion_lines(figures)


def level_lines(
    target: timedelta, shares: Mapping[str, float | None] | None = None
) -> Iterator[str]:
    """Tell the five service levels with their formulas; without shares, the formulas alone."""
    yield f"Уровень обслуживания, T = {target.total_seconds():g} с:"
    for name, formula in SERVICE_LEVELS:
        share = "" if shares is None else f" {percent(shares[name]):>7}"
        yield f"  {name}{share}  {words.FORMULAS[formula]} ({words.LEVEL_ORIGINS[name]})"


def verdict_line(preset: Preset, verdict: Verdict) -> str:
    """Tell how a norm was kept, with its formula and its clock."""
    norm = verdict.norm
    if not norm.is_measured:
        return f"  {words.PRESETS[preset]}: {words.NOT_MEASURED}"
    told = {True: "соблюдена", False: "НЕ соблюдена", None: "некого считать"}[verdict.is_kept]
    parts = [words.CLOCKS[norm.clock]]
    if norm.target is not None:
        parts.append(f"{percent(verdict.share)} = {words.FORMULAS[norm.formula]}")
    parts.append(f"среднее {span(verdict.mean)}, макс. {span(verdict.longest)}")
    return f"  {words.PRESETS[preset]}: {told}; {'; '.join(parts)}"


def heading(since: datetime, until: datetime, zone: tzinfo | None) -> str:
    """Tell the period in local time."""
    begin, end = (each.astimezone(zone) for each in (since, until))
    return f"Период: {begin:%d.%m.%Y %H:%M} – {end:%d.%m.%Y %H:%M}"


def norm_line(norm: Norm) -> str:
    """Tell the norm that a form's service level goes by."""
    if norm.target is None:
        return f"Ожидание: {words.CLOCKS[norm.clock]}"
    seconds = norm.target.total_seconds()
    formula = words.FORMULAS[norm.formula]
    return f"Уровень обслуживания: {formula}, T = {seconds:g} с; {words.CLOCKS[norm.clock]}"


def form_table(
    rows: Sequence[Any], row: type[Any], *, absent: Collection[str], zone: tzinfo | None
) -> Table:
    """Lay a form out; its columns are the fields of its rows, `absent` those not measured."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in headings(row):
        table.add_column(heading)
    for each in rows:
        table.add_row(*cells(each, absent=absent, zone=zone))
    return table


def headings(row: type[Any]) -> list[str]:
    """Return a form's headings."""
    return [words.COLUMNS[field.name] for field in fields(row)]


def cells(row: Any, *, absent: Collection[str], zone: tzinfo | None) -> list[str]:
    """Return a row of a form as a person reads it."""
    return [
        words.BRIEFLY_NOT_MEASURED
        if field.name in absent
        else cell(field.name, getattr(row, field.name), zone=zone)
        for field in fields(row)
    ]


def print_wide(table: Table) -> None:
    """Print a form or groups; outside a terminal their lines are as long as they need be."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDE)
    console.print(table)


def cell(name: str, value: object, *, zone: tzinfo | None) -> str:  # noqa: PLR0911 -- a line a type
    """Return a form's value as a person reads it; the name tells shares from other numbers."""
    match value:
        case None:
            return words.NOTHING
        case bool():
            return "да" if value else "нет"
        case float():
            return _number_of(name, value)
        case timedelta():
            return span(value)
        case datetime():
            return moment(value, zone)
        case date():
            return f"{value:%d.%m.%Y}"
        case tuple():
            return _listed(name, value)
        case Enum():
            return _word(value)
        case _:
            return str(value)


def _number_of(name: str, value: float) -> str:
    if name in _MARKS:
        return mark(value)
    return percent(value) if name.endswith("_share") else number(value)


def _listed(name: str, values: tuple[object, ...]) -> str:
    known = appeals_words.PROOFS if name == "identification" else {}
    return ", ".join(known.get(str(each), str(each)) for each in values) or words.NOTHING


def span(length: timedelta | None) -> str:
    """Return minutes and seconds 1:05, or hours 2:01:05; a dash for None."""
    if length is None:
        return words.NOTHING
    if length < _HOUR:
        return minutes(length)
    hours, rest = divmod(length, _HOUR)
    return f"{hours}:{minutes(rest):0>5}"


def percent(share: float | None) -> str:
    """Return a share as per cent; a dash for None."""
    return words.NOTHING if share is None else f"{share:.1%}"


def number(value: float | None) -> str:
    """Return a number with one digit after the point; a dash for None."""
    return words.NOTHING if value is None else f"{value:.1f}"


def mark(value: float | None) -> str:
    """Return a mean mark with two digits after the point; a dash for None."""
    return words.NOTHING if value is None else f"{value:.2f}"


def measured(share: float | None) -> str:
    """Return a share as per cent; None is «not measured»."""
    return words.NOT_MEASURED if share is None else percent(share)


def plain_period(since: datetime, until: datetime) -> dict[str, str]:
    """Return the period for a program, in UTC."""
    return {"since": since.isoformat(), "until": until.isoformat()}


def plain_norm(norm: Norm) -> dict[str, Any]:
    """Return a norm for a program."""
    return {
        "clock": norm.clock.value,
        "formula": norm.formula.value,
        "least_share": norm.least_share,
        **plain_value("target", norm.target),
        **plain_value("longest_mean", norm.longest_mean),
    }


def plain_figures(figures: Figures) -> dict[str, Any]:
    """Return figures for a program: lengths of time in seconds, named so."""
    found: dict[str, Any] = {}
    for field in fields(figures):
        value = getattr(figures, field.name)
        found |= plain_value(field.name, value)
    return found


def plain_row(row: Any) -> dict[str, Any]:
    """Return a form's row for a program: moments in UTC, lengths in seconds, Enums' values."""
    found: dict[str, Any] = {}
    for field in fields(row):
        found |= plain_value(field.name, getattr(row, field.name))
    return found


def plain_value(name: str, value: object) -> dict[str, Any]:
    """Return one named value for a program."""
    if isinstance(value, timedelta):
        return {f"{name}_s": value.total_seconds()}
    if isinstance(value, Spread):
        return {
            name: {
                "mean_s": None if value.mean is None else value.mean.total_seconds(),
                "longest_s": None if value.longest is None else value.longest.total_seconds(),
                "edges_s": [edge.total_seconds() for edge in value.edges],
                "counts": list(value.counts),
            }
        }
    return {name: msgspec.to_builtins(value)}


def _cells(figures: Figures) -> Iterator[str]:
    yield str(figures.received)
    yield words.BRIEFLY_NOT_MEASURED if figures.people is None else str(figures.people)
    yield from map(str, (figures.offered, figures.answered, figures.abandoned))
    yield percent(figures.abandon_share)
    yield from map(str, (figures.flowed_out, figures.broken))
    for share in figures.service_levels.values():
        yield percent(share)
    yield from (span(figures.wait.mean), span(figures.wait.longest), bars(figures.wait.counts))
    yield from (
        span(figures.handling.mean),
        span(figures.handling.longest),
        bars(figures.handling.counts),
    )
    yield from (span(figures.service.mean), span(figures.service.longest))
    yield percent(figures.occupancy_share)
    for share in (figures.transfer_share, figures.hold_share):
        yield words.BRIEFLY_NOT_MEASURED if share is None else percent(share)
    for count in (figures.caller_silent, figures.agent_silent):
        yield words.BRIEFLY_NOT_MEASURED if count is None else str(count)
    yield mark(figures.mean_rating)
    yield f"{figures.rated}/{figures.asked_to_rate}"
    yield percent(figures.satisfied_share)


def bars(counts: Sequence[int]) -> str:
    """Return a histogram in one word: a bar for each bucket, a point for an empty one."""
    most = max(counts, default=0)
    return "".join(
        "·" if not count else _BARS[(count * len(_BARS) - 1) // most] for count in counts
    )


def _spread_lines(title: str, spread: Spread) -> Iterator[str]:
    yield f"{title}: среднее {span(spread.mean)}, наибольшее {span(spread.longest)}"
    total = sum(spread.counts)
    if not total:
        return
    low = timedelta()
    for index, count in enumerate(spread.counts):
        if index < len(spread.edges):
            label = f"{_short(low)}–{_short(spread.edges[index])}"
            low = spread.edges[index]
        else:
            label = f"> {_short(low)}"
        bar = "█" * round(_BAR_WIDTH * count / total)
        yield f"  {label:>13} {count:>6} {count / total:>6.1%} {bar}"


def _opinion_lines(figures: Figures) -> Iterator[str]:
    yield (
        f"Просили оценить: {figures.asked_to_rate}, оценили {figures.rated} "
        f"({percent(figures.rating_share)}); средняя оценка {mark(figures.mean_rating)}"
    )
    yield f"CSAT: {percent(figures.satisfied_share)} (оценки 4 и 5 ÷ все оценки)"
    if figures.rated:
        yield from _count_lines(figures.marks, figures.rated)
    for each in figures.questions:
        survey = f"Опрос {each.survey}, вопрос" if each.survey else "Вопрос"
        yield (
            f"{survey} {each.question}: спросили {each.asked}, ответили {each.answered} "
            f"({percent(each.answer_share)})"
        )
        yield from _count_lines(each.answers, each.answered)


def _count_lines(counts: Mapping[str, int], total: int) -> Iterator[str]:
    for label, count in counts.items():
        bar = "█" * round(_BAR_WIDTH * count / total)
        yield f"  {label:>13} {count:>6} {count / total:>6.1%} {bar}".rstrip()


def _known(count: int | None) -> str:
    return words.NOT_MEASURED if count is None else str(count)


def _short(length: timedelta) -> str:
    return f"{length.total_seconds():g} с"


def _word(value: Enum) -> str:
    match value:
        case CallOutcome():
            return appeals_words.OUTCOMES[value]
        case Line():
            return words.LINES[value.value]
        case PassportStatus():
            return words.STATUSES[value]
        case HungUpBy():
            return words.HUNG_UP_BY[value]
        case _:
            return str(value.value)
