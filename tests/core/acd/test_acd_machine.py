"""
The ACD under everything that can happen to it, in any order: hypothesis looks for a bad one.

The machine plays the sessions: it lets callers join and leave, and answers, refuses or forgets the
offers it is given. It remembers the offers on its own account and compares after every step.
"""

from __future__ import annotations

from datetime import datetime

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ekc_telephony.core.acd.acd import PRIORITY_WORTH, Acd
from ekc_telephony.core.acd.messages import (
    AcdEffect,
    AcdEvent,
    CallerJoined,
    CallerLeft,
    CallerMoved,
    CallerSentOutside,
    ConversationAdopted,
    ConversationEnded,
    LapseReason,
    MoreWrapUpAsked,
    NobodySignedIn,
    OfferAccepted,
    OfferLapsed,
    OfferMade,
    PresenceSet,
    ReachabilityChanged,
    WrapUpDeclaredOver,
    WrapUpEnded,
    WrapUpStarted,
)
from ekc_telephony.core.acd.specs import (
    Absence,
    AgentChoice,
    AgentRules,
    AgentSpec,
    Easing,
    Line,
    Need,
    NoAgentsPolicy,
    Overflow,
    OverflowCause,
    OverflowTarget,
    QueueSpec,
    ever_serves,
    needs_after,
)
from ekc_telephony.core.call.presence import Activity, NotReadyReason, Presence
from ekc_telephony.core.kernel.ids import AgentId, CallId, OfferId, QueueId, SkillId
from tests.core.office import NOON, seconds

SKILLS = [SkillId("german"), SkillId("law")]
LEVELS = st.dictionaries(st.sampled_from(SKILLS), st.integers(1, 2))
LINES = st.sampled_from(Line)
A_FEW = st.integers(0, 40)
PICK = st.integers(0, 99)
EASED = (Need(line=None, skills={}),)
ABSENCES = st.sampled_from([None, Absence(lasting=None), Absence(lasting=seconds(25))])
PAUSES = (Activity.WRAP_UP, Activity.RESTING)


@st.composite
def queue_specs(draw: st.DrawFn) -> list[QueueSpec]:
    return [
        QueueSpec(
            queue=QueueId(f"queue-{number}"),
            title=f"Queue {number}",
            line=draw(LINES),
            requires=draw(LEVELS),
            ring_time=seconds(20),
            wrap_up=seconds(draw(st.sampled_from([0, 15]))),
            refusal_rest=seconds(draw(st.sampled_from([0, 5]))),
            announce_every=None,
            is_recorded=False,
            when_no_agents=draw(st.sampled_from(NoAgentsPolicy)),
            easings=draw(easings()),
            choice=draw(st.sampled_from(AgentChoice)),
            priority=draw(st.sampled_from([0, 0, 1, 3])),
            spared_for=seconds(draw(st.sampled_from([0, 7, 60]))),
            prefers_for=seconds(draw(st.sampled_from([0, 10]))),
            overflows=draw(overflows(number)),
            absence=draw(ABSENCES),
        )
        for number in range(draw(st.integers(1, 4)))
    ]


@st.composite
def easings(draw: st.DrawFn) -> tuple[Easing, ...]:
    needs = [Need(line=draw(st.sampled_from([None, *Line])), skills=draw(LEVELS)) for _ in range(2)]
    steps = [Easing(after=seconds(12), needs=tuple(needs)), Easing(after=seconds(30), needs=EASED)]
    return tuple(steps[: draw(st.integers(0, 2))])


@st.composite
def overflows(draw: st.DrawFn, number: int) -> tuple[Overflow, ...]:
    """To an earlier queue, so never in a circle; from the first one to a callback."""
    targets = [OverflowTarget.CALLBACK, OverflowTarget.MESSAGE, OverflowTarget.OUTSIDE]
    if number:
        targets.append(OverflowTarget.QUEUE)
    rules = []
    for cause in draw(st.lists(st.sampled_from(OverflowCause), max_size=2)):
        target = draw(st.sampled_from(targets))
        rules.append(
            Overflow(
                cause=cause,
                after=seconds(draw(st.sampled_from([0, 9, 25]))),
                length=draw(st.integers(0, 2)),
                longer_than=seconds(draw(st.sampled_from([5, 40]))),
                target=target,
                to_queue=QueueId(f"queue-{number - 1}") if target is OverflowTarget.QUEUE else None,
                number="112" if target is OverflowTarget.OUTSIDE else None,
            )
        )
    return tuple(rules)


RULES = st.builds(
    AgentRules,
    after_no_answer=st.sampled_from([None, seconds(11), seconds(60)]),
    extends_wrap_up_by=st.just(seconds(20)),
    extensions=st.integers(0, 2),
)


@st.composite
def agent_specs(draw: st.DrawFn) -> list[AgentSpec]:
    return [
        AgentSpec(
            agent=AgentId(f"agent-{number}"),
            name=f"Agent {number}",
            line=draw(LINES),
            skills=draw(LEVELS),
            initial_presence=draw(st.sampled_from(Presence)),
        )
        for number in range(draw(st.integers(1, 5)))
    ]


class AcdMachine(RuleBasedStateMachine):
    queues: list[QueueSpec]
    agents: dict[AgentId, AgentSpec]
    acd: Acd

    def __init__(self) -> None:
        super().__init__()
        self.now: datetime = NOON
        self.calls = 0
        self.waiting: dict[CallId, QueueId] = {}
        """Who waits, in the order of joining."""
        self.offers: dict[OfferId, OfferMade] = {}
        self.offers_ever: list[OfferId] = []
        self.talks: dict[CallId, AgentId] = {}
        self.wrap_ups: dict[CallId, AgentId] = {}
        self.outside: dict[CallId, QueueId] = {}
        """Whom a number outside is rung for, and the queue that he came from."""
        self.outside_ever: set[CallId] = set()

    @initialize(queues=queue_specs(), agents=agent_specs(), rules=RULES)
    def the_office_opens(
        self, queues: list[QueueSpec], agents: list[AgentSpec], rules: AgentRules
    ) -> None:
        self.queues = queues
        self.agent_rules = rules
        self.agents = {spec.agent: spec for spec in agents}
        self.acd = Acd(queues, agents, rules=rules)

    def tell(self, event: AcdEvent) -> None:
        self.heed(self.acd.handle(event, self.now))

    def heed(self, effects: list[AcdEffect]) -> None:
        # The ACD is as it is after all of them: whoever is sent outside is gone already.
        sent = {each.call for each in effects if isinstance(each, CallerSentOutside)}
        self.outside |= {call: self.waiting.pop(call) for call in sent}
        assert not sent & self.outside_ever, "nobody is sent outside twice"
        self.outside_ever |= sent
        for effect in effects:
            self.note(effect)

    def note(self, effect: AcdEffect) -> None:
        match effect:
            case OfferMade():
                assert self.may(effect.agent, effect.call)
                assert effect.queue == self.waiting[effect.call]
                assert effect.agent not in {each.agent for each in self.offers.values()}
                assert effect.agent not in self.talks.values()
                assert effect.call not in {each.call for each in self.offers.values()}
                assert effect.offer not in self.offers_ever
                self.who_is_due_first_is_offered_first(effect)
                self.offers[effect.offer] = effect
                self.offers_ever.append(effect.offer)
            case NobodySignedIn(call=call):
                del self.waiting[call]
            case CallerSentOutside(call=call):
                assert call not in {each.call for each in self.offers.values()}
            case CallerMoved(call=call, queue=queue) if call in self.outside:
                self.outside[call] = queue
            case CallerMoved(call=call, before=before, queue=queue):
                assert self.waiting[call] == before
                assert call not in {each.call for each in self.offers.values()}
                self.waiting[call] = queue
            case WrapUpStarted(call=call, agent=agent):
                self.wrap_ups[call] = agent
            case WrapUpEnded(call=call, agent=agent):
                assert self.wrap_ups.pop(call) == agent
            case _:
                pass

    def may(self, agent: AgentId, call: CallId) -> bool:
        """Tell whether the agent may be offered this waiting caller now."""
        place = self.acd.place(call)
        assert place is not None
        spec = self.acd.queues[place.queue]
        if place.preferred is not None and self.now < place.entered_at + spec.prefers_for:
            return agent == place.preferred
        needs = needs_after(spec, self.now - place.joined_at, place.skills)
        return any(need.is_met_by(self.agents[agent]) for need in needs)

    def is_spared(self, agent: AgentId, call: CallId) -> bool:
        place = self.acd.place(call)
        return place is not None and agent in place.spared

    def who_is_due_first_is_offered_first(self, made: OfferMade) -> None:
        offered = {each.call for each in self.offers.values()} | {made.call}
        chosen = self.acd.place(made.call)
        assert chosen is not None
        for call in self.waiting.keys() - offered:
            other = self.acd.place(call)
            assert other is not None
            is_passed_over = other.due < chosen.due and self.may(made.agent, call)
            assert not is_passed_over or self.is_spared(made.agent, call)

    # --- what happens

    @rule(which=PICK, ago=A_FEW, skills=LEVELS, priority=st.integers(0, 2), known=PICK)
    def a_caller_joins(
        self, which: int, ago: int, skills: dict[SkillId, int], priority: int, known: int
    ) -> None:
        self.calls += 1
        call = CallId(f"call-{self.calls}")
        queue = self.queues[which % len(self.queues)].queue
        self.waiting[call] = queue
        is_known = known % 3 == 0
        self.tell(
            CallerJoined(
                call=call,
                queue=queue,
                since=self.now - seconds(ago) if ago > 20 else None,
                skills=skills if known % 2 else {},
                priority=priority,
                preferred=list(self.agents)[known % len(self.agents)] if is_known else None,
            )
        )

    @precondition(lambda self: self.waiting)
    @rule(which=PICK)
    def a_caller_leaves(self, which: int) -> None:
        call = list(self.waiting)[which % len(self.waiting)]
        del self.waiting[call]
        self.offers = {key: made for key, made in self.offers.items() if made.call != call}
        self.tell(CallerLeft(call=call))

    @precondition(lambda self: self.outside)
    @rule(which=PICK)
    def nobody_takes_a_caller_outside(self, which: int) -> None:
        call = list(self.outside)[which % len(self.outside)]
        queue = self.waiting[call] = self.outside.pop(call)
        since = self.now - seconds(40)
        self.tell(CallerJoined(call=call, queue=queue, since=since, was_outside=True))

    @precondition(lambda self: self.offers)
    @rule(which=PICK)
    def an_offer_is_accepted(self, which: int) -> None:
        made = self.offers.pop(list(self.offers)[which % len(self.offers)])
        del self.waiting[made.call]
        self.talks[made.call] = made.agent
        self.tell(OfferAccepted(offer=made.offer))

    @precondition(lambda self: self.offers)
    @rule(which=PICK, reason=st.sampled_from(LapseReason))
    def an_offer_lapses(self, which: int, reason: LapseReason) -> None:
        made = self.offers.pop(list(self.offers)[which % len(self.offers)])
        self.tell(OfferLapsed(offer=made.offer, reason=reason))

    @precondition(lambda self: self.offers_ever)
    @rule(which=PICK, reason=st.sampled_from(LapseReason))
    def an_old_offer_is_heard_of_again(self, which: int, reason: LapseReason) -> None:
        offer = self.offers_ever[which % len(self.offers_ever)]
        if offer not in self.offers:
            assert self.acd.handle(OfferAccepted(offer=offer), self.now) == []
            assert self.acd.handle(OfferLapsed(offer=offer, reason=reason), self.now) == []

    @precondition(lambda self: self.talks)
    @rule(which=PICK)
    def a_conversation_ends(self, which: int) -> None:
        call = list(self.talks)[which % len(self.talks)]
        del self.talks[call]
        self.tell(ConversationEnded(call=call))

    @rule(which=PICK)
    def a_conversation_is_found(self, which: int) -> None:
        agent = list(self.agents)[which % len(self.agents)]
        self.calls += 1
        call = CallId(f"call-{self.calls}")
        if self.acd.agents[agent].activity is Activity.IDLE:
            self.talks[call] = agent
        self.tell(ConversationAdopted(call=call, agent=agent))

    @rule(which=PICK, presence=st.sampled_from(Presence), reason=st.sampled_from(NotReadyReason))
    def presence_is_declared(self, which: int, presence: Presence, reason: NotReadyReason) -> None:
        agent = list(self.agents)[which % len(self.agents)]
        self.tell(PresenceSet(agent=agent, presence=presence, reason=reason))

    @rule(which=PICK)
    def wrap_up_is_declared_over(self, which: int) -> None:
        self.tell(WrapUpDeclaredOver(agent=list(self.agents)[which % len(self.agents)]))

    @rule(which=PICK)
    def more_wrap_up_is_asked_for(self, which: int) -> None:
        self.tell(MoreWrapUpAsked(agent=list(self.agents)[which % len(self.agents)]))

    @rule(which=PICK, is_reachable=st.booleans())
    def a_phone_comes_or_goes(self, which: int, *, is_reachable: bool) -> None:
        agent = list(self.agents)[which % len(self.agents)]
        self.tell(ReachabilityChanged(agent=agent, is_reachable=is_reachable))

    @rule(count=A_FEW)
    def time_passes(self, count: int) -> None:
        self.now += seconds(count)
        self.heed(self.acd.on_time(self.now))

    # --- what is always true

    @invariant()
    def the_acd_knows_the_offers_and_talks_that_we_know(self) -> None:
        reserved = {made.agent: made.call for made in self.offers.values()}
        talking = {agent: call for call, agent in self.talks.items()}
        for agent in self.acd.agents.values():
            match agent.activity:
                case Activity.RESERVED:
                    assert reserved.pop(agent.agent_id) == agent.call
                case Activity.TALKING:
                    assert talking.pop(agent.agent_id) == agent.call
                case Activity.WRAP_UP:
                    assert agent.call is not None
                    assert self.wrap_ups[agent.call] == agent.agent_id
                case _:
                    assert agent.call is None
        assert not reserved
        assert not talking

    @invariant()
    def nobody_who_could_be_served_waits(self) -> None:
        free = [agent for agent, known in self.acd.agents.items() if known.is_available]
        offered = {each.call for each in self.offers.values()}
        for call in self.waiting.keys() - offered:
            for agent in free:
                assert self.is_spared(agent, call) or not self.may(agent, call)

    @invariant()
    def nobody_is_spared_for_ever_or_while_he_is_alone(self) -> None:
        for call in self.waiting:
            place = self.acd.place(call)
            assert place is not None
            assert all(until > self.now for until in place.spared.values())
            if place.spared:
                assert self.acd._callers._due._moments[call] <= min(place.spared.values())

    @invariant()
    def the_estimator_knows_who_is_ready_and_who_is_engaged_for_what(self) -> None:
        known = self.acd._matching.estimator
        ready = {agent for agent, bit in known._bits.items() if known._ready & bit}
        assert ready == {agent for agent, each in self.acd.agents.items() if each.is_ready}
        for made in self.offers.values():
            assert known.engaged_for(made.agent) == made.queue
        at_work = {Activity.RESERVED, Activity.TALKING, Activity.WRAP_UP}
        engaged = list(known._engaged.items())
        assert all(self.acd.agents[agent].activity in at_work for agent, _ in engaged)
        for queue, pace in known._paces.items():
            assert pace.engaged == sum(each == queue for _, each in engaged)

    @invariant()
    def the_census_is_true(self) -> None:
        for spec in self.queues:
            serving = [a for a, known in self.agents.items() if ever_serves(known, spec)]
            assert self.acd.ready_in(spec.queue) == sum(
                self.acd.agents[agent].is_ready for agent in serving
            )

    @invariant()
    def every_pause_has_an_end(self) -> None:
        ends = [agent.activity_ends for agent in self.acd.agents.values() if agent.activity_ends]
        pausing = [agent for agent in self.acd.agents.values() if agent.activity in PAUSES]
        assert len(ends) == len(pausing)
        soonest = self.acd.next_deadline()
        assert not ends or (soonest is not None and soonest <= min(ends))
        assert soonest is None or soonest >= self.now

    @invariant()
    def who_did_not_answer_is_ready_again_as_the_rules_say(self) -> None:
        own = [spec.absence.lasting for spec in self.queues if spec.absence is not None]
        allowed = {self.agent_rules.after_no_answer, *own}
        longest = max((each for each in allowed if each is not None), default=None)
        soonest = self.acd.next_deadline()
        for agent in self.acd.agents.values():
            if agent.reason is not NotReadyReason.NO_ANSWER:
                assert agent.presence_ends is None
            elif agent.presence_ends is None:
                assert None in allowed
            else:
                assert longest is not None
                assert self.now < agent.presence_ends <= self.now + longest
                assert soonest is not None
                assert soonest <= agent.presence_ends

    @invariant()
    def wrap_up_is_bounded(self) -> None:
        for agent in self.acd.agents.values():
            assert agent.extensions <= self.agent_rules.extensions
            assert not agent.extensions or agent.activity is Activity.WRAP_UP

    @invariant()
    def places_are_counted_from_one_in_the_order_of_being_due(self) -> None:
        for spec in self.queues:
            inside = {call for call, queue in self.waiting.items() if queue == spec.queue}
            places_in_line = self.acd.waiting_in(spec.queue)
            line = [each.call for each in places_in_line]
            assert set(line) == inside
            due = [each.joined_at - each.priority * PRIORITY_WORTH for each in places_in_line]
            assert due == sorted(due)
            places = [self.acd.position(call) for call in line]
            assert places == list(range(1, len(line) + 1))

    @invariant()
    def who_left_is_nowhere(self) -> None:
        assert set(self.acd._matching.waiting) == set(self.waiting)
        assert set(self.acd._matching._call_of_offer) == set(self.offers)
        assert set(self.acd._agents._talks) == set(self.talks)


def test_the_acd_keeps_its_rules_in_any_order_of_events() -> None:
    run_state_machine_as_test(
        AcdMachine, settings=settings(max_examples=100, stateful_step_count=50)
    )
