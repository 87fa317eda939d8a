"""Figures worked out by hand on a small hour, and what they say of nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ekc_telephony.core.acd.service_level import (
    ServiceLevelFormula,
    Wait,
    service_level,
)
from ekc_telephony.core.appeals.fallback import FALLBACK_QUEUE
from ekc_telephony.core.call.facts import CallOutcome, NoteKind, SegmentOutcome
from ekc_telephony.core.call.presence import NotReadyReason, Presence
from ekc_telephony.core.stats import formulas
from ekc_telephony.core.stats.figures import figures_of
from ekc_telephony.core.stats.grouping import By, Directory, tallies_by
from ekc_telephony.core.stats.lengths import Lengths, seconds
from ekc_telephony.core.stats.norms import NORMS, Norm, Preset, judge
from ekc_telephony.core.stats.records import Records
from ekc_telephony.core.stats.tally import Tally, merged
from tests.core.stats.days import (
    ANNA,
    BORIS,
    SECOND,
    abandoned,
    after,
    answered,
    call,
    day,
    segment,
    silence,
    span,
)

TARGET = timedelta(seconds=20)
HOUR = timedelta(hours=1)


def tally_of(records: Records, *, until: float = 3600) -> Tally:
    found = tallies_by(
        By.ALL, records, since=after(0), until=after(until), zone=None, directory=Directory()
    )
    return found.get(None) or Tally()


# 6 answered, 4 of them within 20 s; 4 abandoned: at 3, 10, 20 and 60 s; one lost in the menu.
AN_HOUR = day(
    *(
        answered(f"ekc-{n}.1", begin=n, waited=waited, talked=100, wrapped=20)
        for n, waited in enumerate((0, 5, 19, 20, 21, 115))
    ),
    *(abandoned(f"ekc-{n}.2", begin=n, waited=waited) for n, waited in enumerate((3, 10, 20, 60))),
    call(name="ekc-9.9", outcome=CallOutcome.ABANDONED_IN_MENU),
)


def test_the_five_service_levels_divide_what_their_formulas_say() -> None:
    shares = formulas.service_levels(tally_of(AN_HOUR), TARGET)
    assert shares == {
        "SL-1": pytest.approx(4 / 6),
        "SL-2": pytest.approx((4 + 3) / 10),
        "SL-3": pytest.approx(4 / 9),
        "SL-4": pytest.approx(4 / 10),
        "SL-5": pytest.approx(4 / 10),
    }


@pytest.mark.parametrize("formula", ServiceLevelFormula)
def test_counted_and_listed_waits_have_the_same_service_level(
    formula: ServiceLevelFormula,
) -> None:
    waits = tally_of(AN_HOUR).from_queue
    listed = [
        *(Wait(outcome=CallOutcome.ANSWERED, waited=_s(n)) for n in (0, 5, 19, 20, 21, 115)),
        *(Wait(outcome=CallOutcome.ABANDONED_IN_QUEUE, waited=_s(n)) for n in (3, 10, 20, 60)),
    ]
    counted = formulas.service_level(waits, received=10, target=TARGET, formula=formula)
    assert counted == service_level(listed, target=TARGET, formula=formula)


def test_a_target_that_is_no_edge_is_refused_rather_than_guessed() -> None:
    with pytest.raises(ValueError, match="no edge"):
        formulas.service_levels(tally_of(AN_HOUR), _s(17))


def test_means_stand_beside_their_maximum_and_histogram() -> None:
    figures = figures_of(tally_of(AN_HOUR), target=TARGET, period=HOUR)
    assert figures.wait.mean == _s(30)
    assert figures.wait.longest == _s(115)
    assert figures.wait.counts == (2, 0, 2, 1, 0, 1, 0)
    assert figures.handling.mean == _s(120)
    assert (figures.mean_talk, figures.mean_wrap_up) == (_s(100), _s(20))


def test_shares_of_offered_are_those_of_visits_to_queues() -> None:
    figures = figures_of(tally_of(AN_HOUR), target=TARGET, period=HOUR)
    assert (figures.received, figures.offered) == (11, 10)
    assert figures.answer_share == pytest.approx(0.6)
    assert figures.abandon_share == pytest.approx(0.4)
    assert figures.short == 1


def test_what_no_fact_tells_is_not_measured() -> None:
    in_fallback = day(answered(queue=FALLBACK_QUEUE))
    figures = figures_of(tally_of(in_fallback), target=TARGET, period=HOUR)
    assert figures.hold_share is None
    assert figures.mean_hold is None
    nothing = figures_of(Tally(), target=TARGET, period=HOUR)
    assert nothing.transfer_share is None


def test_transfer_and_hold_are_measured_from_the_segments() -> None:
    story = call(
        segment(1, "wait", 0, 10),
        segment(2, "talk", 10, 110, SegmentOutcome.TRANSFERRED, agent=ANNA),
        segment(3, "hold", 20, 50, agent=ANNA),
        segment(4, "wrap", 110, 130, agent=ANNA),
        end=140,
    )
    tally = tally_of(day(story))
    assert formulas.transfer_share(tally) == 1
    assert formulas.hold_share(tally) == pytest.approx(30 / 120)
    assert (tally.talk, tally.held) == (_s(70), _s(30))
    assert formulas.average_handle_time(tally) == _s(120)
    both = merged([Tally(), tally])
    assert (both.transferred, both.held) == (1, _s(30))


def test_talks_with_silence_are_counted_and_how_often_it_was() -> None:
    quiet = replace(
        answered("ekc-1.1", talked=300),
        silences=(silence(80), silence(200), silence(200, NoteKind.AGENT_SILENT)),
    )
    tally = tally_of(day(quiet, answered("ekc-1.2", begin=400)))
    figures = figures_of(merged([Tally(), tally]), target=TARGET, period=HOUR)
    assert (figures.caller_silent, figures.caller_silences) == (1, 2)
    assert (figures.agent_silent, figures.agent_silences) == (1, 1)
    assert figures_of(Tally(), target=TARGET, period=HOUR).caller_silent is None


def test_of_nobody_there_is_no_share_and_no_mean() -> None:
    figures = figures_of(Tally(), target=TARGET, period=HOUR)
    values: list[Any] = [
        figures.answer_share,
        figures.abandon_share,
        *figures.service_levels.values(),
        figures.wait.mean,
        figures.wait.longest,
        figures.mean_talk,
        figures.mean_wrap_up,
        figures.occupancy_share,
    ]
    assert values == [None] * len(values)


def test_occupancy_is_handling_over_readiness_breaks_left_out() -> None:
    story = answered(begin=0, waited=5, talked=100, wrapped=20)  # busy from 10 to 130
    spans = (
        span(ANNA, 0, 300),
        span(ANNA, 300, 900, Presence.NOT_READY, NotReadyReason.LUNCH),
        span(ANNA, 900, 3600, Presence.SIGNED_OUT),
    )
    tally = tally_of(day(story, presences=spans))
    assert formulas.occupancy_share(tally) == pytest.approx(120 / 300)
    assert tally.signed_in == _s(900)
    assert tally.not_ready == {NotReadyReason.LUNCH: 600_000_000}


def test_who_talks_into_his_break_is_occupied_and_not_more_than_wholly() -> None:
    story = answered(begin=0, waited=5, talked=100, wrapped=20)  # busy from 10 to 130
    spans = (span(ANNA, 0, 30), span(ANNA, 30, None, Presence.NOT_READY, NotReadyReason.BREAK))
    assert formulas.occupancy_share(tally_of(day(story, presences=spans))) == pytest.approx(
        120 / 130
    )


def test_a_phone_that_cannot_be_reached_is_not_available() -> None:
    spans = (span(ANNA, 0, 100), span(ANNA, 100, 1000, is_reachable=False))
    tally = tally_of(day(presences=spans), until=1000)
    assert tally.available == _s(100)
    assert tally.ready == _s(1000)


def test_of_an_agent_who_never_declared_anything_no_occupancy_is_claimed() -> None:
    assert formulas.occupancy_share(tally_of(day(answered()))) is None


def test_a_conversation_that_goes_on_keeps_the_agent_busy_until_now() -> None:
    story = call(
        *answered(waited=5).segments[:2],
        name="ekc-7.7",
        end=None,
    )
    talk = answered(waited=5).segments[3]
    going_on = type(talk)(
        segment=4,
        kind=talk.kind,
        started_at=talk.started_at,
        ended_at=None,
        outcome=None,
        queue=talk.queue,
        agent=ANNA,
    )
    records = day(
        type(story)(
            call=story.call,
            appeal=story.appeal,
            did=story.did,
            number=story.number,
            registered_at=story.registered_at,
            ended_at=None,
            outcome=None,
            segments=(*story.segments, going_on),
        ),
        presences=(span(ANNA, 0, None),),
    )
    tally = tally_of(records, until=110)
    assert tally.handling == _s(100)
    assert tally.handlings.count == 0


def test_figures_are_told_apart_by_queue_line_and_agent() -> None:
    records = day(
        answered("ekc-1.1"), answered("ekc-2.1", queue=SECOND, agent=BORIS), abandoned("ekc-3.1")
    )
    by_queue = _by(By.QUEUE, records)
    assert {key: tally.offered for key, tally in by_queue.items()} == {
        "first": 2,
        "second": 1,
        None: 0,  # agents' time belongs to no queue
    }
    by_agent = _by(By.OPERATOR, records)
    assert {key: tally.answered for key, tally in by_agent.items()} == {
        "anna": 1,
        "boris": 1,
        None: 0,
    }


def test_every_hour_is_a_row_also_one_without_a_call() -> None:
    found = tallies_by(
        By.HOUR,
        day(answered(begin=2 * 3600)),
        since=after(0),
        until=after(3 * 3600),
        zone=None,
        directory=Directory(),
    )
    assert [found[after(hour * 3600)].received for hour in range(3)] == [0, 0, 1]


def test_the_longest_queue_is_the_most_who_waited_at_once() -> None:
    calls = [abandoned(f"ekc-{n}.1", begin=n * 10, waited=25) for n in range(5)]
    assert tally_of(day(*calls)).longest_queue == 3


def test_histograms_with_other_edges_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="do not add up"):
        Lengths(seconds(1, 2)).merge(Lengths(seconds(1, 3)))


def verdict(preset: Preset, *waits: float) -> bool | None:
    calls = [answered(f"ekc-{n}.1", waited=waited) for n, waited in enumerate(waits)]
    return judge(NORMS[preset], tally_of(day(*calls))).is_kept


def test_112_counts_from_the_ring_the_menu_included() -> None:
    assert verdict(Preset.N112, 1, 2, 3) is True
    assert verdict(Preset.N112, *[1] * 97, 16, 16, 16) is False  # 97 of 100 within 20 s
    assert verdict(Preset.N112, 4, 4, 4) is False  # 9 s on average with the menu's five


def test_122_asks_for_a_mean_only() -> None:
    assert verdict(Preset.N122, 10, 90) is True
    assert verdict(Preset.N122, 10, 110) is False


def test_80_20_counts_from_the_queue_and_leaves_short_abandons_out() -> None:
    calls = [answered(f"ekc-{n}.1", waited=20) for n in range(4)]
    short = abandoned("ekc-8.1", waited=4)
    late = abandoned("ekc-9.1", waited=30)
    assert judge(NORMS[Preset.N80_20], tally_of(day(*calls, short, late))).is_kept is True
    worse = abandoned("ekc-7.1", waited=30)
    assert judge(NORMS[Preset.N80_20], tally_of(day(*calls, worse, late))).is_kept is False


def test_a_norm_is_neither_kept_nor_broken_when_nobody_called() -> None:
    assert verdict(Preset.N112) is None


def test_442n_is_not_measured_yet() -> None:
    assert verdict(Preset.N442, 10) is None
    assert not NORMS[Preset.N442].is_measured


def test_every_presets_target_is_an_edge_of_the_kept_histograms() -> None:
    tally = Tally()
    assert [judge(norm, tally).is_kept for norm in NORMS.values()] == [None] * len(NORMS)
    assert set(NORMS) == set(Preset)
    assert all(isinstance(norm, Norm) for norm in NORMS.values())


def _by(by: By, records: Records) -> dict[Any, Tally]:
    found = tallies_by(
        by, records, since=after(0), until=after(3600), zone=None, directory=Directory()
    )
    return dict(found)


def _s(number: float) -> timedelta:
    return timedelta(seconds=number)
