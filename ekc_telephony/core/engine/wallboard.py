"""
The wallboard: queues, agents and calls as they are at one moment.

It is computed from the engine when somebody looks, and changes nothing. Numbers of citizens are not
on it: a wallboard hangs where everybody sees it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ekc_telephony.core.acd.agent import Agent
from ekc_telephony.core.call.facts import SegmentKind
from ekc_telephony.core.call.presence import Activity, NotReadyReason, Presence
from ekc_telephony.core.call.supervision import SupervisionMode
from ekc_telephony.core.engine import attention
from ekc_telephony.core.engine.engine import Engine
from ekc_telephony.core.engine.session import Session
from ekc_telephony.core.engine.state import Phase
from ekc_telephony.core.kernel.ids import AgentId, AppealId, CallId, QueueId


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLine:
    """One queue."""

    queue: QueueId
    title: str
    waiting: int
    longest_wait: timedelta
    """Of those who wait now."""
    talking: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLine:
    """One agent."""

    agent: AgentId
    presence: Presence
    reason: NotReadyReason | None
    activity: Activity
    is_reachable: bool
    activity_ends: datetime | None = None
    """When his wrap-up or rest is over."""
    may_extend_wrap_up: bool = False
    """Whether he would get more time for the wrap-up that goes on."""
    presence_ends: datetime | None = None
    """When he is taken for ready again who did not answer; None: when he says so."""
    is_holding: bool = False
    """His phone holds the caller he talks to."""
    is_caller_silent: bool = False
    """The caller he talks to has not been heard for longer than his queue allows."""
    is_silent: bool = False
    """He himself has not been heard for as long: muted, a dead headset, or he listens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorLine:
    """One supervisor who takes part in a talk."""

    supervisor: AgentId
    agent: AgentId
    mode: SupervisionMode
    is_ringing: bool
    """His phone rings; he has not answered yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLine:
    """One call."""

    call: CallId
    appeal: AppealId
    phase: Phase
    queue: QueueId | None
    agent: AgentId | None
    lasting: timedelta
    """Since it reached us."""
    waiting: timedelta | None = None
    """Since it stands in line; None when it does not wait."""
    supervisors: tuple[SupervisorLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wallboard:
    """Everything at one moment."""

    at: datetime
    is_connected: bool
    """Whether the engine sees Asterisk; if not, all below may be out of date."""
    queues: tuple[QueueLine, ...]
    agents: tuple[AgentLine, ...]
    calls: tuple[CallLine, ...]


def wallboard_of(engine: Engine, now: datetime) -> Wallboard:
    """Return the wallboard of this moment."""
    return Wallboard(
        at=now,
        is_connected=engine.is_connected,
        queues=tuple(_queue_line(engine, queue, now) for queue in engine.acd.queues),
        agents=tuple(_agent_line(engine, agent) for agent in engine.acd.agents.values()),
        calls=tuple(
            call_line(engine, session, now)
            for session in engine.sessions.values()
            if session.phase is not Phase.OVER
        ),
    )


def call_line(engine: Engine, session: Session, now: datetime) -> CallLine:
    """Return how one call is at this moment."""
    place = engine.acd.place(session.call)
    return CallLine(
        call=session.call,
        appeal=session.appeal,
        phase=session.phase,
        queue=session.queue,
        agent=session.agent,
        lasting=now - session.registered_at,
        waiting=None if place is None else now - place.joined_at,
        supervisors=tuple(
            SupervisorLine(
                supervisor=each.supervisor,
                agent=each.agent,
                mode=each.mode,
                is_ringing=not each.is_answered,
            )
            for each in session.supervisions
        ),
    )


def _agent_line(engine: Engine, agent: Agent) -> AgentLine:
    session = None if agent.call is None else engine.sessions.get(agent.call)
    talk = session if session is not None and session.agent == agent.agent_id else None
    return AgentLine(
        agent=agent.agent_id,
        presence=agent.presence,
        reason=agent.reason,
        activity=agent.activity,
        is_reachable=agent.is_reachable,
        activity_ends=agent.activity_ends,
        may_extend_wrap_up=engine.acd.may_extend_wrap_up(agent.agent_id),
        presence_ends=agent.presence_ends,
        is_holding=talk is not None and talk.has_open(SegmentKind.HOLD),
        is_caller_silent=talk is not None and attention.is_silent(talk.course),
        is_silent=talk is not None and attention.is_agent_silent(talk.course),
    )


def _queue_line(engine: Engine, queue: QueueId, now: datetime) -> QueueLine:
    waiting = engine.acd.waiting_in(queue)
    return QueueLine(
        queue=queue,
        title=engine.acd.queues[queue].title,
        waiting=len(waiting),
        longest_wait=now - waiting[0].joined_at if waiting else timedelta(0),
        talking=sum(
            session.queue == queue and session.phase is Phase.TALKING
            for session in engine.sessions.values()
        ),
    )
