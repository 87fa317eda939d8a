"""
The stage: plays one story on a real engine, step by step, and says where the two differ.

Rule 1: a step must name everything the engine says at its moment, in order.
Rule 2: between two steps the engine must have nothing to say; what it says on its own, because time
passed, needs a step of its own («time passes»).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from ekc_telephony.core.acd.expected_wait import PaceState
from ekc_telephony.core.call.commands import AnswerLeg, DialAgent, JoinBridge
from ekc_telephony.core.call.events import (
    CallArrived,
    ControlRegained,
    Event,
    LegAnswered,
    LegEnded,
    LiveLeg,
)
from ekc_telephony.core.engine.engine import Effect
from ekc_telephony.core.kernel.ids import AgentId, BridgeId, Did, LegId, QueueId
from tests.core.office import MOSCOW, engine
from tests.scenarios.sentences import Cast, is_fact, tell, understand

TIME_PASSES: Final = "time passes"
RESTART: Final = "the engine starts again"
REGAINED: Final = "the connection to Asterisk is back"
STARTED_ANEW: Final = "Asterisk has started anew"
"""Nobody who was in it is there any more."""
TYPES: Final = re.compile(r"(\w+) types (\d+)")
"""Many keys in one breath."""
UNSEEN: Final = ", unseen"
"""The end of a sentence that is true in Asterisk while the engine does not see it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One row of the table."""

    at: timedelta
    event: str
    commands: tuple[str, ...]
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One file."""

    story: str
    starts: datetime
    ready: tuple[AgentId, ...]
    conversations: Mapping[QueueId, timedelta]
    """How long they took in these queues, in the hours before the story."""
    steps: tuple[Step, ...]


def read_story(path: Path) -> Story:
    """Read a story; a key it does not know is a mistake."""
    read: dict[str, Any] = YAML(typ="safe", pure=True).load(path)
    starts = datetime.fromisoformat(read.pop("starts", "2026-11-23 12:00"))
    story = Story(
        story=read.pop("story"),
        starts=starts.replace(tzinfo=MOSCOW).astimezone(UTC),
        ready=tuple(AgentId(name) for name in read.pop("ready")),
        conversations={
            QueueId(queue): _duration(long) for queue, long in read.pop("conversations", {}).items()
        },
        steps=tuple(_read_step(row) for row in read.pop("steps")),
    )
    assert not read, f"{path.name}: unknown: {', '.join(read)}"
    return story


def _read_step(row: dict[str, Any]) -> Step:
    step = Step(
        at=_duration(row.pop("at")),
        event=row.pop("event"),
        commands=tuple(row.pop("commands", ())),
        facts=tuple(row.pop("facts", ())),
    )
    assert not row, f"«{step.event}»: unknown: {', '.join(row)}"
    return step


def _duration(written: object) -> timedelta:
    minutes, count = str(written).split(":")
    return timedelta(minutes=int(minutes), seconds=float(count))


class Stage:
    """An engine, its clock, and what Asterisk would know."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._engine = engine(ready=story.ready)
        self._engine.acd.restore_paces(
            PaceState(
                queue=queue,
                engaged_s=50 * long.total_seconds(),
                conversations=50,
                seen=50,
                counted_to=story.starts,
            )
            for queue, long in story.conversations.items()
        )
        self._cast = Cast()
        self._numbers: dict[LegId, Did] = {}
        self._agents: dict[LegId, AgentId] = {}
        self._answered: set[LegId] = set()
        self._bridges: dict[LegId, BridgeId] = {}

    def play(self, step: Step) -> None:
        """Play a step and compare."""
        now = self._story.starts + step.at
        while (due := self._engine.next_deadline()) is not None and due < now:
            early = self._notice(self._engine.on_time(due))
            assert early == [], f"«{step.event}» finds the engine has spoken at {due:%M:%S.%f}"
        said = self._engine.on_time(now)
        said += self._happens(step.event, now)
        self._notice(said)
        told = self.told(said)
        expected = {"commands": list(step.commands), "facts": list(step.facts)}
        assert (step.at, step.event, told) == (step.at, step.event, expected)

    def told(self, said: Sequence[Effect]) -> dict[str, list[str]]:
        """Return what was said, as a story tells it."""
        return {
            "commands": [tell(each, self._cast) for each in said if not is_fact(each)],
            "facts": [tell(each, self._cast) for each in said if is_fact(each)],
        }

    def _happens(self, sentence: str, now: datetime) -> list[Effect]:
        if sentence == TIME_PASSES:
            return []
        if (typing := TYPES.fullmatch(sentence)) is not None:
            who, digits = typing.groups()
            keys = [self._event(f"{who} presses {digit}", now) for digit in digits]
            return [effect for key in keys for effect in self._engine.handle(key, now)]
        event = self._event(sentence.removesuffix(UNSEEN), now)
        self._notice_event(event)
        return [] if sentence.endswith(UNSEEN) else self._engine.handle(event, now)

    def _event(self, sentence: str, now: datetime) -> Event:
        if sentence == STARTED_ANEW:
            return ControlRegained(legs=(), bridges=frozenset(), asterisk_started_at=now)
        if sentence == RESTART:
            self._engine = engine(ready=self._story.ready)
        if sentence in {RESTART, REGAINED}:
            return self._snapshot()
        return understand(sentence, self._cast)

    def _notice(self, said: list[Effect]) -> list[Effect]:
        """Remember what the engine has changed in Asterisk."""
        for effect in said:
            self._cast.note(effect)
            match effect:
                case AnswerLeg(leg=leg):
                    self._answered.add(leg)
                case DialAgent(leg=leg, agent=agent):
                    self._agents[leg] = agent
                case JoinBridge(bridge=bridge, legs=legs):
                    self._bridges |= dict.fromkeys(legs, bridge)
                case _:
                    pass
        return said

    def _notice_event(self, event: Event) -> None:
        match event:
            case CallArrived(call=call, did=did):
                self._numbers[LegId(call)] = did
            case LegAnswered(leg=leg):
                self._answered.add(leg)
            case LegEnded(leg=leg):
                self._numbers.pop(leg, None)
                self._agents.pop(leg, None)
            case _:
                pass

    def _snapshot(self) -> ControlRegained:
        legs = tuple(
            LiveLeg(
                leg=leg,
                did=self._numbers.get(leg),
                agent=self._agents.get(leg),
                number=None,
                is_answered=leg in self._answered,
                bridge=self._bridges.get(leg),
                created_at=self._story.starts,
            )
            for leg in (*self._numbers, *self._agents)
        )
        return ControlRegained(legs=legs, bridges=frozenset(self._bridges.values()))
