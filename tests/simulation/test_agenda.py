"""Everything on the agenda happens in order of time, then of planning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ekc_telephony.simulation.agenda import Agenda

START = datetime(2026, 3, 2, tzinfo=UTC)


def _all_of(agenda: Agenda) -> None:
    while agenda.next() is not None:
        agenda.let_happen()


def test_what_is_planned_for_one_moment_happens_in_the_order_of_planning() -> None:
    agenda, done = Agenda(START), list[str]()

    def at_the_moment(_subject: object) -> None:
        done.append("first")
        agenda.soon(done.append, "third")
        agenda.after(0.0, done.append, "fourth")
        agenda.at(START, done.append, "fifth")

    agenda.after(5.0, at_the_moment, None)
    agenda.after(5.0, done.append, "second")
    agenda.after(5.5, done.append, "sixth")
    _all_of(agenda)
    assert done == ["first", "second", "third", "fourth", "fifth", "sixth"]
    assert agenda.now == START + timedelta(seconds=5.5)


def test_time_never_runs_back() -> None:
    agenda, moments = Agenda(START), list[datetime]()

    def look(_subject: object) -> None:
        moments.append(agenda.now)

    agenda.after(2.0, lambda _: agenda.at(START, look, None), None)
    agenda.after(3.0, look, None)
    _all_of(agenda)
    assert moments == [START + timedelta(seconds=2), START + timedelta(seconds=3)]
