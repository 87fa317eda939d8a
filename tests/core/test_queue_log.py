"""What app_queue would have written: lines observed of Asterisk 22.10 are the examples here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ekc_telephony.core.call.facts import (
    CallEnded,
    CallFact,
    CallOutcome,
    Fact,
    PromptsNotHeard,
    SegmentEnded,
    SegmentKind,
    SegmentOutcome,
    SegmentStarted,
)
from ekc_telephony.core.call.presence import Activity, NotReadyReason, Presence
from ekc_telephony.core.kernel.ids import CallId, LegId
from ekc_telephony.core.queue_log.rows import (
    QueueEvent,
    QueueLogRow,
    attended_transfer_fields,
    blind_transfer_fields,
    queue_start,
)
from ekc_telephony.core.queue_log.tracks import RememberedCall
from tests.core.queue_log_calls import (
    ANNA,
    BORIS,
    EPOCH,
    OTHER,
    START,
    Story,
    after,
    bare,
    declares,
    in_order,
    ledger,
    lines,
)


def test_an_answered_call_is_four_lines_and_what_was_dialled() -> None:
    story = Story("ekc-1.1").enters(2).rings(ANNA, 2.5).talks(ANNA, 4.1)
    story.parts(SegmentOutcome.AGENT_HUNG_UP, 6.3).ends(6.3)
    assert lines(story.facts) == [
        f"{EPOCH + 2}|ekc-1.1|hotline|NONE|DID|88001000001",
        f"{EPOCH + 2}|ekc-1.1|hotline|NONE|ENTERQUEUE||+79001234567|1",
        f"{EPOCH + 4}|ekc-1.1|hotline|PJSIP/anna|CONNECT|2|ekc-1.1-offer-1|1",
        f"{EPOCH + 6}|ekc-1.1|hotline|PJSIP/anna|COMPLETEAGENT|2|2|1",
    ]


def test_durations_are_differences_of_whole_seconds_as_asterisk_counts_them() -> None:
    story = Story("ekc-1.1").enters(0.9).rings(ANNA, 0.9).talks(ANNA, 1.1)
    story.parts(SegmentOutcome.CALLER_HUNG_UP, 2.0).ends(2)
    assert bare(lines(story.facts))[2:] == ["CONNECT|1|ekc-1.1-offer-1|0", "COMPLETECALLER|1|1|1"]


def test_who_hides_his_number_has_an_empty_field() -> None:
    assert bare(lines(Story("ekc-1.1", number=None).enters(1).facts))[1] == "ENTERQUEUE|||1"


def test_a_number_that_would_break_the_line_is_made_harmless() -> None:
    story = Story("ekc-1.1", number="7|9\n1").enters(1)
    assert bare(lines(story.facts))[1] == "ENTERQUEUE||7_9_1|1"


def test_places_are_counted_when_callers_come_and_when_they_leave() -> None:
    first, second, third = (Story(f"ekc-1.{number}").enters(number) for number in (1, 2, 3))
    elsewhere = Story("ekc-1.9").enters(1, OTHER).leaves(SegmentOutcome.ABANDONED, 9)
    first.leaves(SegmentOutcome.ABANDONED, 4)
    third.leaves(SegmentOutcome.ABANDONED, 5)
    second.leaves(SegmentOutcome.ABANDONED, 6)
    written = lines(in_order(first, second, third, elsewhere))
    entered = [line.rpartition("|")[2] for line in written if "ENTERQUEUE" in line]
    assert entered == ["1", "1", "2", "3"]
    left = [line for line in bare(written) if line.startswith("ABANDON")]
    assert left == ["ABANDON|1|1|3", "ABANDON|2|3|2", "ABANDON|1|2|4", "ABANDON|1|1|8"]


def test_who_gives_up_while_a_phone_rings_cancels_it_first() -> None:
    story = Story("ekc-1.1").enters(0).rings(ANNA, 0.3)
    story.rung(SegmentOutcome.WITHDRAWN, 2.004).leaves(SegmentOutcome.ABANDONED, 2.004)
    written = lines(story.facts)
    assert bare(written)[2:] == ["RINGCANCELED|1704", "ABANDON|1|1|2"]
    assert [line.split("|")[3] for line in written[2:]] == ["PJSIP/anna", "NONE"]


@pytest.mark.parametrize(
    ("outcome", "until", "line"),
    [
        (SegmentOutcome.NOT_ANSWERED, 20.013, "RINGNOANSWER|20000"),
        (SegmentOutcome.REFUSED, 1.9, "RINGNOANSWER|1000"),
        (SegmentOutcome.REFUSED, 0.2, "RINGNOANSWER|0"),
        (SegmentOutcome.UNREACHABLE, 0.1, "RINGNOANSWER|0"),
        (SegmentOutcome.WITHDRAWN, 0.5, "RINGCANCELED|500"),
        (SegmentOutcome.BROKEN, 0.5, "RINGCANCELED|500"),
    ],
)
def test_a_phone_that_was_not_answered_says_how_long_it_rang(
    outcome: SegmentOutcome, until: float, line: str
) -> None:
    story = Story("ekc-1.1").enters(0).rings(ANNA, 0).rung(outcome, until)
    assert bare(lines(story.facts))[2:] == [line]


def test_the_phone_that_answers_is_named_by_its_own_leg_and_its_own_ring_time() -> None:
    story = Story("ekc-1.1").enters(0).rings(ANNA, 0).rung(SegmentOutcome.NOT_ANSWERED, 3)
    story.rings(BORIS, 3).talks(BORIS, 4.2)
    assert bare(lines(story.facts))[-1] == "CONNECT|4|ekc-1.1-offer-2|1"


@pytest.mark.parametrize(
    ("outcome", "line"),
    [
        (SegmentOutcome.ABANDONED, "ABANDON|1|1|7"),
        (SegmentOutcome.NO_AGENTS, "EXITEMPTY|1|1|7"),
        (SegmentOutcome.OVERFLOWED, "EXITWITHTIMEOUT|1|1|7"),
        (SegmentOutcome.LEFT_BY_KEY, "EXITWITHKEY|2|1|1|7"),
        (SegmentOutcome.BROKEN, "ABANDON|1|1|7"),
    ],
)
def test_every_way_out_of_a_queue_has_its_event(outcome: SegmentOutcome, line: str) -> None:
    story = Story("ekc-1.1").enters(1).leaves(outcome, 8)
    assert bare(lines(story.facts))[2:] == [line]


def test_who_is_moved_by_a_supervisor_is_withdrawn() -> None:
    story = Story("ekc-1.1").enters(1).leaves(SegmentOutcome.MOVED, 8).enters(8, OTHER)
    written = bare(lines(story.facts))
    assert written[2] == "WITHDRAW|1|1|7|"
    assert written[4] == "ENTERQUEUE||+79001234567|1"


def test_a_place_that_the_engine_tells_goes_before_one_that_is_counted() -> None:
    first = Story("ekc-1.1").enters(1, position=1)
    urgent = Story("ekc-1.2").enters(2, position=1).leaves(SegmentOutcome.ABANDONED, 5, position=1)
    first.leaves(SegmentOutcome.ABANDONED, 9, position=1)
    third = Story("ekc-1.3").enters(3, position=3).rings(ANNA, 4)
    third.talks(ANNA, 7).parts(SegmentOutcome.CALLER_HUNG_UP, 8)
    written = bare(lines(in_order(first, urgent, third)))
    places = [line for line in written if line.startswith(("ENTERQUEUE", "ABANDON", "COMPLETE"))]
    assert places == [
        "ENTERQUEUE||+79001234567|1",
        "ENTERQUEUE||+79001234567|1",
        "ENTERQUEUE||+79001234567|3",
        "ABANDON|1|1|3",
        "COMPLETECALLER|4|1|3",
        "ABANDON|1|1|8",
    ]


def test_a_leg_that_the_engine_tells_is_the_one_that_is_named() -> None:
    story = Story("ekc-1.1").enters(0).rings(ANNA, 0).talks(ANNA, 1, leg=LegId("ekc-1.1-offer-7"))
    assert bare(lines(story.facts))[-1] == "CONNECT|1|ekc-1.1-offer-7|1"


def talking() -> Story:
    return Story("ekc-1.1").enters(1).rings(ANNA, 1).talks(ANNA, 4)


@pytest.mark.parametrize("target", ["boris", "88001234567", None])
def test_a_caller_who_is_sent_on_without_asking_is_a_blind_transfer(target: str | None) -> None:
    story = talking().routed(ANNA, target, 30).parts(SegmentOutcome.TRANSFERRED, 30)
    assert bare(lines(story.facts))[-1] == f"BLINDTRANSFER|{target or ''}|from-operators|3|26|1"


def test_who_is_sent_to_a_queue_enters_it_again() -> None:
    story = talking().routed(ANNA, OTHER, 30).parts(SegmentOutcome.TRANSFERRED, 30)
    story.enters(30, OTHER).rings(BORIS, 30, OTHER).talks(BORIS, 33, OTHER)
    story.parts(SegmentOutcome.CALLER_HUNG_UP, 50)
    assert bare(lines(story.facts))[3:] == [
        "BLINDTRANSFER|other|from-operators|3|26|1",
        "DID|88001000001",
        "ENTERQUEUE||+79001234567|1",
        "CONNECT|3|ekc-1.1-offer-2|3",
        "COMPLETECALLER|3|17|1",
    ]


@pytest.mark.parametrize("outcome", [SegmentOutcome.TRANSFERRED, SegmentOutcome.JOINED])
def test_a_caller_who_is_handed_over_after_asking_is_an_attended_transfer(
    outcome: SegmentOutcome,
) -> None:
    story = talking().asks(ANNA, BORIS, 10).routed(ANNA, "boris", 20)
    story.has_asked(ANNA, BORIS, outcome, 20).parts(SegmentOutcome.TRANSFERRED, 20)
    story.talks(BORIS, 20).parts(SegmentOutcome.CALLER_HUNG_UP, 40)
    assert bare(lines(story.facts))[3:] == ["ATTENDEDTRANSFER|BRIDGE|ekc-1.1|3|16|1"]


def test_who_has_only_asked_and_then_sends_the_caller_on_transfers_blindly() -> None:
    story = talking().asks(ANNA, BORIS, 10).has_asked(ANNA, BORIS, SegmentOutcome.COMPLETED, 20)
    story.routed(ANNA, "other", 25).parts(SegmentOutcome.TRANSFERRED, 25)
    assert bare(lines(story.facts))[-1] == "BLINDTRANSFER|other|from-operators|3|21|1"


def test_who_was_handed_a_caller_once_and_gets_him_from_a_queue_later_transfers_blindly() -> None:
    story = talking().asks(ANNA, BORIS, 10).routed(ANNA, "boris", 20)
    story.has_asked(ANNA, BORIS, SegmentOutcome.TRANSFERRED, 20)
    story.parts(SegmentOutcome.TRANSFERRED, 20).talks(BORIS, 20)
    story.parts(SegmentOutcome.BROKEN, 30).enters(30).rings(BORIS, 31).talks(BORIS, 32)
    story.routed(BORIS, "anna", 40).parts(SegmentOutcome.TRANSFERRED, 40)
    assert bare(lines(story.facts))[-1] == "BLINDTRANSFER|anna|from-operators|2|8|1"


def test_holding_supervising_and_leaving_a_message_make_no_line() -> None:
    story = talking()
    whole = lines(story.facts)
    for kind in (SegmentKind.HOLD, SegmentKind.SUPERVISION, SegmentKind.MESSAGE):
        story.facts.append(replace_kind(story.facts[-1], kind))
    assert lines(story.facts) == whole


def replace_kind(fact: Fact, kind: SegmentKind) -> CallFact:
    """Return another segment that begins after this fact."""
    assert isinstance(fact, SegmentStarted)
    return replace(fact, kind=kind, sequence=fact.sequence + 1, segment=fact.segment + 1)


def test_who_goes_on_in_another_queue_begins_to_wait_anew() -> None:
    story = Story("ekc-1.1").enters(1).leaves(SegmentOutcome.OVERFLOWED, 31)
    story.enters(31, OTHER).rings(ANNA, 31, OTHER).talks(ANNA, 35, OTHER)
    written = lines(story.facts)
    assert bare(written)[2:] == [
        "EXITWITHTIMEOUT|1|1|30",
        "DID|88001000001",
        "ENTERQUEUE||+79001234567|1",
        "CONNECT|4|ekc-1.1-offer-1|4",
    ]
    assert [line.split("|")[2] for line in written] == ["hotline"] * 3 + ["other"] * 3


def test_who_waits_again_because_a_phone_died_stands_where_he_first_stood() -> None:
    broken = Story("ekc-1.1").enters(1).rings(ANNA, 1).talks(ANNA, 2)
    broken.parts(SegmentOutcome.BROKEN, 9).enters(9)
    other = Story("ekc-1.2").enters(3)
    assert bare(lines(in_order(broken, other)))[-3:] == [
        "COMPLETEAGENT|1|7|1",
        "DID|88001000001",
        "ENTERQUEUE||+79001234567|1",
    ]


def test_a_conversation_that_was_adopted_without_its_queue_makes_no_line() -> None:
    story = Story("ekc-1.1").talks(ANNA, 3, None).parts(SegmentOutcome.CALLER_HUNG_UP, 9)
    assert lines(story.facts) == []


def test_a_conversation_that_another_engine_adopts_is_completed_as_it_began() -> None:
    told = ledger()
    story = Story("ekc-1.1").enters(1).rings(ANNA, 1).talks(ANNA, 3)
    lines(story.facts, told)
    adopted = Story("ekc-1.1", facts_before=5000).talks(ANNA, 9, None)
    adopted.parts(SegmentOutcome.AGENT_HUNG_UP, 20).ends(20)
    assert lines(adopted.facts, told) == [
        f"{EPOCH + 20}|ekc-1.1|hotline|PJSIP/anna|COMPLETEAGENT|2|17|1"
    ]


def test_who_is_met_again_by_an_engine_without_a_memory_stands_in_no_line_twice() -> None:
    told = ledger()
    lines(Story("ekc-1.1").enters(1).facts, told)
    again = Story("ekc-1.1", facts_before=5000).enters(5, OTHER)
    lines([*again.facts, *Story("ekc-1.2").enters(6).facts], told)
    last = lines(Story("ekc-1.3").enters(7).facts, told)
    assert bare(last)[1].endswith("|2")


def test_who_is_forgotten_in_a_queue_does_not_stand_in_the_way() -> None:
    told = ledger()
    story = Story("ekc-1.1").enters(1)
    ended = CallEnded(
        call=CallId("ekc-1.1"),
        sequence=99,
        at=after(2),
        outcome=CallOutcome.SENT_TO_FALLBACK,
        registered_at=after(0),
    )
    lines([*story.facts, ended], told)
    assert bare(lines(Story("ekc-1.2").enters(6).facts, told))[1].endswith("|1")


def test_what_else_happens_in_a_call_makes_no_line() -> None:
    story = Story("ekc-1.1")
    story.facts.append(PromptsNotHeard(call=CallId("ekc-1.1"), sequence=3, at=after(1), prompts=()))
    assert lines(story.facts) == []


def test_a_wait_an_offer_and_a_talk_that_began_unseen_end_without_a_line() -> None:
    story = Story("ekc-1.1").enters(1).rings(ANNA, 1).talks(ANNA, 2)
    story.parts(SegmentOutcome.AGENT_HUNG_UP, 3)
    assert lines([fact for fact in story.facts if isinstance(fact, SegmentEnded)]) == []


def test_a_line_of_a_phone_needs_a_queue() -> None:
    story = Story("ekc-1.1").rings(ANNA, 1, None).rung(SegmentOutcome.REFUSED, 2)
    assert lines(story.facts) == []


def test_a_wait_in_no_queue_makes_no_line() -> None:
    story = Story("ekc-1.1").enters(1, None).leaves(SegmentOutcome.ABANDONED, 2)
    assert lines(story.facts) == []


def test_the_past_can_be_let_go() -> None:
    told = ledger()
    call = RememberedCall(
        call=CallId("ekc-1.1"),
        did="1",
        number=None,
        last_sequence=9,
        is_over=True,
        segments=(),
    )
    told.recall([call], {})
    assert told.knows(CallId("ekc-1.1"))
    assert lines(Story("ekc-1.1").enters(1).facts, told) == []
    told.forget_the_past()
    assert not told.knows(CallId("ekc-1.1"))


def test_a_fact_that_is_told_twice_makes_its_lines_once() -> None:
    story = Story("ekc-1.1").enters(1).leaves(SegmentOutcome.ABANDONED, 8)
    told = ledger()
    once = lines(story.facts, told)
    assert lines(story.facts, told) == []
    assert len(once) == 3


def test_nothing_is_kept_of_a_call_that_is_over() -> None:
    told = ledger()
    story = Story("ekc-1.1").enters(1).rings(ANNA, 1).talks(ANNA, 2)
    lines(story.parts(SegmentOutcome.CALLER_HUNG_UP, 3).facts, told)
    assert told.calls == 1
    lines(story.ends(3).facts, told)
    assert told.calls == 0


# --- agents

IN, OUT = Presence.READY, Presence.SIGNED_OUT
ADDED = ["MANAGER|hotline|PJSIP/anna|ADDMEMBER|", "MANAGER|other|PJSIP/anna|ADDMEMBER|"]
REMOVED = ["MANAGER|hotline|PJSIP/anna|REMOVEMEMBER|", "MANAGER|other|PJSIP/anna|REMOVEMEMBER|"]


def paused(word: str, reason: str) -> list[str]:
    return [
        f"NONE|NONE|PJSIP/anna|{word}ALL|{reason}",
        f"NONE|hotline|PJSIP/anna|{word}|{reason}",
        f"NONE|other|PJSIP/anna|{word}|{reason}",
    ]


def of_agent(*facts: Fact) -> list[str]:
    return [line.partition("|")[2] for line in lines(facts)]


def test_signing_in_and_out_is_told_for_every_queue_he_serves() -> None:
    assert of_agent(declares(ANNA, IN, 1), declares(ANNA, OUT, 2)) == [*ADDED, *REMOVED]


def test_a_pause_is_told_as_a_whole_and_for_every_queue_with_its_reason() -> None:
    told = of_agent(
        declares(ANNA, IN, 1),
        declares(ANNA, Presence.NOT_READY, 2, NotReadyReason.LUNCH),
        declares(ANNA, Presence.NOT_READY, 3, NotReadyReason.TRAINING),
        declares(ANNA, IN, 4),
    )
    assert told[2:] == [
        *paused("PAUSE", "lunch"),
        *paused("PAUSE", "training"),
        *paused("UNPAUSE", ""),
    ]


def test_who_let_it_ring_out_is_paused_in_the_words_of_autopause() -> None:
    told = of_agent(
        declares(ANNA, IN, 1), declares(ANNA, Presence.NOT_READY, 2, NotReadyReason.NO_ANSWER)
    )
    assert told[2:] == paused("PAUSE", "Auto-Pause")


def test_who_comes_not_ready_is_signed_in_and_then_paused() -> None:
    told = of_agent(declares(ANNA, Presence.NOT_READY, 1, NotReadyReason.OTHER))
    assert told == [*ADDED, *paused("PAUSE", "other")]


def test_a_pause_without_a_reason_has_an_empty_one() -> None:
    told = of_agent(declares(ANNA, IN, 1), declares(ANNA, Presence.NOT_READY, 2))
    assert told[2:] == paused("PAUSE", "")


def test_who_goes_from_a_pause_is_only_signed_out() -> None:
    told = of_agent(
        declares(ANNA, Presence.NOT_READY, 1, NotReadyReason.BREAK), declares(ANNA, OUT, 2)
    )
    assert told[5:] == REMOVED


def test_what_an_agent_does_makes_no_line() -> None:
    told = of_agent(
        declares(ANNA, IN, 1),
        declares(ANNA, IN, 2, activity=Activity.TALKING),
        declares(ANNA, IN, 3, activity=Activity.WRAP_UP),
    )
    assert told == ADDED


def test_a_declaration_of_before_the_last_one_makes_no_line() -> None:
    told = of_agent(declares(ANNA, IN, 1), declares(ANNA, OUT, 5), declares(ANNA, IN, 3))
    assert told == [*ADDED, *REMOVED]


# --- rows


def test_the_first_line_of_all_says_that_queues_begin() -> None:
    assert queue_start(START).line == f"{EPOCH}|NONE|NONE|NONE|QUEUESTART|"


def test_the_fields_of_transfers_stand_in_app_queues_order() -> None:
    blind = blind_transfer_fields(
        extension="201", context="from-operators", hold_s=5, talk_s=60, position=2
    )
    assert tuple(blind) == ("201", "from-operators", "5", "60", "2")
    attended = attended_transfer_fields(
        method="BRIDGE", detail="bridge-1", hold_s=5, talk_s=60, position=2
    )
    assert tuple(attended) == ("BRIDGE", "bridge-1", "5", "60", "2")


@pytest.mark.parametrize(
    ("fields", "five"),
    [
        (("",), ("", "", "", "", "")),
        (("1", "2", "3"), ("1", "2", "3", "", "")),
        (("1", "2", "3", "4", "5"), ("1", "2", "3", "4", "5")),
        (("1", "2", "3", "4", "5", "6"), ("1", "2", "3", "4", "5|6")),
    ],
)
def test_a_table_has_five_fields_and_the_last_takes_the_rest(
    fields: tuple[str, ...], five: tuple[str, ...]
) -> None:
    row = QueueLogRow(
        origin="1",
        at=after(0),
        call="1",
        queue="q",
        agent="a",
        event=QueueEvent.ABANDON,
        fields=fields,
    )
    assert row.five_fields() == five
    assert row.detail == "|".join(fields)


def test_every_row_has_an_origin_of_its_own() -> None:
    story = Story("ekc-1.1").enters(1).rings(ANNA, 1).talks(ANNA, 2)
    facts: list[Fact] = [*story.facts, declares(ANNA, IN, 1), declares(ANNA, OUT, 2)]
    told = ledger()
    origins = [row.origin for fact in facts for row in told.rows(fact)]
    assert len(origins) == len(set(origins)) == 7
