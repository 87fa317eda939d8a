"""
The ways that callers go: from the words of `ekc.yaml` to what the ACD routes by.

And what must be true of them:

Rule 1: an easing asks for less than the one before, and comes later.
Rule 2: overflows lead from queue to queue without a circle.
Rule 3: every wait has an end: somebody serves the queue one day, or an overflow that is certain to
happen leads to where somebody does.
Rule 4: nobody is sent to a number outside that is not under `outside:`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Final

from ekc_telephony.core.acd.acd import Acd
from ekc_telephony.core.acd.specs import (
    Absence,
    AgentRules,
    AgentSpec,
    Easing,
    KeyTarget,
    Line,
    Need,
    Overflow,
    OverflowTarget,
    QueueSpec,
    ever_serves,
)
from ekc_telephony.core.kernel.ids import AgentId, PromptKey, QueueId, SkillId
from ekc_telephony.settings.document import Document, Location
from ekc_telephony.settings.errors import Mistake, suggest
from ekc_telephony.settings.keys import key_mistakes, queue_keys
from ekc_telephony.settings.models import (
    CALLBACK,
    MESSAGE,
    NO_QUEUES,
    OUTSIDE,
    Ease,
    OverflowRule,
    Queue,
    Settings,
)
from ekc_telephony.settings.values import EasedLine

_LINES: Final = {
    EasedLine.FIRST: Line.FIRST,
    EasedLine.SECOND: Line.SECOND,
    EasedLine.ANY: None,
}
_TARGETS: Final = {
    CALLBACK: OverflowTarget.CALLBACK,
    MESSAGE: OverflowTarget.MESSAGE,
    OUTSIDE: OverflowTarget.OUTSIDE,
}
_OFFERS: Final = {CALLBACK: "to call back", MESSAGE: "to take a message"}


def acd_of(settings: Settings) -> Acd:
    """Return the ACD of this node, as it is before anything has happened."""
    return Acd(
        queue_specs(settings),
        agent_specs(settings),
        priority_worth=settings.routing.priority_worth,
        rules=agent_rules(settings),
    )


def agent_rules(settings: Settings) -> AgentRules:
    """Return what holds for all agents."""
    more = settings.routing.extend_wrap_up
    return AgentRules(
        after_no_answer=settings.routing.after_no_answer,
        extends_wrap_up_by=timedelta() if more is None else more.by,
        extensions=0 if more is None else more.at_most,
    )


def queue_specs(settings: Settings) -> list[QueueSpec]:
    """Return the queues."""
    queues = {queue.id: queue for queue in settings.queues}
    return [_queue_spec(queue, queues) for queue in settings.queues]


def agent_specs(settings: Settings) -> list[AgentSpec]:
    """Return the agents."""
    return [
        AgentSpec(
            agent=AgentId(operator.account),
            name=operator.name,
            line=operator.line,
            skills=_skills(operator.skills),
            initial_presence=operator.initial_presence,
        )
        for operator in settings.operators
    ]


def _queue_spec(queue: Queue, queues: Mapping[str, Queue]) -> QueueSpec:
    return QueueSpec(
        queue=QueueId(queue.id),
        title=queue.title,
        line=queue.line,
        requires=_skills(queue.skills),
        ring_time=queue.ring_time,
        wrap_up=queue.wrap_up,
        refusal_rest=queue.after_refusal,
        announce_every=queue.announce_every,
        is_recorded=queue.record,
        when_no_agents=queue.when_no_agents,
        easings=tuple(_easings(queue, queues)),
        choice=queue.choose,
        priority=queue.priority,
        spared_for=queue.spare,
        prefers_for=queue.prefer_known,
        keeps_place_for=queue.keep_place,
        overflows=tuple(_overflow(rule) for rule in queue.overflow),
        keys=queue_keys(queue),
        announces_wait=queue.announce_wait,
        silence_after=queue.silence_after,
        absence=_absence(queue),
        briefing=None if queue.briefing is None else PromptKey(queue.briefing),
    )


def _absence(queue: Queue) -> Absence | None:
    """Return what the queue says itself; `until_declared` is an answer, too."""
    is_said = "after_no_answer" in queue.model_fields_set
    return Absence(lasting=queue.after_no_answer) if is_said else None


def _overflow(rule: OverflowRule) -> Overflow:
    target = _TARGETS.get(rule.to, OverflowTarget.QUEUE)
    return Overflow(
        cause=rule.when,
        after=rule.after,
        length=rule.length or 0,
        longer_than=rule.longer_than or timedelta(),
        target=target,
        to_queue=QueueId(rule.to) if target is OverflowTarget.QUEUE else None,
        number=rule.number,
    )


def _skills(written: Mapping[str, int]) -> Mapping[SkillId, int]:
    return {SkillId(skill): level for skill, level in written.items()}


def _easings(queue: Queue, queues: Mapping[str, Queue]) -> Iterator[Easing]:
    """Yield the easings; what one does not mention stays as it was."""
    own = Need(line=queue.line, skills=_skills(queue.skills))
    others: tuple[Need, ...] = ()
    for ease in queue.ease:
        own = _eased(own, ease)
        others += tuple(_need(queues[name]) for name in ease.queues if name in queues)
        yield Easing(after=ease.after, needs=(own, *others))


def _eased(need: Need, ease: Ease) -> Need:
    return Need(
        line=need.line if ease.line is None else _LINES[ease.line],
        skills=need.skills if ease.skills is None else _skills(ease.skills),
    )


def _need(queue: Queue) -> Need:
    return Need(line=queue.line, skills=_skills(queue.skills))


# --- what must be true


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where in the file something stands."""

    document: Document
    at: Location

    def mistake(self, *inside: str | int, found: str, expected: str, advice: str) -> Mistake:
        return self.document.mistake(
            (*self.at, *inside), found=found, expected=expected, advice=advice
        )


def routing_mistakes(document: Document, settings: Settings) -> Iterator[Mistake]:
    """Yield what cannot be right about the ways that callers go."""
    names = [queue.id for queue in settings.queues]
    for number, queue in enumerate(settings.queues):
        place = _Place(document=document, at=("queues", number))
        yield from _easings_that_are_none(place, queue, names)
        yield from _name_that_is_taken(place, queue)
        yield from _overflows_to_nowhere(place, queue, names)
        yield from _overflows_outside(place, queue, [each.number for each in settings.outside])
        yield from key_mistakes(document, number, queue, settings)
    circles = list(_circles(document, settings))
    yield from circles
    if not circles:
        yield from _waits_without_end(document, settings)


def _easings_that_are_none(place: _Place, queue: Queue, names: list[str]) -> Iterator[Mistake]:
    for number, ease in enumerate(queue.ease):
        for index, name in enumerate(ease.queues):
            if name not in names:
                yield _unknown(place, ("ease", number, "queues", index), name, names)
    for number, (before, after) in enumerate(pairwise(queue.ease), start=1):
        if after.after <= before.after:
            yield place.mistake(
                "ease",
                number,
                "after",
                found="an easing that does not come after the one before it",
                expected="waiting times that grow",
                advice="put the easings in order of time",
            )
    need = _need(queue)
    for number, ease in enumerate(queue.ease):
        eased = _eased(need, ease)
        harder = [s for s, level in eased.skills.items() if level > need.skills.get(s, 0)]
        is_narrower = need.line is None and eased.line is not None
        is_other_line = need.line is not None and eased.line not in {None, need.line}
        if harder or is_narrower or is_other_line:
            what = harder[0] if harder else "the line"
            yield place.mistake(
                "ease",
                number,
                found=f"an easing that asks for more than before: {what}",
                expected="lower levels, fewer skills, `line: any`, or more queues",
                advice=f"leave {what} as it was, or ask for less",
            )
        elif eased == need and not ease.queues:
            yield place.mistake(
                "ease",
                number,
                found="an easing that changes nothing",
                expected="lower levels, fewer skills, `line: any`, or more queues",
                advice="lower a level, or remove the easing",
            )
        need = eased


def _overflows_to_nowhere(place: _Place, queue: Queue, names: list[str]) -> Iterator[Mistake]:
    for number, overflow in enumerate(queue.overflow):
        if overflow.to in _OFFERS:
            if KeyTarget(overflow.to) not in queue.keys.values():
                yield place.mistake(
                    "overflow",
                    number,
                    "to",
                    found=f"an offer {_OFFERS[overflow.to]}, without a key to accept it",
                    expected="a queue with a key for it",
                    advice=f'add `keys: {{"1": {overflow.to}}}` to the queue',
                )
        elif overflow.to not in {OUTSIDE, *names}:
            known = [*names, *NO_QUEUES]
            yield _unknown(place, ("overflow", number, "to"), overflow.to, known)


def _name_that_is_taken(place: _Place, queue: Queue) -> Iterator[Mistake]:
    if queue.id in NO_QUEUES:
        taken = ", ".join(sorted(NO_QUEUES))
        yield place.mistake(
            "id",
            found=f"a queue with the name {queue.id}",
            expected=f"a name that overflows have no other use for: not {taken}",
            advice="give the queue another name",
        )


def _overflows_outside(place: _Place, queue: Queue, allowed: list[str]) -> Iterator[Mistake]:
    """Yield numbers that may not be dialled, and those that never will be."""
    dialled = [
        (index, rule.number) for index, rule in enumerate(queue.overflow) if rule.number is not None
    ]
    for index, number in dialled:
        if number not in allowed:
            yield place.mistake(
                "overflow",
                index,
                "number",
                found=f"the number {number}, which nobody may be sent to",
                expected="one of the numbers under `outside:`",
                advice=suggest(number, allowed, "add it under `outside:`, with its trunk"),
            )
    for index, number in dialled[1:]:
        yield place.mistake(
            "overflow",
            index,
            found=f"a second number outside, {number}, which is never rung",
            expected="one number outside in a queue: nobody is sent outside twice",
            advice="remove one of them, or lead to another queue, a callback or a message",
        )


def _unknown(
    place: _Place, inside: tuple[str | int, ...], written: str, known: Iterable[str]
) -> Mistake:
    return place.mistake(
        *inside,
        found=f"the unknown queue {written}",
        expected="a queue that exists",
        advice=suggest(written, known, "add it under `queues:`"),
    )


def _circles(document: Document, settings: Settings) -> Iterator[Mistake]:
    ways = {queue.id: _next_queues(queue) for queue in settings.queues}
    for number, queue in enumerate(settings.queues):
        if queue.id in _reached(queue.id, ways):
            yield document.mistake(
                ("queues", number, "overflow"),
                found=f"overflows that lead from {queue.id} back to {queue.id}",
                expected="a way that ends",
                advice="let the last queue of the way offer a callback, or remove one overflow",
            )


def _next_queues(queue: Queue) -> set[str]:
    """Return every queue that an overflow may lead to from here."""
    return {rule.to for rule in queue.overflow} - NO_QUEUES


def _certain_queues(queue: Queue) -> set[str]:
    """Return where every caller comes to, one day, when nobody serves the queue."""
    certain = {rule.to for rule in queue.overflow if _overflow(rule).is_certain_where_unserved}
    return certain - NO_QUEUES


def _reached(start: str, ways: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    to_look_at = list(ways[start])
    while to_look_at:
        queue = to_look_at.pop()
        if queue not in found and queue in ways:
            found.add(queue)
            to_look_at += ways[queue]
    return found


def _waits_without_end(document: Document, settings: Settings) -> Iterator[Mistake]:
    agents = agent_specs(settings)
    if not agents:
        return  # nobody works here yet
    served = {
        spec.queue
        for spec in queue_specs(settings)
        if any(ever_serves(agent, spec) for agent in agents)
    }
    ways = {queue.id: _certain_queues(queue) for queue in settings.queues}
    for number, queue in enumerate(settings.queues):
        if not served & {queue.id, *_reached(queue.id, ways)}:
            yield document.mistake(
                ("queues", number, "skills" if queue.skills else "id"),
                found=f"the queue {queue.id}, which no operator can ever serve",
                expected=f"an operator of the {queue.line.value} line with its skills, an easing "
                "that lets one in, or an overflow to a queue that has one, by `waited`, "
                "`nobody_ready` or `nobody_signed_in`, which are certain to happen",
                advice="lower a level, add `ease:` or `overflow:`, or give an operator the skills",
            )
