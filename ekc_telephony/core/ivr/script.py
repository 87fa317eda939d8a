"""
An IVR script: an immutable graph of nodes that a caller walks through.

The loader of the YAML files has checked that every target exists before a `Script` is made; the
interpreter walks it. The words are those of a FreePBX admin: retries, timeout, invalid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeAlias

from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.kernel.ids import NodeId, PromptKey, QueueId, ScriptId, SkillId


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """Play prompts and go on. A key pressed meanwhile skips them and counts for the next menu."""

    prompts: tuple[PromptKey, ...]
    next: NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """Let the caller choose by one key; a key cuts the prompts short."""

    prompts: tuple[PromptKey, ...]
    choices: Mapping[str, NodeId]
    """Key → node; a choice that leads to its own menu repeats it."""
    timeout: timedelta
    """How long to wait for a key after the prompts have ended."""
    retries: int
    """How many times a wrong key or silence is forgiven; the next one leads to `exhausted`."""
    invalid_prompts: tuple[PromptKey, ...]
    """Played before the menu's own prompts after a wrong key."""
    timeout_prompts: tuple[PromptKey, ...]
    """Played before the menu's own prompts after silence."""
    exhausted: NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Branch by business hours."""

    schedule: str
    open: NodeId
    closed: NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Enqueue:
    """Hand the caller to a queue; the visit to the script ends."""

    queue: QueueId
    answers_at_once: bool
    """False lets the caller hear ringing, unanswered, until an agent answers."""
    skills: Mapping[SkillId, int] = field(default_factory=dict)
    """What he needs besides what the queue asks for: skill → least level."""
    priority: int = 0
    """Besides that of the queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Let the caller leave a voice message, thank him, and hang up."""

    prompts: tuple[PromptKey, ...]
    """What he is asked for; the tone follows."""
    otherwise: NodeId
    """Where he goes when there is none and he cannot be called back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goodbye:
    """Say the last words and hang up; the outcome becomes the call's."""

    prompts: tuple[PromptKey, ...]
    outcome: CallOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownNumber:
    """Branch by whether we know the caller's number, so that he can be called back."""

    known: NodeId
    unknown: NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """Put the caller on the callback list, promise it to him, and hang up."""

    prompts: tuple[PromptKey, ...]
    without_number: NodeId
    """Where he goes whose number we do not know."""


Node: TypeAlias = Play | Menu | Hours | Enqueue | Message | Goodbye | KnownNumber | Callback


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One published script."""

    script: ScriptId
    entry: NodeId
    nodes: Mapping[NodeId, Node]
    version: str = ""
    """Says which text it was made from; two scripts of one version are the same."""
