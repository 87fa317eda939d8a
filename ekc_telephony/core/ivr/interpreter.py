"""
The visit of one caller to one script: where he is, and what he hears next.

A visit knows nothing of legs and playbacks. It asks to `Say` prompts and is told when they were
heard, which key was pressed and that time passed; in the end it asks to leave, to a queue, with a
message or with a goodbye.

Rule 1: a visit leaves exactly once, and asks for nothing afterwards.
Rule 2: `Say` replaces whatever is being said; `StopSaying` silences it.
Rule 3: walking from node to node without waiting is bounded by the number of nodes: a circle of
nodes that never wait is refused by the loader and raises here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, assert_never

from ekc_telephony.core.ivr.hours import BusinessHours
from ekc_telephony.core.ivr.script import (
    Callback,
    Enqueue,
    Goodbye,
    Hours,
    KnownNumber,
    Menu,
    Message,
    Node,
    Play,
    Script,
)
from ekc_telephony.core.kernel.ids import NodeId, PromptKey


@dataclass(frozen=True, slots=True)
class Say:
    """Play these prompts to the caller now."""

    prompts: tuple[PromptKey, ...]


@dataclass(frozen=True, slots=True)
class StopSaying:
    """Silence what is being said."""


VisitEffect: TypeAlias = Say | StopSaying | Enqueue | Message | Goodbye | Callback
"""The last but `Message` end the visit; `Message` does when there is one."""


class EndlessScriptError(Exception):
    """The script walks in a circle without ever waiting for the caller: a bug of its loader."""


class Visit:
    """
    One caller in one script.

    Args:
        script: The script; the visit keeps this version to its end.
        schedules: The business hours that the script's `Hours` nodes name.
        has_number: Whether we know the caller's number; nothing is promised to whom we cannot call.
    """

    def __init__(
        self,
        script: Script,
        schedules: Mapping[str, BusinessHours],
        *,
        has_number: bool = False,
    ) -> None:
        self._script = script
        self._has_number = has_number
        self._schedules = schedules
        self._node_id = script.entry
        self._is_saying = False
        self._failures = 0
        self._silence_ends: datetime | None = None

    def resume_at(
        self, node: NodeId, *, failures: int, is_saying: bool, silence_ends: datetime | None
    ) -> None:
        """Stand where an earlier visit stood; a node that is not in the script is its entry."""
        if node not in self._script.nodes:
            return
        self._node_id = node
        self._failures = failures
        self._is_saying = is_saying
        self._silence_ends = silence_ends

    @property
    def failures(self) -> int:
        """How many times the present menu was failed."""
        return self._failures

    @property
    def is_saying(self) -> bool:
        """Tell whether prompts are being said."""
        return self._is_saying

    @property
    def node(self) -> NodeId:
        """Where the caller is."""
        return self._node_id

    def next_deadline(self) -> datetime | None:
        """Return when the caller's silence counts as a failure, while we wait for a key."""
        return self._silence_ends

    def start(self, now: datetime) -> list[VisitEffect]:
        """Enter the script."""
        return self._enter(self._script.entry, now)

    def repeat(self, now: datetime) -> list[VisitEffect]:
        """Say again what is said here: the caller may have missed it, and we his key."""
        return self._silence() + self._enter(self._node_id, now)

    def on_heard(self, now: datetime) -> list[VisitEffect]:
        """Go on after the prompts were heard, or could not be played."""
        self._is_saying = False
        match self._node:
            case Play(next=following):
                return self._enter(following, now)
            case Menu(timeout=timeout):
                self._silence_ends = now + timeout
            case _:
                pass
        return []

    def on_key(self, key: str, now: datetime) -> list[VisitEffect]:
        """Take a key of the caller."""
        match self._node:
            case Play(next=following):
                return self._skip_to(following, key, now)
            case Menu() as menu:
                return self._choose(menu, key, now)
            case _:
                return []

    def on_time(self, now: datetime) -> list[VisitEffect]:
        """Let time pass. Harmless when nothing is due."""
        menu = self._node
        if self._silence_ends is None or now < self._silence_ends or not isinstance(menu, Menu):
            return []
        self._silence_ends = None
        return self._fail(menu, menu.timeout_prompts, now)

    def on_no_message(self, now: datetime) -> list[VisitEffect]:
        """Go on with a caller who has left no message, and cannot be called back."""
        match self._node:
            case Message(otherwise=otherwise):
                return self._enter(otherwise, now)
            case _:
                return []

    @property
    def _node(self) -> Node:
        return self._script.nodes[self._node_id]

    def _enter(self, node_id: NodeId, now: datetime) -> list[VisitEffect]:
        """Go to a node, and through those that need no waiting."""
        for _ in range(len(self._script.nodes) + 1):
            if node_id != self._node_id:
                self._failures = 0
            self._node_id = node_id
            self._silence_ends = None
            node = self._node
            if (onward := self._passed(node, now)) is not None:
                node_id = onward
                continue
            match node:
                case Play(prompts=prompts):
                    return [self._say(prompts)]
                case Menu(prompts=prompts):
                    return self._ask(node, prompts, now)
                case Enqueue() | Message() | Goodbye() | Callback():
                    self._is_saying = False
                    return [node]
                case Hours() | KnownNumber():
                    raise AssertionError(f"{node_id} leads on")
                case _:
                    assert_never(node)
        raise EndlessScriptError(f"{self._script.script}: no node waits after {node_id}")

    def _passed(self, node: Node, now: datetime) -> NodeId | None:
        """Return where a node leads on to at which nothing happens; None when something does."""
        match node:
            case Hours(schedule=schedule, open=if_open, closed=if_closed):
                return if_open if self._schedules[schedule].is_open(now) else if_closed
            case KnownNumber(known=known, unknown=unknown):
                return known if self._has_number else unknown
            case Callback(without_number=without) if not self._has_number:
                return without
            case Play(prompts=(), next=following):
                return following
            case _:
                return None

    def _say(self, prompts: tuple[PromptKey, ...]) -> Say:
        self._is_saying = True
        return Say(prompts)

    def _ask(self, menu: Menu, prompts: tuple[PromptKey, ...], now: datetime) -> list[VisitEffect]:
        if prompts:
            return [self._say(prompts)]
        self._silence_ends = now + menu.timeout
        return []

    def _silence(self) -> list[VisitEffect]:
        was_saying, self._is_saying = self._is_saying, False
        return [StopSaying()] if was_saying else []

    def _skip_to(self, following: NodeId, key: str, now: datetime) -> list[VisitEffect]:
        """Cut a `Play` short; the key counts at once when a menu comes next."""
        silenced = self._silence()
        effects = self._enter(following, now)
        match self._node:
            case Menu(choices=choices) if key in choices:
                self._is_saying = False
                return silenced + self._enter(choices[key], now)
            case _:
                return silenced + effects

    def _choose(self, menu: Menu, key: str, now: datetime) -> list[VisitEffect]:
        silenced = self._silence()
        self._silence_ends = None
        target = menu.choices.get(key)
        if target is None:
            return silenced + self._fail(menu, menu.invalid_prompts, now)
        self._failures = 0
        return silenced + self._enter(target, now)

    def _fail(self, menu: Menu, apology: tuple[PromptKey, ...], now: datetime) -> list[VisitEffect]:
        """Count a wrong key or silence; ask again while it is forgiven."""
        self._failures += 1
        if self._failures > menu.retries:
            return self._enter(menu.exhausted, now)
        return self._ask(menu, apology + menu.prompts, now)
