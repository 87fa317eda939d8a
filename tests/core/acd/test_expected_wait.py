"""How long a caller will wait: what is told of it, when nothing is, and how true it turns out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from statistics import mean

import pytest

from ekc_telephony.core.acd.acd import Acd
from ekc_telephony.core.acd.expected_wait import (
    ENOUGH_CONVERSATIONS,
    ExpectedWait,
    PaceState,
    WaitEstimator,
)
from ekc_telephony.core.acd.floor import Floor
from ekc_telephony.core.acd.messages import (
    CallerJoined,
    CallerLeft,
    ConversationEnded,
    OfferAccepted,
    OfferMade,
    PresenceSet,
)
from ekc_telephony.core.acd.specs import AgentSpec, Line
from ekc_telephony.core.call.presence import Presence
from ekc_telephony.core.ivr.spoken import WaitRange
from ekc_telephony.core.kernel.ids import AgentId, CallId, QueueId, SkillId
from tests.core.acd.queueing import Centre, Stream
from tests.core.office import NOON, queue, seconds

GENERAL, PENSIONS, FAMILY = QueueId("general"), QueueId("pensions"), QueueId("family")
A, B = SkillId("a"), SkillId("b")


def crew(count: int, name: str = "agent", **skills: int) -> list[AgentSpec]:
    return [
        AgentSpec(
            agent=AgentId(f"{name}-{number}"),
            name=name,
            line=Line.FIRST,
            skills={SkillId(skill): level for skill, level in skills.items()},
            initial_presence=Presence.READY,
        )
        for number in range(count)
    ]


class Hall:
    """One queue, whose conversations take as long as a test says."""

    def __init__(self, agents: int) -> None:
        self.acd = Acd([queue(GENERAL, wrap_up=seconds(0))], crew(agents))
        self.now = NOON
        self.calls = 0
        self.offered: CallId | None = None
        self.agent = AgentId("agent-0")

    def joins(self) -> CallId:
        self.calls += 1
        call = CallId(f"call-{self.calls}")
        for said in self.acd.handle(CallerJoined(call=call, queue=GENERAL), self.now):
            if isinstance(said, OfferMade):
                self.acd.handle(OfferAccepted(offer=said.offer), self.now)
        return call

    def ends(self, call: CallId) -> None:
        for said in self.acd.handle(ConversationEnded(call=call), self.now):
            if isinstance(said, OfferMade):
                self.acd.handle(OfferAccepted(offer=said.offer), self.now)

    def converses(self, times: int, each: timedelta) -> None:
        for _ in range(times):
            call = self.joins()
            self.now += each
            self.ends(call)

    def expected(self, call: CallId) -> ExpectedWait | None:
        return self.acd.expected_wait(call, self.now)

    def told(self, call: CallId) -> ExpectedWait:
        expected = self.expected(call)
        assert expected is not None
        return expected

    def everybody_talks(self, agents: int) -> None:
        for _ in range(agents):
            self.joins()


def test_nothing_is_told_before_enough_conversations_have_ended() -> None:
    hall = Hall(1)
    hall.converses(ENOUGH_CONVERSATIONS - 1, seconds(240))
    first = hall.joins()
    waiting = hall.joins()
    assert hall.expected(waiting) is None

    hall.now += seconds(240)
    hall.ends(first)

    assert hall.expected(hall.joins()) is not None


def test_nothing_is_told_while_more_conversations_go_on_than_have_ended() -> None:
    hall = Hall(8)
    hall.converses(6, seconds(240))
    hall.everybody_talks(8)

    assert hall.expected(hall.joins()) is None


def test_nothing_is_told_while_nobody_is_ready() -> None:
    hall = Hall(1)
    hall.converses(9, seconds(240))
    hall.joins()
    waiting = hall.joins()
    assert hall.expected(waiting) is not None

    hall.acd.handle(PresenceSet(agent=AgentId("agent-0"), presence=Presence.NOT_READY), hall.now)

    assert hall.expected(waiting) is None


def test_nothing_is_told_to_one_who_does_not_wait() -> None:
    hall = Hall(1)
    hall.converses(9, seconds(240))

    assert hall.expected(hall.joins()) is None
    assert hall.expected(CallId("never heard of")) is None


def test_the_wait_is_the_place_times_a_conversation_over_the_ready_agents() -> None:
    hall = Hall(4)
    hall.converses(100, seconds(240))
    hall.everybody_talks(4)
    waiting = [hall.joins() for _ in range(8)]

    assert [hall.told(call).turns for call in waiting] == [place / 4 for place in range(1, 9)]
    # The eighth waits for eight ends of conversations, one a minute.
    last = hall.told(waiting[-1])
    assert last.low < seconds(8 * 60) < last.high
    assert (last.low + last.high) / 2 == pytest.approx(seconds(8 * 60), rel=0.05)


def test_the_upper_end_is_near_the_true_one_for_the_next_in_line() -> None:
    """Of exponential gaps one in five is over 1.61 times the mean, one under 0.22."""
    hall = Hall(1)
    hall.converses(100, seconds(100))
    hall.joins()
    expected = hall.told(hall.joins())

    assert expected.high / seconds(100) == pytest.approx(1.61, rel=0.02)
    assert expected.low / seconds(100) == pytest.approx(0.22, rel=0.05)


def test_recent_conversations_count_most() -> None:
    hall = Hall(1)
    hall.converses(200, seconds(60))
    hall.converses(200, seconds(600))
    hall.joins()

    assert hall.told(hall.joins()).high > 1.5 * seconds(590)


def test_conversations_that_go_on_count_too() -> None:
    hall = Hall(2)
    hall.converses(10, seconds(60))
    hall.everybody_talks(2)
    waiting = hall.joins()
    before = hall.told(waiting)

    hall.now += seconds(600)

    assert hall.told(waiting).high > 2 * before.high


def test_an_offer_that_nobody_takes_costs_time_but_is_no_conversation() -> None:
    acd = Acd([queue(GENERAL)], crew(1))
    acd.handle(CallerJoined(call=CallId("olga"), queue=GENERAL), NOON)
    acd.handle(CallerLeft(call=CallId("olga")), NOON + seconds(10))

    assert acd.paces == (
        PaceState(
            queue=GENERAL,
            engaged_s=10.0,
            conversations=0.0,
            seen=0,
            counted_to=NOON + seconds(10),
        ),
    )


def test_wrap_up_counts_as_part_of_a_conversation() -> None:
    acd = Acd([queue(GENERAL, wrap_up=seconds(30))], crew(1))
    (made, _) = acd.handle(CallerJoined(call=CallId("olga"), queue=GENERAL), NOON)
    assert isinstance(made, OfferMade)
    acd.handle(OfferAccepted(offer=made.offer), NOON + seconds(5))
    acd.handle(ConversationEnded(call=CallId("olga")), NOON + seconds(100))
    acd.on_time(NOON + seconds(130))

    (pace,) = acd.paces
    assert pace.seen == 1
    assert pace.engaged_s / pace.conversations == pytest.approx(130)


def test_another_estimator_goes_on_where_this_one_was() -> None:
    hall = Hall(2)
    hall.converses(20, seconds(240))
    hall.everybody_talks(2)
    waiting = [hall.joins() for _ in range(3)]
    hall.now += seconds(17)

    again = Acd([queue(GENERAL, wrap_up=seconds(0))], crew(2))
    again.restore_paces([*hall.acd.paces, replace(hall.acd.paces[0], queue=QueueId("gone"))])
    for agent_id, agent in hall.acd.agents.items():
        again.restore_agent(agent, wrap_up=seconds(0), engaged_for=hall.acd.engaged_for(agent_id))
    for call in waiting:
        place = hall.acd.place(call)
        assert place is not None
        again.restore_waiting(replace(place))

    assert again.paces == hall.acd.paces
    for call in waiting:
        assert again.expected_wait(call, hall.now) == hall.acd.expected_wait(call, hall.now)


def test_an_agent_engaged_for_a_queue_that_exists_no_longer_is_engaged_for_none() -> None:
    specs = crew(1)
    queues = {GENERAL: queue(GENERAL)}
    estimator = WaitEstimator(queues, specs, Floor(queues.values(), specs, worth=seconds(60)))

    estimator.restore_engaged(specs[0].agent, QueueId("gone"))
    estimator.restore_engaged(specs[0].agent, None)
    estimator.release(specs[0].agent, NOON, has_talked=True)

    assert estimator.states() == ()


def test_only_changed_paces_are_taken() -> None:
    hall = Hall(1)
    assert hall.acd.take_changed_paces() == ()
    hall.converses(1, seconds(60))

    assert hall.acd.take_changed_paces() == hall.acd.paces
    assert hall.acd.take_changed_paces() == ()


# --- agents who serve several queues


def shared_acd(*agents: AgentSpec) -> Acd:
    """Return two queues, of which Anna serves one, Boris the other and Clara both."""
    return Acd(
        [
            queue(PENSIONS, requires={A: 1}, wrap_up=seconds(0)),
            queue(FAMILY, requires={B: 1}, wrap_up=seconds(0)),
        ],
        agents,
    )


def measured(queue_id: QueueId, seconds_each: float) -> PaceState:
    return PaceState(
        queue=queue_id,
        engaged_s=50 * seconds_each,
        conversations=50.0,
        seen=500,
        counted_to=NOON,
    )


def test_callers_of_another_queue_count_by_the_part_that_his_operators_will_take() -> None:
    acd = shared_acd(*crew(2, "both", a=1, b=1), *crew(2, "family", b=1))
    acd.restore_paces([measured(PENSIONS, 240), measured(FAMILY, 240)])
    for number in range(4 + 6):
        for said in acd.handle(CallerJoined(call=CallId(f"f{number}"), queue=FAMILY), NOON):
            if isinstance(said, OfferMade):
                acd.handle(OfferAccepted(offer=said.offer), NOON)
    acd.handle(CallerJoined(call=CallId("olga"), queue=PENSIONS), NOON)

    expected = acd.expected_wait(CallId("olga"), NOON)

    assert expected is not None
    # Six callers before her, of whom two of four operators take three; then it is her turn.
    assert expected.turns == (6 * 2 / 4 + 1) / 2


def test_callers_of_another_queue_who_came_later_do_not_count() -> None:
    acd = shared_acd(*crew(1, "both", a=1, b=1))
    acd.restore_paces([measured(PENSIONS, 240), measured(FAMILY, 240)])
    for call, queue_id in (("busy", FAMILY), ("olga", PENSIONS), ("later", FAMILY)):
        for said in acd.handle(CallerJoined(call=CallId(call), queue=queue_id), NOON):
            if isinstance(said, OfferMade):
                acd.handle(OfferAccepted(offer=said.offer), NOON)

    expected = acd.expected_wait(CallId("olga"), NOON)

    assert expected is not None
    assert expected.turns == 1.0


def test_callers_of_another_queue_do_not_count_while_no_common_operator_is_ready() -> None:
    acd = shared_acd(*crew(1, "both", a=1, b=1), *crew(1, "pensions", a=1))
    acd.restore_paces([measured(PENSIONS, 240), measured(FAMILY, 240)])
    for call, queue_id in (("busy", PENSIONS), ("too", PENSIONS), ("family", FAMILY)):
        for said in acd.handle(CallerJoined(call=CallId(call), queue=queue_id), NOON):
            if isinstance(said, OfferMade):
                acd.handle(OfferAccepted(offer=said.offer), NOON)
    acd.handle(CallerJoined(call=CallId("olga"), queue=PENSIONS), NOON)
    acd.handle(PresenceSet(agent=AgentId("both-0"), presence=Presence.NOT_READY), NOON)

    expected = acd.expected_wait(CallId("olga"), NOON)

    assert expected is not None
    assert expected.turns == 1.0


def test_the_time_of_a_conversation_is_that_of_the_queues_which_keep_the_operators_busy() -> None:
    acd = shared_acd(*crew(1, "both", a=1, b=1))
    acd.restore_paces([measured(FAMILY, 600)])
    for call, queue_id in (("busy", FAMILY), ("olga", PENSIONS)):
        for said in acd.handle(CallerJoined(call=CallId(call), queue=queue_id), NOON):
            if isinstance(said, OfferMade):
                acd.handle(OfferAccepted(offer=said.offer), NOON)

    expected = acd.expected_wait(CallId("olga"), NOON)

    assert expected is not None
    assert expected.high / seconds(600) == pytest.approx(1.61, rel=0.02)


def test_who_is_kept_for_one_agent_is_told_as_if_he_waited_for_anybody() -> None:
    specs = replace(queue(GENERAL, wrap_up=seconds(0)), prefers_for=seconds(20))
    acd = Acd([specs], crew(2))
    acd.restore_paces([measured(GENERAL, 240)])
    for call in ("one", "two"):
        (made, _) = acd.handle(CallerJoined(call=CallId(call), queue=GENERAL), NOON)
        assert isinstance(made, OfferMade)
        acd.handle(OfferAccepted(offer=made.offer), NOON)
    known = CallerJoined(call=CallId("olga"), queue=GENERAL, preferred=AgentId("agent-1"))
    acd.handle(known, NOON)

    expected = acd.expected_wait(CallId("olga"), NOON)

    assert expected is not None
    assert expected.turns == 1 / 2


# --- held against the truth


def share(flags: list[bool]) -> float:
    return sum(flags) / len(flags)


SHARED_QUEUES = (
    queue(PENSIONS, requires={A: 1}, wrap_up=seconds(30)),
    queue(FAMILY, requires={B: 1}, wrap_up=seconds(30)),
    queue(GENERAL, wrap_up=seconds(30)),
)
SHARED_CREW = (*crew(10, "a", a=1), *crew(10, "b", b=1), *crew(10, "both", a=1, b=1))
SHARED_STREAMS = {
    PENSIONS: Stream(an_hour=180, talk_s=240),
    FAMILY: Stream(an_hour=85, talk_s=400),
    GENERAL: Stream(an_hour=85, talk_s=120),
}


def one_queue(an_hour: float, patience_s: float | None = None) -> Mapping[QueueId, Stream]:
    return {GENERAL: Stream(an_hour=an_hour, talk_s=240, patience_s=patience_s)}


@pytest.mark.parametrize(
    ("agents", "an_hour", "hours"),
    [(3, 32, 100), (10, 115, 32), (55, 700, 8)],
    ids=["3 operators", "10 operators", "55 operators"],
)
def test_what_is_told_is_true_where_nobody_gives_up(agents: int, an_hour: int, hours: int) -> None:
    """M/M/c with a wrap-up: measured 12-17 % above the upper end, 12-24 % below the lower one."""
    queues = [queue(GENERAL, wrap_up=seconds(30))]
    centre = Centre.of(queues, crew(agents), one_queue(an_hour), seed=5)
    centre.play(timedelta(hours=hours))

    check_what_was_told(centre, too_short=0.22, too_long=0.30)


def test_what_is_told_is_true_where_queues_share_operators() -> None:
    centre = Centre.of(SHARED_QUEUES, SHARED_CREW, SHARED_STREAMS, seed=5)
    centre.play(timedelta(hours=24))

    check_what_was_told(centre, too_short=0.22, too_long=0.35)


def check_what_was_told(centre: Centre, *, too_short: float, too_long: float) -> None:
    served = [wait for wait in centre.waits.values() if wait.waited is not None]
    known = [(wait, wait.expected, wait.waited) for wait in served if wait.expected and wait.waited]
    assert len(known) > 200
    assert len(known) > 0.95 * len(served)

    waited = mean(waited.total_seconds() for _, _, waited in known)
    low = mean(expected.low.total_seconds() for _, expected, _ in known)
    high = mean(expected.high.total_seconds() for _, expected, _ in known)
    assert low < waited < high < 2 * waited
    assert share([waited > expected.high for _, expected, waited in known]) < too_short
    assert share([waited < expected.low for _, expected, waited in known]) < too_long
    beyond = [
        told.end is not None and waited > told.end
        for wait, _, waited in known
        if (told := wait.first_told) is not None
    ]
    assert share(beyond) < 0.12
    assert sum(wait.times_grown for wait, _, _ in known) == 0


def test_nobody_is_told_too_little_where_many_give_up() -> None:
    """An overloaded centre: those before him who hang up make his wait shorter than told."""
    queues = [queue(GENERAL, wrap_up=seconds(30))]
    centre = Centre.of(queues, crew(10), one_queue(200, patience_s=300), seed=5)
    centre.play(timedelta(hours=24))
    known = [
        (wait.expected, wait.waited)
        for wait in centre.waits.values()
        if wait.expected and wait.waited
    ]

    assert share([waited > expected.high for expected, waited in known]) < 0.12


def test_a_range_is_told_in_the_words_that_people_use() -> None:
    told = {wait: WaitRange.of(seconds(wait)) for wait in (0, 60, 61, 180, 1800, 1801)}

    assert told == {
        0: WaitRange.UNDER_1,
        60: WaitRange.UNDER_1,
        61: WaitRange.FROM_1_TO_2,
        180: WaitRange.FROM_2_TO_3,
        1800: WaitRange.FROM_20_TO_30,
        1801: WaitRange.OVER_30,
    }
