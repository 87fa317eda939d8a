"""
What the configuration says of queues and agents.

A queue says whom its callers need (`Need`), how that is eased while they wait (`Easing`), who of
those who are free is taken (`AgentChoice`), and where a caller goes whom nobody takes (`Overflow`).

Rule 1: an easing never asks for more than the one before: whoever was good enough stays so.
Rule 2: overflows lead from queue to queue without a circle, so a caller is moved finitely often.
Both are checked where the configuration is read (`settings/routing.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Final

from ekc_telephony.core.call.presence import Presence
from ekc_telephony.core.kernel.ids import AgentId, PromptKey, QueueId, SkillId
from ekc_telephony.core.kernel.words import Word


class Line(Word):
    """Who takes the call: general questions first, a participant's specialists second (A7)."""

    FIRST = "first"
    SECOND = "second"


class NoAgentsPolicy(Enum):
    """What a caller meets in a queue that nobody is signed in to."""

    WAIT = "wait"
    INFORM = "inform"
    """Told so, and the call ends as «informed no agents»."""


class AgentChoice(Enum):
    """Which of the free agents who fit is offered the caller."""

    LONGEST_IDLE = "longest_idle"
    BEST_SKILL = "best_skill"
    """The highest levels in the skills that the queue asks for; of equals the longest idle."""
    LEAST_LOADED = "least_loaded"
    """The least time in talks and wrap-ups since the shift began (G5)."""
    ROUND_ROBIN = "round_robin"
    """Whose last offer was longest ago, taken or not."""
    FIXED_ORDER = "fixed_order"
    """In the order of the configuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Whom a caller needs."""

    line: Line | None
    """None: whichever."""
    skills: Mapping[SkillId, int]
    """Skill → least level."""

    def is_met_by(self, agent: AgentSpec) -> bool:
        """Tell whether the agent is good enough."""
        return self.line in {None, agent.line} and all(
            agent.skills.get(skill, 0) >= level for skill, level in self.skills.items()
        )

    def with_more(self, skills: Mapping[SkillId, int]) -> Need:
        """Return the need of a caller who needs these skills besides."""
        both = dict(self.skills)
        for skill, level in skills.items():
            both[skill] = max(level, both.get(skill, 0))
        return Need(line=self.line, skills=both)


@dataclass(frozen=True, slots=True, kw_only=True)
class Easing:
    """From some waiting time on less is asked for."""

    after: timedelta
    needs: tuple[Need, ...]
    """Whoever meets one of them will do."""


class OverflowCause(Enum):
    """What makes a caller overflow."""

    WAITED = "waited"
    """He has waited for `after` in this queue."""
    LINE_TOO_LONG = "line_too_long"
    """So many wait before him when he joins."""
    NOBODY_READY = "nobody_ready"
    """Nobody who could take him is ready, when he joins or `after` so much waiting."""
    NOBODY_SIGNED_IN = "nobody_signed_in"
    """The same, of being signed in."""
    EXPECTED_WAIT = "expected_wait"
    """He will probably wait longer than `longer_than` from now on, when he joins or `after` so much
    waiting. While that is not known (`expected_wait.py`) it does not count."""


class OverflowTarget(Enum):
    """Where an overflow leads."""

    QUEUE = "queue"
    """He waits on in another queue, as long as before."""
    CALLBACK = "callback"
    """He is offered to be called back, and waits on until he takes it."""
    MESSAGE = "message"
    """He is offered to leave a voice message, and waits on until he takes it."""
    OUTSIDE = "outside"
    """A number outside is rung for him; whom nobody takes there waits again, once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overflow:
    """
    Where a caller goes whom nobody takes; he is never hung up on for it (G1).

    Raises:
        ValueError: The target lacks its queue or number, or has one that it has no use for.
    """

    cause: OverflowCause
    after: timedelta = timedelta()
    """For `LINE_TOO_LONG` it does not matter."""
    length: int = 0
    """For `LINE_TOO_LONG`: how many may wait before him."""
    longer_than: timedelta = timedelta()
    """For `EXPECTED_WAIT`."""
    target: OverflowTarget
    to_queue: QueueId | None = None
    """For `QUEUE`."""
    number: str | None = None
    """For `OUTSIDE`."""

    @property
    def is_certain_where_unserved(self) -> bool:
        """Tell whether every caller of a queue that nobody serves comes to it, one day."""
        match self.cause:
            case OverflowCause.WAITED | OverflowCause.NOBODY_READY | OverflowCause.NOBODY_SIGNED_IN:
                return True
            case OverflowCause.LINE_TOO_LONG:
                return not self.length
            case OverflowCause.EXPECTED_WAIT:
                return False  # nothing is expected where nobody serves

    def __post_init__(self) -> None:
        has_queue, has_number = self.to_queue is not None, self.number is not None
        needs = self.target is OverflowTarget.QUEUE, self.target is OverflowTarget.OUTSIDE
        if (has_queue, has_number) != needs:
            raise ValueError(f"an overflow to {self.target.value} with another's queue or number")


class KeyTarget(Enum):
    """Where a key leads that a waiting caller presses."""

    CALLBACK = "callback"
    """We call him back."""
    MESSAGE = "message"
    """He leaves a voice message."""
    QUEUE = "queue"
    """He waits in another queue, as long as before."""


_OFFERED: Final = {
    OverflowTarget.CALLBACK: KeyTarget.CALLBACK,
    OverflowTarget.MESSAGE: KeyTarget.MESSAGE,
}
"""What an overflow lets be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueKey:
    """What a key does that a waiting caller presses."""

    target: KeyTarget
    to_queue: QueueId | None = None
    """For `QUEUE`."""
    said_by: PromptKey | None = None
    """The words before «нажмите один»; None for the usual ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """How long somebody is not ready who let his phone ring out."""

    lasting: timedelta | None
    """None: until he declares himself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSpec:
    """One queue."""

    queue: QueueId
    title: str
    """What agents see on their phones."""
    line: Line
    requires: Mapping[SkillId, int]
    """Skill → least level."""
    ring_time: timedelta
    """How long an offer rings before it lapses."""
    wrap_up: timedelta
    """How long after-call work may last; zero for none."""
    refusal_rest: timedelta
    """How long an agent gets no offer after he refused one."""
    announce_every: timedelta | None
    """How often a waiting caller hears his position; None for never."""
    is_recorded: bool
    when_no_agents: NoAgentsPolicy
    easings: tuple[Easing, ...] = ()
    """Earliest first."""
    choice: AgentChoice = AgentChoice.LONGEST_IDLE
    priority: int = 0
    """Of its callers; each one is worth `Acd.priority_worth` of waiting."""
    spared_for: timedelta = timedelta(seconds=60)
    """How long an agent who did not take a caller is not offered the same caller again, while
    there are others."""
    prefers_for: timedelta = timedelta()
    """How long a caller is kept for the agent whom he knows."""
    keeps_place_for: timedelta = timedelta()
    """Who hangs up and calls again within this time gets his place back."""
    overflows: tuple[Overflow, ...] = ()
    keys: Mapping[str, QueueKey] = field(default_factory=dict)
    """By which a waiting caller leaves."""
    announces_wait: bool = False
    """Whether he hears how long he will wait, whenever he hears his position."""

    silence_after: timedelta | None = None
    """After so long without the caller's voice in a talk, or without his own, its agent is told;
    None for never."""

    absence: Absence | None = None
    """Of an agent who let its offer ring out; None: as `AgentRules.after_no_answer` says."""

    briefing: PromptKey | None = None
    """What its agents hear before they are connected, with the caller's wait; None for nothing."""

    @property
    def need(self) -> Need:
        """Whom its callers need at first."""
        return Need(line=self.line, skills=self.requires)

    def has_key(self, target: KeyTarget) -> bool:
        """Tell whether a key leads there."""
        return any(each.target is target for each in self.keys.values())

    @property
    def offered_later(self) -> frozenset[KeyTarget]:
        """Where keys lead that callers are told of only when an overflow offers it."""
        return frozenset(
            _OFFERED[each.target] for each in self.overflows if each.target in _OFFERED
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRules:
    """What holds for all agents."""

    after_no_answer: timedelta | None = None
    """How long somebody is not ready who let a phone ring out, where his queue says nothing else;
    None: until he declares himself."""
    extends_wrap_up_by: timedelta = timedelta()
    """How much more time an agent gets each time that he asks for it."""
    extensions: int = 0
    """How often he may ask for it in one wrap-up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSpec:
    """One agent."""

    agent: AgentId
    name: str
    line: Line
    skills: Mapping[SkillId, int] = field(default_factory=dict)
    initial_presence: Presence = Presence.SIGNED_OUT
    """Before he declares anything, ever."""


def serves(agent: AgentSpec, queue: QueueSpec) -> bool:
    """Tell whether the agent may be offered this queue's callers from the first moment on."""
    return queue.need.is_met_by(agent)


def ever_serves(agent: AgentSpec, queue: QueueSpec) -> bool:
    """Tell whether the agent may be offered this queue's callers, some day."""
    return serves(agent, queue) or any(
        need.is_met_by(agent) for easing in queue.easings for need in easing.needs
    )


def needs_after(
    queue: QueueSpec, waited: timedelta, more: Mapping[SkillId, int]
) -> tuple[Need, ...]:
    """
    Return whom a caller needs who has waited so long; whoever meets one of the needs will do.

    Args:
        queue: Where he waits.
        waited: How long.
        more: Skills that he needs besides: his script said so. They are eased with the others:
            an easing that drops a skill drops it here, too.
    """
    due: Iterable[Easing] = [each for each in queue.easings if each.after <= waited]
    needs: tuple[Need, ...] = (queue.need.with_more(more),)
    for easing in due:
        needs = tuple(_eased(need, queue, more) for need in easing.needs)
    return needs


def _eased(need: Need, queue: QueueSpec, more: Mapping[SkillId, int]) -> Need:
    kept = {
        skill: min(level, need.skills.get(skill, level))
        for skill, level in more.items()
        if skill in need.skills or skill not in queue.requires
    }
    return need.with_more(kept)
