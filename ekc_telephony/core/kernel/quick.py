"""
Frozen dataclasses that are made quickly.

A frozen dataclass sets each of its fields by `object.__setattr__(self, "name", value)`, which looks
for the name again. With slots there is a shorter way: the descriptor of the slot itself. For the
facts of which every call makes a dozen it saves a third of what making them costs; nothing else
about them changes, and they are as frozen as before.

Rule 1: only for frozen dataclasses with slots whose fields are keywords and need nothing made anew
(`default_factory`, `__post_init__`): whatever else is refused when the class is made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from typing import Any, TypeVar

T = TypeVar("T")


def quickly_made(made: type[T]) -> type[T]:
    """
    Let the dataclass set its slots directly when it is made.

    Raises:
        TypeError: It is not one for which that would be the same.
    """
    every: tuple[Field[Any], ...] = fields(made)  # type: ignore[arg-type]  # of others: TypeError
    is_frozen = made.__setattr__ is not object.__setattr__
    is_plain = is_frozen and not hasattr(made, "__post_init__")
    if not is_plain or not all(_is_set_alone(each, made) for each in every):
        raise TypeError(
            f"found {made.__name__}; expected a frozen dataclass with slots and keywords alone"
        )
    made.__init__ = _initializer(made, every)  # type: ignore[method-assign]  # as dataclasses do
    return made


def _is_set_alone(field: Field[Any], made: type[object]) -> bool:
    """Tell whether the field is a slot, and what is given for it is all that is set."""
    is_slot = hasattr(getattr(made, field.name, None), "__set__")
    return is_slot and field.init and field.kw_only and field.default_factory is MISSING


def _initializer(made: type[object], every: tuple[Field[Any], ...]) -> Callable[..., None]:
    """Return `__init__(self, *, one, other=…)`, written as `dataclasses` writes its own."""
    known: dict[str, Any] = {"__name__": made.__module__}
    words, lines = [], []
    for field in every:
        name = field.name
        known[f"_set_{name}"] = getattr(made, name).__set__
        if field.default is not MISSING:
            known[f"_default_{name}"] = field.default
        words.append(name if field.default is MISSING else f"{name}=_default_{name}")
        lines.append(f" _set_{name}(self, {name})")
    text = f"def __init__(self, *, {', '.join(words)}):\n" + "\n".join(lines)
    exec(text, known)  # noqa: S102 (our own fields; there is no other way to write a signature)
    initializer: Callable[..., None] = known["__init__"]
    initializer.__qualname__ = f"{made.__qualname__}.__init__"
    initializer.__annotations__ = made.__init__.__annotations__
    return initializer
