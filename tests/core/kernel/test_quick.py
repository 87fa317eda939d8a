"""Frozen dataclasses that are made quickly are what they were, and nothing else is let through."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, dataclass, field, replace

import pytest

from ekc_telephony.core.kernel.quick import quickly_made


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """As dataclasses make it."""

    place: int
    name: str = "line"


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Quick:
    """The same, made quickly."""

    place: int
    name: str = "line"


def test_it_has_the_fields_and_defaults_that_are_written() -> None:
    assert (Quick(place=1).place, Quick(place=1).name) == (1, "line")
    assert repr(Quick(place=1, name="row")) == repr(Plain(place=1, name="row")).replace(
        "Plain", "Quick"
    )


def test_it_is_equal_replaced_and_pickled_like_any_other() -> None:
    assert Quick(place=1) == Quick(place=1)
    assert replace(Quick(place=1), name="row") == Quick(place=1, name="row")
    assert pickle.loads(pickle.dumps(Quick(place=3))) == Quick(place=3)


def test_it_is_as_frozen_as_before() -> None:
    with pytest.raises(FrozenInstanceError):
        Quick(place=1).place = 2  # type: ignore[misc]  # that is the question


def test_what_is_missing_or_too_much_is_refused() -> None:
    with pytest.raises(TypeError, match="place"):
        Quick()  # type: ignore[call-arg]  # that is the question
    with pytest.raises(TypeError, match="colour"):
        Quick(place=1, colour="red")  # type: ignore[call-arg]  # that is the question


def test_a_class_that_needs_more_than_its_fields_set_is_refused() -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Making:
        found: list[int] = field(default_factory=list)

    @dataclass(frozen=True, slots=True)
    class Positional:
        place: int

    @dataclass(slots=True, kw_only=True)
    class Changing:
        place: int

    @dataclass(frozen=True, kw_only=True)
    class Slotless:
        place: int

    for each in (Making, Positional, Changing, Slotless):
        with pytest.raises(TypeError, match=each.__name__):
            quickly_made(each)
