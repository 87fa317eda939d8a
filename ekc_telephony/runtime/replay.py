"""
Replay: lets an engine live through a segment of the journal again and compares what it decides.

The engine is brought to where the segment begins, is told every input at its moment, and what it
decides is laid beside what was decided then. With the same release the two are the same; with
another one the difference is what the new release would have done in its predecessor's place (from
the first difference on, what the world answered may not fit any more).

An input that stands last, without its step, is what the engine was at when it died.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from ekc_telephony.core.call.events import Event
from ekc_telephony.core.engine.effects import Effect
from ekc_telephony.core.engine.state import EngineState
from ekc_telephony.core.kernel.ids import CallId
from ekc_telephony.runtime.journal_codec import Content, Input, Opening, Step
from ekc_telephony.runtime.supervisor import FindScript, SupervisedEngine


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedStep:
    """One step of the journal, lived through again."""

    position: int
    step: Step
    effects: tuple[Effect, ...]
    """What was decided this time."""

    @property
    def is_same(self) -> bool:
        """Tell whether the decision is the same as then."""
        return self.effects == self.step.effects

    def concerns(self, call: CallId) -> bool:
        """Tell whether anything of it is about this call."""
        if _is_about(self.step.event, call):
            return True
        return any(each.call == call for each in (*self.effects, *self.step.effects))

    def only(self, call: CallId) -> tuple[tuple[Effect, ...], tuple[Effect, ...]]:
        """Return what was decided for this call, then and now."""
        then = tuple(each for each in self.step.effects if each.call == call)
        return then, tuple(each for each in self.effects if each.call == call)


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """What an engine was at when it died: it has not written down what came of it."""

    position: int
    told: Input

    def concerns(self, call: CallId) -> bool:
        """Tell whether what it was told was about this call; what it decided, nobody knows."""
        return _is_about(self.told.event, call)


def replay(
    engine: SupervisedEngine,
    records: Iterable[tuple[int, Content]],
    find_script: FindScript,
    *,
    began_at: datetime,
) -> Iterator[ReplayedStep]:
    """
    Live through a segment again, step by step.

    Args:
        engine: A new engine of the configuration that the segment names.
        records: The segment, its opening first.
        find_script: Finds the script of a session of the opening.
        began_at: When the segment was begun.
    """
    opened = EngineState()
    for position, content in records:
        match content:
            case Opening(state=state):
                engine.restore(state, find_script, began_at)
                engine.see_as(state, began_at)
                opened = state
            case Input(at=at, is_again=True):
                # That life began at the moment in which the one before it had died.
                engine.see_as(opened, at)
            case Step(at=at, event=event):
                effects = engine.on_time(at) if event is None else engine.handle(event, at)
                yield ReplayedStep(position=position, step=content, effects=tuple(effects))
            case _:
                continue


def death_in(
    engine: SupervisedEngine,
    records: Iterable[tuple[int, Content]],
    read_again: Callable[[], Iterable[tuple[int, Content]]],
) -> Death | None:
    """
    Return what an engine was at when it died, if it died in this segment.

    Args:
        engine: As `replay` left it at the end of the segment.
        records: The segment.
        read_again: Reads it once more: an engine that lives has written on meanwhile.
    """
    last = _unwritten(records)
    if last is None or _unwritten(read_again()) != last:
        return None
    return last if last.told.event is not None or _has_due(engine, last.told.at) else None


def _is_about(event: Event | None, call: CallId) -> bool:
    ids = (getattr(event, name, "") for name in ("call", "leg", "playback"))
    return any(each == call or str(each).startswith(f"{call}-") for each in ids)


def _unwritten(records: Iterable[tuple[int, Content]]) -> Death | None:
    """Return the last input, unless its step was written down."""
    last: Death | None = None
    for position, content in records:
        match content:
            case Input():
                last = Death(position=position, told=content)
            case Step():
                last = None
            case _:
                continue
    return last


def _has_due(engine: SupervisedEngine, at: datetime) -> bool:
    """Tell whether anything came of the time that passed; of nothing no step is written."""
    engine.take_changes()
    return bool(engine.on_time(at)) or bool(engine.take_changes())
