"""What calls leave behind is found in the appeals and in the information systems."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final

import pytest

from ekc_telephony.adapters.sql.queries import CallHistory, CallSummary, NoteSummary
from ekc_telephony.core.call.facts import CallOutcome, NoteKind
from ekc_telephony.core.kernel.ids import AppealId, CallId
from lab.demo.calls import Asked, Booked, Entered, Noted, Trace, Visited
from lab.demo.evidence import find_traces
from lab.information_systems import server
from lab.information_systems.registry import Registry
from lab.information_systems.server import InformationSystems

NOON: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
ANNA: Final = "11223344595"
BORIS: Final = "12345678964"
STATUS: Final = Asked(operation="cases/status", fields=(("case", "1000002"),))


@pytest.fixture
def systems() -> InformationSystems:
    return InformationSystems(Registry(lambda: date(2026, 11, 23)))


def a_call(*notes: tuple[NoteKind, str, str | None], script: str = "federal") -> CallHistory:
    summary = CallSummary(
        appeal=AppealId("ekc-1"),
        call=CallId("ekc-1"),
        number="+79000000001",
        did="122",
        script=script,
        registered_at=NOON,
        answered_at=NOON,
        ended_at=NOON,
        outcome=CallOutcome.SELF_SERVED,
        queue=None,
        agent=None,
        rating=None,
    )
    noted = tuple(
        NoteSummary(at=NOON, kind=kind, agent=None, target=target, reason=reason)
        for kind, reason, target in notes
    )
    return CallHistory(summary=summary, segments=(), faults=(), notes=noted, callback=None)


def is_there(trace: Trace, found: Sequence[CallHistory], systems: InformationSystems) -> bool:
    (evidence,) = find_traces([trace], found, systems)
    return evidence.is_there


def asked(systems: InformationSystems, operation: str, **fields: str) -> None:
    body = json.dumps(fields).encode()
    systems.note(server.Asked(method="POST", url=f"/{operation}", headers={}, body=body))


@pytest.mark.parametrize(
    ("noted", "found"),
    [
        ([], False),
        ([(NoteKind.RATED, "4", "rating")], False),
        ([(NoteKind.RATED, "5", "rating")], True),
        ([(NoteKind.IDENTIFIED, "number", None), (NoteKind.RATED, "5", "rating")], True),
        ([(NoteKind.RATED, "5", "rating"), (NoteKind.RATED, "5", "rating")], False),
    ],
)
def test_a_note_is_found_once(
    systems: InformationSystems, noted: list[tuple[NoteKind, str, str | None]], *, found: bool
) -> None:
    assert is_there(Noted(kind=NoteKind.RATED, reason="5"), [a_call(*noted)], systems) is found


def test_an_answer_counts_at_its_question_only(systems: InformationSystems) -> None:
    call = a_call((NoteKind.SURVEYED, "easily", "reached"))
    for question, found in (("reached", True), ("solved", False)):
        trace = Noted(kind=NoteKind.SURVEYED, reason="easily", target=question)
        assert is_there(trace, [call], systems) is found


def test_what_was_asked_is_found_by_its_operation_and_fields(systems: InformationSystems) -> None:
    asked(systems, "cases/status", case="1000001")
    asked(systems, "doctor/slots", case="1000002")
    assert not is_there(STATUS, [], systems)
    asked(systems, "cases/status", case="1000002", applied_on="2026-01-13")
    assert is_there(STATUS, [], systems)


def test_a_question_without_a_body_is_no_other_question(systems: InformationSystems) -> None:
    systems.note(server.Asked(method="GET", url="/cases/status?case=9", headers={}, body=b""))
    assert not is_there(STATUS, [], systems)


def test_a_booking_is_told_with_its_slot_and_belongs_to_one_citizen(
    systems: InformationSystems,
) -> None:
    systems.registry.ask("doctor/book", {"slot": "102", "snils": ANNA})
    mine = Booked(doctor="therapist", to="терапевту", snils=ANNA)
    assert [each.words for each in find_traces([mine], [], systems)] == [
        "записан к терапевту: талон 102, 14:00"
    ]
    assert is_there(mine, [], systems)
    assert not is_there(Booked(doctor="dentist", to="стоматологу", snils=ANNA), [], systems)
    assert not is_there(Booked(doctor="therapist", to="терапевту", snils=BORIS), [], systems)


def test_two_doctors_who_come_to_one_home_are_one_too_many(systems: InformationSystems) -> None:
    trace = Visited(snils=ANNA)
    for visits, found in ((0, False), (1, True), (2, False)):
        assert len(systems.registry.visits) == visits
        assert is_there(trace, [], systems) is found
        systems.registry.ask("doctor/home-visit", {"snils": ANNA})


def test_a_call_beyond_the_limit_has_begun_with_another_script(
    systems: InformationSystems,
) -> None:
    trace = Entered(script="overload")
    assert is_there(trace, [a_call(script="overload")], systems)
    assert not is_there(trace, [a_call(script="hotline")], systems)
    assert not is_there(trace, [], systems)
