"""Where a node says something, as the language writes it."""

from __future__ import annotations

from collections.abc import Iterator

from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.ivr.utterance import Insert
from ekc_telephony.core.ivr.ways import Part
from ekc_telephony.core.kernel.ids import PromptKey

_FIELDS = ("prompts", "invalid_prompts", "timeout_prompts")


def parts_of(node: core.Node) -> Iterator[tuple[Part, PromptKey | Insert]]:
    """Yield everything that a node may say."""
    for field in _FIELDS:
        for index, part in enumerate(getattr(node, field, ())):
            yield (field, index), part


def inserts_of(node: core.Node) -> Iterator[tuple[Part, Insert]]:
    """Yield every value that a node may say."""
    for where, part in parts_of(node):
        if isinstance(part, Insert):
            yield where, part


def prompts_of(node: core.Node) -> Iterator[tuple[Part, PromptKey]]:
    """Yield every prompt that a node may play."""
    for where, part in parts_of(node):
        if not isinstance(part, Insert):
            yield where, part
