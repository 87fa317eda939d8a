"""
What an operator can dial besides feature codes, and the advice he asks a colleague for.

A transfer begins at the operator's phone: he presses Transfer and dials (blind), or talks to a
colleague first (attended). For the second he calls his colleague from his phone while his caller
is on hold:

    caller ── talk ── asker ═ asker's second leg ── advice ── agent

The advice is a conversation of its own, with legs and a bridge of its own; the caller's talk with
the asker goes on meanwhile. Either it ends, and the asker goes back to his caller, or the asker
presses Transfer, and the agent's leg becomes the other side of the caller's talk; or all three talk
(`conference.py`).

Advice that a program asks for (`TransferOrdered`) needs no second line: the asker talks to his
caller until the agent answers. Then he is moved over on his only leg, and back when it is over.

Rule 1: whom is asked for advice is reserved for it: the ACD offers him nobody.
Rule 2: when one of the two legs is gone the other one is hung up, and the agent is free again.
Rule 3: nothing that goes wrong with the advice touches the caller's talk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from ekc_telephony.core.acd.acd import Acd
from ekc_telephony.core.acd.messages import AdviceAsked, AdviceBegan, AdviceEnded
from ekc_telephony.core.acd.specs import NoAgentsPolicy
from ekc_telephony.core.call.commands import (
    AnswerLeg,
    Command,
    CreateBridge,
    DestroyBridge,
    DialAgent,
    HangUpCause,
    HangUpLeg,
    JoinBridge,
    SignalRinging,
)
from ekc_telephony.core.call.facts import SegmentKind, SegmentOutcome
from ekc_telephony.core.engine.chronicle import Chronicle
from ekc_telephony.core.engine.effects import SessionEffect
from ekc_telephony.core.engine.state import AdviceState
from ekc_telephony.core.kernel.ids import AgentId, AppealId, CallId, LegId, QueueId

RING_TIME: Final = timedelta(seconds=20)
"""How long the phone of a colleague rings who is asked for advice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToAgent:
    """One operator."""

    agent: AgentId


@dataclass(frozen=True, slots=True, kw_only=True)
class ToQueue:
    """Whoever serves a queue."""

    queue: QueueId


@dataclass(frozen=True, slots=True, kw_only=True)
class ToNumber:
    """A number outside."""

    number: str


Target: TypeAlias = ToAgent | ToQueue | ToNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Who can be dialled besides operators by their accounts and queues by their names."""

    agents: Mapping[str, AgentId] = field(default_factory=dict)
    """By short numbers."""
    queues: Mapping[str, QueueId] = field(default_factory=dict)
    """By short numbers."""
    outside: frozenset[str] = frozenset()
    """Numbers outside that callers may be sent on to; no others are dialled."""

    def find(self, dialled: str, acd: Acd) -> Target | None:
        """Return who or what was dialled; None when nobody has this number."""
        if (agent := self.agents.get(dialled, AgentId(dialled))) in acd.agents:
            return ToAgent(agent=agent)
        if (queue := self.queues.get(dialled, QueueId(dialled))) in acd.queues:
            return ToQueue(queue=queue)
        return ToNumber(number=dialled) if dialled in self.outside else None


def name_of(target: Target) -> str:
    """Return what the target is called on the card: an account, a queue's id, a number."""
    match target:
        case ToAgent(agent=agent):
            return agent
        case ToQueue(queue=queue):
            return queue
        case ToNumber(number=number):
            return number


def can_be_had(target: Target, acd: Acd) -> bool:
    """Tell whether a caller may be sent there now; he is sent nowhere in vain."""
    match target:
        case ToAgent(agent=agent):
            return acd.agents[agent].is_available
        case ToQueue(queue=queue):
            informs = acd.queues[queue].when_no_agents is NoAgentsPolicy.INFORM
            return not informs or acd.has_signed_in(queue)
        case ToNumber():
            return True


def adviser(target: Target, acd: Acd) -> AgentId | None:
    """Return who can be asked for advice now; None when nobody can."""
    match target:
        case ToAgent(agent=agent):
            return agent if acd.agents[agent].is_available else None
        case ToQueue(queue=queue):
            return acd.free_for(queue)
        case ToNumber():
            return None


class Advice:
    """
    The advice that goes on in one call, if any.

    Args:
        call: The call.
        appeal: Its appeal, shown on the agent's phone.
        number: The caller's.
        chronicle: Makes the facts.
    """

    def __init__(
        self, call: CallId, *, appeal: AppealId, number: str | None, chronicle: Chronicle
    ) -> None:
        self._call = call
        self._appeal = appeal
        self._number = number
        self._chronicle = chronicle
        self.state: AdviceState | None = None

    @property
    def is_given(self) -> bool:
        """Tell whether the agent has answered."""
        return self.state is not None and self.state.lapses_at is None

    def legs(self) -> list[LegId]:
        """Return the legs that are there for it alone, believed alive."""
        if self.state is None:
            return []
        own = [] if self.state.is_on_one_line else [self.state.asker_leg]
        return [*own, self.state.leg]

    def is_overdue(self, now: datetime) -> bool:
        """Tell whether the agent's phone has rung long enough."""
        lapses_at = None if self.state is None else self.state.lapses_at
        return lapses_at is not None and now >= lapses_at

    def ask(self, wanted: AdviceState, title: str, now: datetime) -> list[SessionEffect]:
        """Ring the agent's phone; the asker hears it ring, or talks to his caller meanwhile."""
        self.state = replace(wanted, lapses_at=now + RING_TIME)
        ringing = SignalRinging(call=self._call, leg=wanted.asker_leg)
        return [
            *([] if wanted.is_on_one_line else [ringing]),
            DialAgent(
                call=self._call,
                leg=wanted.leg,
                agent=wanted.agent,
                number=self._number,
                queue_title=title,
                appeal=self._appeal,
                ring_time=RING_TIME,
            ),
            AdviceAsked(call=self._call, agent=wanted.agent),
        ]

    def answered(self, now: datetime) -> list[SessionEffect]:
        """Put both together: the agent has picked up."""
        if self.state is None or self.is_given:
            return []
        self.state = advice = replace(self.state, lapses_at=None)
        both = advice.asker_leg, advice.leg
        answer = AnswerLeg(call=self._call, leg=advice.asker_leg)
        return [
            *([] if advice.is_on_one_line else [answer]),
            CreateBridge(call=self._call, bridge=advice.bridge),
            JoinBridge(call=self._call, bridge=advice.bridge, legs=both),
            self._chronicle.start(SegmentKind.CONSULTATION, now, agent=advice.asker),
            self._chronicle.start(SegmentKind.CONSULTATION, now, agent=advice.agent),
            AdviceBegan(call=self._call, agent=advice.agent),
        ]

    def end(self, now: datetime, *, gone: LegId | None = None) -> list[SessionEffect]:
        """End it, whoever ended it; nothing without one."""
        advice, is_given = self.state, self.is_given
        if advice is None:
            return []
        cause = HangUpCause.NORMAL if is_given else HangUpCause.BUSY
        hang_ups = [
            HangUpLeg(call=self._call, leg=leg, cause=cause if leg == advice.asker_leg else _NORMAL)
            for leg in self.legs()
            if leg != gone
        ]
        ended = self._close(advice, SegmentOutcome.COMPLETED, now) if is_given else []
        self.state = None
        return [*hang_ups, *ended, AdviceEnded(call=self._call, agent=advice.agent)]

    def become_talk(self, outcome: SegmentOutcome, now: datetime) -> list[SessionEffect]:
        """End it because the agent talks to the caller from now on; all its legs live on."""
        advice, self.state = self.state, None
        return [] if advice is None else self._close(advice, outcome, now)

    def _close(
        self, advice: AdviceState, outcome: SegmentOutcome, now: datetime
    ) -> list[SessionEffect]:
        dissolved: list[Command] = [DestroyBridge(call=self._call, bridge=advice.bridge)]
        return [
            *self._chronicle.end(SegmentKind.CONSULTATION, outcome, now, agent=advice.asker),
            *self._chronicle.end(SegmentKind.CONSULTATION, outcome, now, agent=advice.agent),
            *dissolved,
        ]


_NORMAL: Final = HangUpCause.NORMAL
