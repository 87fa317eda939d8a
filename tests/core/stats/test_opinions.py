"""What callers say of the service: whose it is, when it is booked, and what is made of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ekc_telephony.core.acd.specs import Line
from ekc_telephony.core.call.facts import NoteKind, SegmentOutcome
from ekc_telephony.core.stats.figures import QuestionFigures, figures_of
from ekc_telephony.core.stats.form_rows import Period
from ekc_telephony.core.stats.forms import answers, ratings
from ekc_telephony.core.stats.grouping import By, Directory, Key, tallies_by
from ekc_telephony.core.stats.lengths import WAIT_EDGES
from ekc_telephony.core.stats.norms import NORMS, Preset
from ekc_telephony.core.stats.opinions import Opinion
from ekc_telephony.core.stats.parts import parts_of
from ekc_telephony.core.stats.records import AnswerRecord, CallRecord, Records
from ekc_telephony.core.stats.tally import Tally
from tests.core.stats.days import (
    ANNA,
    BORIS,
    FIRST,
    SECOND,
    after,
    answer,
    call,
    day,
    segment,
    surveyed,
)
from tests.core.stats.filled import counted, f6

DIRECTORY = Directory(queues={FIRST: Line.FIRST, SECOND: Line.SECOND}, agents={})


def rated(mark: str | None, *, name: str = "ekc-1.1", begin: float = 0) -> CallRecord:
    """Tell a call that Anna answers for a minute, and whose caller is asked to rate her."""
    asked = begin + 65
    return call(
        segment(1, "talk", begin + 5, asked, agent=ANNA),
        name=name,
        begin=begin,
        end=begin + 80,
        answers=answer(asked, mark),
    )


def tallies(by: By, records: Records, *, until: float = 3600) -> dict[Key, Tally]:
    return tallies_by(
        by, records, since=after(0), until=after(until), zone=None, directory=DIRECTORY
    )


def test_an_opinion_is_booked_when_it_was_asked_for_with_its_answer() -> None:
    (opinion,) = parts_of(rated("4")).opinions
    assert opinion == Opinion(
        at=after(65), queue=FIRST, agent=ANNA, question="rating", is_rating=True, answer="4"
    )
    (silent,) = parts_of(rated(None)).opinions
    assert silent.answer is None


def test_a_rating_belongs_to_whoever_talked_to_him_last() -> None:
    story = call(
        segment(1, "talk", 5, 65, SegmentOutcome.TRANSFERRED, agent=ANNA),
        segment(2, "talk", 70, 90, queue=SECOND, agent=BORIS),
        answers=(*answer(91, "5"),),
    )
    (opinion,) = parts_of(story).opinions
    assert (opinion.agent, opinion.queue) == (BORIS, SECOND)


def test_of_a_conference_it_belongs_to_the_one_who_stayed_and_of_two_who_did_to_the_later() -> None:
    stayed = call(
        segment(1, "talk", 5, 90, agent=ANNA),
        segment(2, "talk", 40, 60, agent=BORIS),
        answers=answer(91, "5"),
    )
    both = call(
        segment(1, "talk", 5, 90, agent=ANNA),
        segment(2, "talk", 40, 90, agent=BORIS),
        answers=answer(91, "5"),
    )
    assert [parts_of(each).opinions[0].agent for each in (stayed, both)] == [ANNA, BORIS]


def test_two_talks_may_be_rated_each_and_a_question_before_any_is_about_nobody() -> None:
    story = call(
        segment(1, "talk", 20, 60, agent=ANNA),
        segment(2, "talk", 100, None, agent=BORIS),
        answers=(*surveyed(10, "yes"), *answer(61, None), *answer(120, "2")),
        end=None,
    )
    told = [(each.agent, each.queue, each.answer) for each in parts_of(story).opinions]
    assert told == [(None, None, "yes"), (ANNA, FIRST, None), (BORIS, FIRST, "2")]


def test_an_answer_without_a_question_noted_was_asked_for() -> None:
    """As a store holds it that is older than the notes of questions."""
    old = AnswerRecord(at=after(70), kind=NoteKind.RATED, question="rating", answer="5")
    (opinion,) = parts_of(call(segment(1, "talk", 5, 65, agent=ANNA), answers=(old,))).opinions
    assert (opinion.at, opinion.agent, opinion.answer) == (after(70), ANNA, "5")


A_SHIFT = day(
    *(rated(mark, name=f"ekc-{n}.1", begin=60 * n) for n, mark in enumerate("55432")),
    *(rated(None, name=f"ekc-{n}.2", begin=60 * n) for n in range(3)),
    call(name="ekc-9.9", answers=(*surveyed(5, "yes"), *surveyed(6, None), *surveyed(7, "no"))),
)


def test_the_formulas_divide_by_those_who_answered() -> None:
    tally = tallies(By.ALL, A_SHIFT)[None]
    figures = figures_of(tally, target=timedelta(seconds=20), period=timedelta(hours=1))
    assert (figures.asked_to_rate, figures.rated) == (8, 5)
    assert figures.rating_share == pytest.approx(5 / 8)
    assert figures.mean_rating == pytest.approx(19 / 5)
    assert figures.satisfied_share == pytest.approx(3 / 5)
    assert figures.marks == {"1": 0, "2": 1, "3": 1, "4": 1, "5": 2}
    assert figures.questions == (
        QuestionFigures(
            survey="survey",
            question="solved",
            asked=3,
            answered=2,
            answer_share=2 / 3,
            answers={"no": 1, "yes": 1},
        ),
    )


def test_nobody_asked_means_nothing_to_say() -> None:
    figures = figures_of(Tally(), target=timedelta(seconds=20), period=timedelta(hours=1))
    told = (figures.rating_share, figures.mean_rating, figures.satisfied_share, figures.questions)
    assert told == (None, None, None, ())


def test_a_mark_that_is_none_is_not_counted_as_one() -> None:
    tally = tallies(By.ALL, day(rated("good")))[None]
    assert (tally.asked_to_rate, tally.marks.total()) == (1, 0)


def test_an_answer_is_of_the_half_hour_in_which_he_was_asked() -> None:
    late = rated("5", begin=1734)  # asked a second before half past, answered four after it
    found = tallies(By.HALF_HOUR, day(late))
    assert [each.marks["5"] for each in found.values()] == [1, 0]


@pytest.mark.parametrize(
    ("by", "whose"),
    [
        (By.ALL, [None]),
        (By.QUEUE, [FIRST]),
        (By.LINE, [Line.FIRST]),
        (By.OPERATOR, [ANNA]),
        (By.HALF_HOUR, [after(0)]),
    ],
)
def test_ratings_have_a_row_for_everybody_who_was_to_be_rated(by: By, whose: list[object]) -> None:
    (row,) = ratings(tallies(by, A_SHIFT), by)
    assert [row.whose] == whose
    assert (row.asked_to_rate, row.rated, row.mark_5, row.mark_1) == (8, 5, 2, 0)


def test_a_survey_has_a_row_for_every_answer_and_one_for_a_question_nobody_answered() -> None:
    rows = answers(tallies(By.ALL, A_SHIFT), By.ALL)
    assert [(row.survey, row.question, row.answer, row.times) for row in rows] == [
        ("survey", "solved", "no", 1),
        ("survey", "solved", "yes", 1),
    ]
    assert [row.times_share for row in rows] == [0.5, 0.5]
    (nobody,) = answers(tallies(By.ALL, day(call(answers=surveyed(5, None)))), By.ALL)
    assert (nobody.asked, nobody.answered_question, nobody.answer, nobody.times_share) == (
        *(1, 0),
        *(None, None),
    )


def test_the_shift_of_an_operator_has_his_mean_mark() -> None:
    period = Period(
        since=after(0),
        until=after(3600),
        zone=None,
        norm=NORMS[Preset.N122],
        wait_edges=WAIT_EDGES,
        directory=DIRECTORY,
    )
    (row,) = f6(A_SHIFT, period)
    assert row.rating == pytest.approx(19 / 5)
    assert counted(By.OPERATOR, A_SHIFT, period)[ANNA].asked_to_rate == 8
