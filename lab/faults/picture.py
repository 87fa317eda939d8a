"""
The picture of a run: faults as bands over time, callers and talks as curves, violations as marks.

Plain SVG, written by hand: it opens in every browser and needs no library.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from html import escape
from typing import Final

from lab.faults.report import Verdict
from lab.faults.sightings import SeenFault

WIDTH: Final = 1400
_LEFT: Final = 150
_TOP: Final = 60
_CURVES: Final = 260
_ROW: Final = 20
_FAULT: Final = "#d9480f"
_RECOVERY: Final = "#f59f00"
_GOOD: Final = "#2b8a3e"
_CALLERS: Final = "#868e96"
_TALKING: Final = "#1864ab"
_BAD: Final = "#c92a2a"


def draw(verdict: Verdict) -> str:
    """Return the picture."""
    kinds = sorted({fault.kind for fault in verdict.evidence.sightings.faults})
    height = _TOP + _CURVES + 30 + _ROW * len(kinds) + 60
    canvas = _Canvas(verdict, kinds=kinds)
    body = "\n".join(canvas.parts())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )


class _Canvas:
    def __init__(self, verdict: Verdict, *, kinds: list[str]) -> None:
        self._verdict = verdict
        self._kinds = kinds
        self._seen = verdict.evidence.sightings
        whole = verdict.span.duration.total_seconds() or 1.0
        self._per_s = (WIDTH - _LEFT - 30) / whole
        most = max((callers for _, callers, _ in self._seen.population), default=1) or 1
        self._per_caller = (_CURVES - 20) / most
        self._most = most

    def parts(self) -> Iterator[str]:
        """Yield the picture's elements, back to front."""
        yield from self._title()
        yield from self._bands()
        yield from self._axes()
        yield self._curve(1, _CALLERS, "callers")
        yield self._curve(2, _TALKING, "talking")
        yield from self._marks()
        yield from self._rows()

    def _title(self) -> Iterator[str]:
        verdict = self._verdict
        word = "nobody lost" if verdict.is_good else f"{len(verdict.violations)} violations"
        colour = _GOOD if verdict.is_good else _BAD
        title = (
            f"make faults: {verdict.minutes:.1f} min, seed {verdict.seed}, "
            f"{len(self._seen.calls)} calls, {len(self._seen.faults)} faults: "
        )
        yield (
            f'<text x="20" y="26" font-size="17">{escape(title)}'
            f'<tspan fill="{colour}" font-weight="bold">{escape(word)}</tspan></text>'
        )
        yield (
            f'<text x="20" y="46" fill="#555"><tspan fill="{_CALLERS}">■</tspan> callers on the '
            f'phone  <tspan fill="{_TALKING}">■</tspan> of them talking  '
            f'<tspan fill="{_FAULT}">■</tspan> fault lasts  <tspan fill="{_RECOVERY}">■</tspan> '
            f'until calls are served again  <tspan fill="{_BAD}">▼</tspan> violation</text>'
        )

    def _bands(self) -> Iterator[str]:
        for fault in self._seen.faults:
            for began, ended, colour in _phases(fault):
                yield self._band(began, ended, y=_TOP, height=_CURVES, colour=colour, opacity=0.25)

    def _band(
        self,
        began: datetime,
        ended: datetime,
        *,
        y: float,
        height: float,
        colour: str,
        opacity: float,
    ) -> str:
        width = max(1.5, (ended - began).total_seconds() * self._per_s)
        return (
            f'<rect x="{self._x(began):.1f}" y="{y:.1f}" width="{width:.1f}" '
            f'height="{height:.1f}" fill="{colour}" fill-opacity="{opacity}"/>'
        )

    def _axes(self) -> Iterator[str]:
        bottom = _TOP + _CURVES
        yield f'<path d="M{_LEFT} {_TOP}V{bottom}H{WIDTH - 30}" fill="none" stroke="#333"/>'
        for callers in range(0, self._most + 1, 10):
            y = bottom - callers * self._per_caller
            yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{callers}</text>'
        minutes = self._verdict.span.duration.total_seconds() / 60
        step = max(1, round(minutes / 12))
        for minute in range(0, int(minutes) + 1, step):
            x = _LEFT + minute * 60 * self._per_s
            yield f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{minute} min</text>'

    def _curve(self, column: int, colour: str, name: str) -> str:
        bottom = _TOP + _CURVES
        points = " ".join(
            f"{self._x(row[0]):.1f},{bottom - (row[1], row[2])[column - 1] * self._per_caller:.1f}"
            for row in self._seen.population
        )
        return (
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5">'
            f"<title>{name}</title></polyline>"
        )

    def _marks(self) -> Iterator[str]:
        for each in self._verdict.violations:
            text = escape(f"{each.rule.value}: {each.number or ''} {each.what}")
            yield (
                f'<text x="{self._x(each.at):.1f}" y="{_TOP + 10}" fill="{_BAD}" '
                f'text-anchor="middle">▼<title>{text}</title></text>'
            )

    def _rows(self) -> Iterator[str]:
        top = _TOP + _CURVES + 30
        for row, kind in enumerate(self._kinds):
            y = top + row * _ROW
            yield f'<text x="{_LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(kind)}</text>'
            yield f'<path d="M{_LEFT} {y + _ROW}H{WIDTH - 30}" stroke="#eee"/>'
            for fault in self._seen.faults:
                if fault.kind == kind:
                    yield from self._row_of(fault, y=y)

    def _row_of(self, fault: SeenFault, *, y: float) -> Iterator[str]:
        for began, ended, colour in _phases(fault):
            yield self._band(began, ended, y=y + 3, height=_ROW - 6, colour=colour, opacity=1)
        if fault.recovery is not None:
            x = self._x(fault.recovered_at or fault.span.ended) + 3
            took = f"{fault.recovery.total_seconds():.1f}"
            yield (
                f'<text x="{x:.1f}" y="{y + 13}" font-size="9" fill="#555">{took}'
                f"<title>{escape(fault.seen)}</title></text>"
            )

    def _x(self, moment: datetime) -> float:
        since = (moment - self._verdict.span.began).total_seconds()
        return _LEFT + since * self._per_s


def _phases(fault: SeenFault) -> Iterator[tuple[datetime, datetime, str]]:
    yield fault.span.began, fault.span.ended, _FAULT
    if fault.recovered_at is not None:
        yield fault.span.ended, fault.recovered_at, _RECOVERY
