"""
`make bench-routing`: how fast the ACD decides, whatever the number of operators.

A floor under full load: everybody talks, and as many callers wait as there are operators. A talk
ends, the ACD offers the operator somebody (the decision that is measured), he takes him, and a new
caller joins. Queues ask for one or two of 40 skills and ease with waiting; operators know three to
six. So an operator serves many queues, and hardly two operators the same ones.

Rule 1: what is measured is `Acd.handle` alone, from the event to the offer, with the production's
effects; the lab's own bookkeeping is outside.
Rule 2: the garbage collector runs as it does in the engine.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Final

from rich.console import Console
from rich.table import Table

from ekc_telephony.core.acd.acd import Acd
from ekc_telephony.core.acd.messages import (
    AcdEvent,
    CallerJoined,
    ConversationEnded,
    OfferAccepted,
    OfferMade,
)
from ekc_telephony.core.acd.specs import (
    AgentChoice,
    AgentSpec,
    Easing,
    Line,
    Need,
    NoAgentsPolicy,
    QueueSpec,
    serves,
)
from ekc_telephony.core.call.presence import Presence
from ekc_telephony.core.kernel.ids import AgentId, CallId, QueueId, SkillId
from lab.runtime import Runtime

SIZES: Final = (100, 1_000, 10_000)
DECISIONS: Final = 20_000
SKILLS: Final = 40
QUEUES: Final = 60
GOAL_PER_S: Final = 50_000
"""Decisions a second with 1,000 operators."""
GOAL_GROWTH: Final = 2.0
"""How many times as much a decision may cost with 10,000 operators as with 100."""
_TURN: Final = timedelta(milliseconds=7)
_EVENING: Final = datetime(2026, 11, 23, 15, tzinfo=UTC)
_CHOICES: Final = tuple(AgentChoice)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was measured with so many operators."""

    operators: int
    decisions_per_s: float
    p50_us: float
    p99_us: float
    cycle_us: float
    """A decision with the rest of a call's routing: the offer taken, the next caller joined."""


class _Floor:
    """Everybody talks and as many callers wait."""

    def __init__(self, operators: int, *, seed: int) -> None:
        chance = Random(seed)
        skills = [SkillId(f"skill-{number:02}") for number in range(SKILLS)]
        self.queues = [_queue(number, skills, chance) for number in range(QUEUES)]
        agents = [_agent(number, skills, chance) for number in range(operators)]
        self.acd = Acd(self.queues, agents)
        self.now = _EVENING
        self._chance = chance
        self._calls = count(1)
        self.talks: list[CallId] = []
        self._served = [q for q in self.queues if any(serves(agent, q) for agent in agents)]
        self.waiting = 0
        self.fill(operators)

    def fill(self, waiting: int) -> int:
        """Let callers come until so many wait; return what that took."""
        took = 0
        while self.waiting < waiting:
            took += self.join()
        return took

    def join(self) -> int:
        """Let a caller join; whoever is free takes him at once. Return what that took."""
        self.now += _TURN
        spec = self._chance.choice(self._served)
        call = CallId(f"call-{next(self._calls)}")
        self.waiting += 1
        made, took = self.timed(CallerJoined(call=call, queue=spec.queue))
        return took + self.take(made)

    def timed(self, event: AcdEvent) -> tuple[OfferMade | None, int]:
        """Tell the ACD; return its offer, and how many nanoseconds it took."""
        handle, now = self.acd.handle, self.now
        began = time.perf_counter_ns()
        effects = handle(event, now)
        took = time.perf_counter_ns() - began
        return next((each for each in effects if isinstance(each, OfferMade)), None), took

    def take(self, made: OfferMade | None) -> int:
        """Let the operator answer; return what that took."""
        if made is None:
            return 0
        self.waiting -= 1
        self.talks.append(made.call)
        return self.timed(OfferAccepted(offer=made.offer))[1]

    def hang_up(self) -> CallId:
        """Choose whose talk ends."""
        number = self._chance.randrange(len(self.talks))
        self.talks[number], self.talks[-1] = self.talks[-1], self.talks[number]
        return self.talks.pop()


def _queue(number: int, skills: Sequence[SkillId], chance: Random) -> QueueSpec:
    asked = {skill: chance.randint(2, 6) for skill in chance.sample(skills, chance.randint(1, 2))}
    eased = {skill: level - 1 for skill, level in asked.items()}
    easier = dict(list(eased.items())[:1])
    return QueueSpec(
        queue=QueueId(f"queue-{number:02}"),
        title=f"Queue {number}",
        line=Line.FIRST,
        requires=asked,
        ring_time=timedelta(seconds=20),
        wrap_up=timedelta(),
        refusal_rest=timedelta(seconds=5),
        announce_every=None,
        is_recorded=False,
        when_no_agents=NoAgentsPolicy.WAIT,
        easings=(
            Easing(after=timedelta(seconds=30), needs=(Need(line=None, skills=eased),)),
            Easing(after=timedelta(minutes=20), needs=(Need(line=None, skills=easier),)),
        ),
        choice=_CHOICES[number % len(_CHOICES)],
        priority=number % 3,
    )


def _agent(number: int, skills: Sequence[SkillId], chance: Random) -> AgentSpec:
    known = chance.sample(skills, chance.randint(3, 6))
    return AgentSpec(
        agent=AgentId(f"agent-{number:05}"),
        name=f"Agent {number}",
        line=Line.FIRST,
        skills={skill: chance.randint(1, 10) for skill in known},
        initial_presence=Presence.READY,
    )


def measure(operators: int, *, decisions: int = DECISIONS, seed: int = 1) -> Figures:
    """Return what a decision costs with so many operators and as many callers waiting."""
    floor = _Floor(operators, seed=seed)
    taken: list[int] = []
    whole = 0
    while len(taken) < decisions:
        floor.now += _TURN
        floor.acd.on_time(floor.now)
        made, took = floor.timed(ConversationEnded(call=floor.hang_up()))
        whole += took + floor.take(made)
        if made is not None:
            taken.append(took)
        whole += floor.fill(operators)
    taken.sort()
    return Figures(
        operators=operators,
        decisions_per_s=len(taken) / (sum(taken) / 1e9),
        p50_us=taken[len(taken) // 2] / 1e3,
        p99_us=taken[len(taken) * 99 // 100] / 1e3,
        cycle_us=whole / len(taken) / 1e3,
    )


def main() -> int:
    """Measure all sizes, print and write them; return the exit status."""
    console = Console()
    measured: list[Figures] = []
    sizes = [int(each) for each in os.environ.get("OPERATORS", "").split()] or SIZES
    for size in sizes:
        console.print(f"  {size:,} operators and callers …", style="dim")
        measured.append(measure(size))
    _print(console, measured)
    _write(Runtime.find().reports / "routing.json", measured)
    return 0


def _print(console: Console, measured: Sequence[Figures]) -> None:
    table = Table("operators", "decisions/s", "p50, µs", "p99, µs", "whole cycle, µs")
    for each in measured:
        table.add_row(
            f"{each.operators:,}",
            f"{each.decisions_per_s:,.0f}",
            f"{each.p50_us:.1f}",
            f"{each.p99_us:.1f}",
            f"{each.cycle_us:.1f}",
        )
    console.print(table)
    first, last = measured[0], measured[-1]
    growth = first.decisions_per_s / last.decisions_per_s
    console.print(
        f"From {first.operators:,} to {last.operators:,} operators a decision costs "
        f"{growth:.2f} times as much (goal: at most {GOAL_GROWTH:g})."
    )
    for each in measured:
        if each.operators == SIZES[1]:
            word = "met" if each.decisions_per_s >= GOAL_PER_S else "not met"
            console.print(f"{GOAL_PER_S:,} decisions/s with {each.operators:,}: {word}.")


def _write(path: Path, measured: Sequence[Figures]) -> None:
    sizes = {
        str(each.operators): {
            "decisions_per_s": round(each.decisions_per_s),
            "p50_us": round(each.p50_us, 2),
            "p99_us": round(each.p99_us, 2),
            "cycle_us": round(each.cycle_us, 2),
        }
        for each in measured
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"sizes": sizes}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
