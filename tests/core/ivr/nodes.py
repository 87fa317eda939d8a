"""Nodes written shortly, for scripts of a few of them: `play("ask", "greeting")`."""

from __future__ import annotations

from datetime import datetime, timedelta

from ekc_telephony.core.ivr.script import Menu, Play
from ekc_telephony.core.kernel.ids import NodeId, PromptKey
from tests.core.ivr.any_script import NOON


def after(count: float) -> datetime:
    """Return the moment so many seconds after noon."""
    return NOON + timedelta(seconds=count)


def prompts(*keys: str) -> tuple[PromptKey, ...]:
    """Return prompts by their keys."""
    return tuple(PromptKey(key) for key in keys)


def play(following: str, *keys: str) -> Play:
    """Return prompts that are played, and what follows."""
    return Play(prompts=prompts(*keys), next=NodeId(following))


def menu(*keys: str, retries: int = 1, exhausted: str = "end", **choices: str) -> Menu:
    """Return a menu; a choice is written `key_1="node"`."""
    return Menu(
        prompts=prompts(*keys),
        choices={name.removeprefix("key_"): NodeId(node) for name, node in choices.items()},
        timeout=timedelta(seconds=5),
        retries=retries,
        invalid_prompts=prompts("wrong"),
        timeout_prompts=prompts("silent"),
        exhausted=NodeId(exhausted),
    )
