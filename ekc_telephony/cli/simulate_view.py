"""How the results of a simulation look on a terminal and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, time
from typing import Any, Final

from rich.table import Table

from ekc_telephony.simulation.estimate import Estimate
from ekc_telephony.simulation.figures import STRETCH, Figure
from ekc_telephony.simulation.load import Playable
from ekc_telephony.simulation.replications import Estimates, Report
from ekc_telephony.simulation.scenario import Scenario

WORDS: Final[Mapping[Figure, str]] = {
    Figure.CALLS: "Поступило звонков",
    Figure.PEOPLE: "Позвонило человек",
    Figure.PEOPLE_ANSWERED: "Из них поговорили с оператором",
    Figure.ANSWERED: "Отвечено оператором",
    Figure.ABANDONED: "Не дождались в очереди",
    Figure.INFORMED: "Получили сообщение вместо оператора",
    Figure.CUT_OFF: "Оборвано нами",
    Figure.UNFINISHED: "Не дождались конца моделирования",
    Figure.SERVICE_LEVEL: "Уровень обслуживания",
    Figure.SPEED_OF_ANSWER_S: "Среднее ожидание ответа, с",
    Figure.MEAN_WAIT_S: "Среднее ожидание всех, с",
    Figure.NINTH_DECILE_S: "Девять из десяти ждали не дольше, с",
    Figure.LONGEST_WAIT_S: "Наибольшее ожидание, с",
    Figure.DELAYED: "Ждали свободного оператора",
    Figure.ABANDONED_SHARE: "Доля не дождавшихся",
    Figure.TALK_S: "Средний разговор, с",
    Figure.OFFERS: "Вызовов операторов на ответ",
    Figure.OCCUPANCY: "Занятость операторов",
    Figure.STAFF: "Операторов на смене в среднем",
}
_SHARES: Final = frozenset(
    {
        *(Figure.PEOPLE_ANSWERED, Figure.SERVICE_LEVEL, Figure.DELAYED),
        *(Figure.ABANDONED_SHARE, Figure.OCCUPANCY),
    }
)
_COUNTS: Final = frozenset(
    {
        *(Figure.CALLS, Figure.PEOPLE, Figure.ANSWERED, Figure.ABANDONED),
        *(Figure.INFORMED, Figure.CUT_OFF, Figure.UNFINISHED),
    }
)
_RARE: Final = frozenset({Figure.INFORMED, Figure.CUT_OFF, Figure.UNFINISHED})
"""Shown only when there were any."""
_FINE: Final = frozenset({Figure.OFFERS})
_SHORT: Final[Mapping[str, Figure]] = {
    "Поступило": Figure.CALLS,
    "Отвечено": Figure.ANSWERED,
    "Не дождались": Figure.ABANDONED,
    "Доля": Figure.ABANDONED_SHARE,
    "Ур. обсл.": Figure.SERVICE_LEVEL,
    "Ожидание, с": Figure.SPEED_OF_ANSWER_S,
    "9 из 10, с": Figure.NINTH_DECILE_S,
    "Наиб., с": Figure.LONGEST_WAIT_S,
}


def heading(policy: Playable, reports: Sequence[Report], *, seed: int) -> Iterator[str]:
    """Say what was simulated."""
    scenario, norm, centre = policy.scenario, policy.service_level, policy.centre
    yield " · ".join(report.title for report in reports)
    yield (
        f"{scenario.day:%d.%m.%Y}, очередей {len(centre.queues)}, "
        f"операторов {len(centre.operators)}; "
        f"повторений {reports[0].replications}, зерно {seed}; "
        f"± – доверительный интервал {reports[0].confidence:.4g}"
    )
    yield f"Норма: T = {norm.target.total_seconds():g} с; {norm.formula.in_words}"
    yield ""


def totals(report: Report) -> Table:
    """Lay out the figures of the whole day."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    for figure, word in WORDS.items():
        found = report.total.get(figure)
        if found is not None and not (figure in _RARE and not found.mean):
            table.add_row(word, told(figure, found))
    return table


def queues(report: Report) -> Table:
    """Lay out the figures of each queue."""
    return _rows("Очередь", report.queues)


def stretches(report: Report, scenario: Scenario) -> Table:
    """Lay out the figures of each half-hour."""
    midnight = datetime.combine(scenario.day, time())
    rows = {
        f"{midnight + scenario.hours.opens + number * STRETCH:%H:%M}": estimates
        for number, estimates in report.stretches.items()
    }
    return _rows("Время", rows)


def comparison(one: Report, other: Report, difference: Estimates) -> Table:
    """Lay out two policies side by side."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("", no_wrap=True)
    for title in (one.title, other.title, "Разница"):
        table.add_column(title, justify="right")
    for figure, word in WORDS.items():
        cells = [each.get(figure) for each in (one.total, other.total, difference)]
        if figure in _RARE and not any(each and each.mean for each in cells):
            continue
        is_sure = cells[2] is not None and cells[2].margin is not None and not cells[2].covers(0)
        row = ["–" if each is None else told(figure, each) for each in cells]
        if cells[2] is not None:
            # Two shares differ by percentage points, not by percent.
            sign = "+" if cells[2].mean > 0 else ""
            row[2] = sign + row[2].replace(" %", " п. п.")
        table.add_row(word, *row, style="bold" if is_sure else None)
    return table


def cost(reports: Sequence[Report], *, jobs: int) -> str:
    """Say what it cost."""
    cpu_s = sum(each.cpu_s for each in reports)
    calls = sum(each.total[Figure.CALLS].mean * each.replications for each in reports)
    return (
        f"\nСмоделировано звонков: {calls:.0f} за {cpu_s:.1f} с процессорного времени "
        f"({calls / max(cpu_s, 1e-9):.0f} в секунду на ядро; процессов {jobs})"
    )


def told(figure: Figure, found: Estimate) -> str:
    """Return a figure with its margin: 82.9 % ± 1.2."""
    if figure in _SHARES:
        digits, factor, unit = 1, 100, " %"
    elif figure in _COUNTS:
        digits, factor, unit = 0, 1, ""
    else:
        digits, factor, unit = (2 if figure in _FINE else 1), 1, ""
    text = f"{found.mean * factor:.{digits}f}{unit}"
    return text if found.margin is None else f"{text} ± {found.margin * factor:.{digits}f}"


def as_json(
    policies: Sequence[Playable],
    reports: Sequence[Report],
    difference: Estimates | None,
    *,
    seed: int,
) -> str:
    """Return everything for a program; shares are 0 to 1, lengths seconds."""
    norm = policies[0].service_level
    content: dict[str, Any] = {
        "seed": seed,
        "replications": reports[0].replications,
        "confidence": reports[0].confidence,
        "service_level": {"target_s": norm.target.total_seconds(), "formula": norm.formula.value},
        "scenarios": [
            _scenario(policy, report) for policy, report in zip(policies, reports, strict=True)
        ],
    }
    if difference is not None:
        content["difference"] = _plain(difference)
    return json.dumps(content, ensure_ascii=False, indent=2)


def _scenario(policy: Playable, report: Report) -> dict[str, Any]:
    opens = policy.scenario.hours.opens
    calls = report.total[Figure.CALLS].mean * report.replications
    return {
        "title": report.title,
        "level": policy.scenario.level.value,
        "total": _plain(report.total),
        "queues": {queue: _plain(found) for queue, found in report.queues.items()},
        "half_hours": {
            str(opens + number * STRETCH): _plain(found)
            for number, found in report.stretches.items()
        },
        "cpu_s": round(report.cpu_s, 3),
        "calls_per_cpu_second": round(calls / report.cpu_s) if report.cpu_s else None,
    }


def _plain(estimates: Estimates) -> dict[str, Any]:
    return {
        figure.value: {
            "mean": _rounded(each.mean),
            "low": _rounded(each.low),
            "high": _rounded(each.high),
        }
        for figure, each in estimates.items()
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _rows(what: str, rows: Mapping[str, Estimates]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column(what, no_wrap=True)
    for word in _SHORT:
        table.add_column(word, justify="right", no_wrap=True)
    for name, estimates in rows.items():
        cells = [
            told(figure, estimates[figure]) if figure in estimates else "–"
            for figure in _SHORT.values()
        ]
        table.add_row(name, *cells)
    return table
