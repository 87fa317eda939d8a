"""
What a script says: prompts, and between them values of this caller.

The fixed parts of a text are prompts that were rendered when the script was published; a value is
put together from prompts that exist for its form (`spoken.py`).

Rule 1: a value that is not known is left out; `ekc ivr check` refuses scripts that might say one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from ekc_telephony.core.ivr.expressions import Expression, evaluate
from ekc_telephony.core.ivr.values import Value
from ekc_telephony.core.kernel.ids import PromptKey

Speak: TypeAlias = Callable[[Value], tuple[PromptKey, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert:
    """A value that is spoken."""

    value: Expression
    form: str
    """How, in the script's word: `date`, `digits`."""
    speak: Speak = field(compare=False, repr=False)
    """From the value to prompts."""


Utterance: TypeAlias = tuple[PromptKey | Insert, ...]


def prompts_of(utterance: Utterance, known: Mapping[str, Value]) -> tuple[PromptKey, ...]:
    """Return the prompts that say it to this caller."""
    if not any(isinstance(part, Insert) for part in utterance):
        return utterance  # type: ignore[return-value]  # nothing but prompts is in it
    prompts: list[PromptKey] = []
    for part in utterance:
        if not isinstance(part, Insert):
            prompts.append(part)
        elif (value := evaluate(part.value, known)) is not None:
            prompts += part.speak(value)
    return tuple(prompts)
