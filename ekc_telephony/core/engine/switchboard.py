"""
The switchboard: who is connected with what, and the settling of what they ask of each other.

It owns all sessions, the ACD and everything that leads from an id to its session. A handler (in
`call_events.py`, `agent_events.py` and their like) finds the session that an event concerns, asks
it, and lets the switchboard settle the answer: whatever the session wants of the ACD is asked, and
what the ACD decides is told to the sessions, until nobody has anything to say.

Rule 1: no message between parts is ever on its way: it is settled before a method returns.
Rule 2: whoever is served is in `focus`, so that it is known who is to blame when something raises.
Rule 3: whatever changes what `snapshot.py` writes down is noted as touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, TypeAlias, assert_never, final

from ekc_telephony.core.acd.acd import Acd
from ekc_telephony.core.acd.messages import (
    AcdEffect,
    AcdEvent,
    CallbackOffered,
    CallDecision,
    CallerJoined,
    CallerMoved,
    CallerSentOutside,
    MessageOffered,
    NobodySignedIn,
    OfferMade,
    WrapUpEnded,
    WrapUpStarted,
)
from ekc_telephony.core.acd.specs import KeyTarget
from ekc_telephony.core.call.events import Event
from ekc_telephony.core.call.facts import AgentChanged, SegmentKind, SegmentStarted
from ekc_telephony.core.engine.effects import (
    Effect,
    SessionEffect,
    is_acd_event,
    without_acd_events,
)
from ekc_telephony.core.engine.left_open import LeftOpen
from ekc_telephony.core.engine.plan import EnginePlan
from ekc_telephony.core.engine.regulars import Regulars
from ekc_telephony.core.engine.session import Session
from ekc_telephony.core.engine.state import Phase
from ekc_telephony.core.engine.surroundings import Surroundings
from ekc_telephony.core.ivr.script import Script
from ekc_telephony.core.kernel.deadlines import Deadlines
from ekc_telephony.core.kernel.ids import AgentId, CallId, Did, LegId

TALK: Final = "-talk-"
"""What the ids of our bridges and their recordings have in common; others' are none of our
business."""


@final
class Switchboard:
    """
    What the handlers of one engine share.

    Args:
        plan: Numbers, scripts, schedules, feature codes.
        acd: Queues and agents.
    """

    def __init__(self, plan: EnginePlan, acd: Acd) -> None:
        self.plan = plan
        """Its scripts change when others are published; a session keeps its own."""
        self.acd: Final = acd
        self.around: Final = Surroundings(
            schedules=plan.schedules,
            zones=plan.zones,
            queues=acd.queues,
            position_of=acd.position,
            regulars=Regulars(),
            expected_wait_of=acd.expected_wait,
            has_signed_in=acd.has_signed_in,
        )
        self.sessions: Final[dict[CallId, Session]] = {}
        self.session_of_leg: Final[dict[LegId, Session]] = {}
        self.features: dict[LegId, AcdEvent | None] = {}
        """Operators who hear a confirmation, with what to tell the ACD when they have hung up."""
        self.left_open: Final = LeftOpen()
        self.deadlines: Final[Deadlines[CallId]] = Deadlines()
        self.focus: Session | None = None
        """Whom we serve at this moment: who is to blame when something raises."""
        self.is_connected = False
        """Whether we see Asterisk."""
        self.blind_since: datetime | None = None
        """Since when we have known calls without seeing Asterisk."""
        # Dictionaries for their order: the same steps shall leave the same journal.
        self.touched: dict[CallId, None] = {}
        """Calls that changed since `snapshot.take_changes` was asked last."""
        self.touched_agents: dict[AgentId, None] = {}
        """Agents that did."""
        self.features_touched = False
        """Whether `features` did."""

    # --- whom an event concerns

    def admit(self, session: Session) -> None:
        """Take a new session in, and serve it."""
        self.focus = session
        self.left_open.meet(session.call)
        self.sessions[session.call] = session
        self.session_of_leg[session.leg] = session

    def entry_script(self, did: Did) -> Script | None:
        """Return the script that a caller who dials this number begins with now."""
        script, admission = self.plan.scripts.get(did), self.plan.admission
        if script is None or admission is None:
            return script
        beyond = admission.script.script
        inside = sum(
            each.phase is not Phase.OVER and each.course.script_id != beyond
            for each in self.sessions.values()
        )
        return script if inside < admission.most_calls else admission.script

    def attend(self, leg: LegId) -> Session | None:
        """Return the session that this leg belongs to, and serve it."""
        self.focus = self.session_of_leg.get(leg)
        return self.focus

    def attend_call(self, call: CallId) -> Session | None:
        """Return the session of this call, and serve it."""
        self.focus = self.sessions.get(call)
        return self.focus

    def lead(self, legs: Iterable[LegId], session: Session) -> None:
        """Let the events of these legs go to the session."""
        for leg in legs:
            self.session_of_leg[leg] = session

    def go_blind(self, now: datetime) -> None:
        """Offer nobody to anybody until we see Asterisk."""
        self.is_connected = False
        self.blind_since = self.blind_since or now
        self.acd.suspend()

    # --- settling

    def ask_acd(self, event: AcdEvent, now: datetime) -> list[Effect]:
        """Ask the ACD, and tell sessions what it decided."""
        return self.settle_acd(self.acd.handle(event, now), now)

    def settle_acd(self, decided: list[AcdEffect], now: datetime) -> list[Effect]:
        """Tell sessions what the ACD decided."""
        effects: list[Effect] = []
        for each in decided:
            if isinstance(each, AgentChanged):
                self.touched_agents[each.agent] = None
                effects.append(each)
                continue
            session = self.sessions[each.call]
            effects += self.settle(session, self._tell(session, each, now), now)
        return effects

    def _tell(self, session: Session, decided: CallDecision, now: datetime) -> list[SessionEffect]:
        """Tell the session of the call what the ACD decided about it."""
        asked: list[SessionEffect]
        match decided:
            case OfferMade():
                asked = session.on_offer_made(decided, now)
                self.session_of_leg[LegId(decided.offer)] = session
            case NobodySignedIn():
                asked = session.on_nobody_signed_in(now)
            case CallerMoved(queue=queue, is_by_hand=is_by_hand):
                asked = session.on_moved(queue, now, is_by_hand=is_by_hand)
            case CallbackOffered():
                asked = session.on_offered(KeyTarget.CALLBACK, now)
            case MessageOffered():
                asked = session.on_offered(KeyTarget.MESSAGE, now)
            case CallerSentOutside(number=number):
                asked = session.on_sent_outside(number, now)
            case WrapUpStarted(agent=agent):
                asked = session.on_wrap_up_started(agent, now)
            case WrapUpEnded(agent=agent, is_early=is_early):
                asked = session.on_wrap_up_ended(agent, now, is_early=is_early)
            case _:
                assert_never(decided)
        return asked

    def settle(self, session: Session, asked: list[SessionEffect], now: datetime) -> list[Effect]:
        """
        Ask the ACD what a session asks of it, then note when it is next due or that it is over.

        The session's own words come first: the ACD's answer makes it say more, and the facts of a
        call shall come out in the order of their numbers.
        """
        effects = without_acd_events(asked)
        if len(effects) != len(asked):
            for each in asked:
                if is_acd_event(each):
                    effects += self.ask_acd(each, now)
                    if isinstance(each, CallerJoined):
                        self._place(effects, each.call)
        effects += session.settle(now)
        # A script rings a number outside whatever led its caller there: a key, silence, an answer.
        self.lead(session.course.outside.legs(), session)
        self.touched[session.call] = None
        if session.is_over:
            self._forget(session)
        else:
            self.deadlines.set(session.call, session.next_deadline())
        return effects

    def _place(self, effects: list[Effect], joined: CallId) -> None:
        """Say the place of a caller who has just joined a queue: only now the ACD knows it."""
        for number, effect in enumerate(effects):
            if not isinstance(effect, SegmentStarted) or effect.kind is not SegmentKind.WAITING:
                continue
            if effect.call == joined and effect.position is None:
                effects[number] = replace(effect, position=self.acd.position(joined))

    def _forget(self, session: Session) -> None:
        self.sessions.pop(session.call, None)
        self.session_of_leg.pop(session.leg, None)
        self.deadlines.set(session.call, None)


Handler: TypeAlias = Callable[[Switchboard, Any, datetime], list[Effect]]
"""Applies one event and returns all that follows from it."""

Handlers: TypeAlias = Mapping[type[Event], Handler]
"""Who handles which event; the event given to a handler is of the type it stands under."""
