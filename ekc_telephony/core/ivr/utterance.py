"""
What a script says: prompts, and between them values of this caller.

The fixed parts of a text are prompts that were rendered when the script was published; a value is
put together from prompts that exist for its form (`spoken`).

Rule 1: a value that is not known is left out; `ekc ivr check` refuses scripts that might say one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ekc_telephony.core.ivr.expressions import Expression, evaluate
from ekc_telephony.core.ivr.spoken import PLAIN, Form, Wording, speak
from ekc_telephony.core.ivr.values import Value
from ekc_telephony.core.kernel.ids import PromptKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert:
    """A value that is spoken; the loader has seen that its kind fits the form."""

    value: Expression
    form: Form
    wording: Wording = PLAIN


Utterance: TypeAlias = tuple[PromptKey | Insert, ...]


def prompts_of(utterance: Utterance, known: Mapping[str, Value]) -> tuple[PromptKey, ...]:
    """Return the prompts that say it to this caller."""
    prompts: list[PromptKey] = []
    for part in utterance:
        if not isinstance(part, Insert):
            prompts.append(part)
        elif (value := evaluate(part.value, known)) is not None:
            prompts += speak(part.form, value, part.wording)
    return tuple(prompts)
