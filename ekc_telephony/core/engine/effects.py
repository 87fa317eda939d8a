"""
What the engine decides: commands for Asterisk, facts for everybody who listens.

A session decides events for the ACD as well; the switchboard passes them on.

Rule 1: what kind an effect is, is looked up by its class: `isinstance` with a union asks its
members one after the other, 24 of them for a command, many times in every step.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias, TypeGuard, cast, get_args

from ekc_telephony.core.acd.messages import AcdEvent
from ekc_telephony.core.call.commands import Command
from ekc_telephony.core.call.facts import Fact

Effect: TypeAlias = Command | Fact
SessionEffect: TypeAlias = Command | Fact | AcdEvent

_COMMANDS: Final = frozenset(get_args(Command))
_ACD_EVENTS: Final = frozenset(get_args(AcdEvent))


def is_acd_event(effect: SessionEffect) -> TypeGuard[AcdEvent]:
    """Tell whether it is for the ACD."""
    return type(effect) in _ACD_EVENTS


def without_acd_events(effects: Iterable[SessionEffect]) -> list[Effect]:
    """Return what is not for the ACD."""
    return cast("list[Effect]", [each for each in effects if type(each) not in _ACD_EVENTS])


def commands_of(effects: Iterable[Effect]) -> list[Command]:
    """Return what Asterisk is to do."""
    return cast("list[Command]", [each for each in effects if type(each) in _COMMANDS])


def facts_of(effects: Iterable[Effect]) -> list[Fact]:
    """Return what is to be told."""
    return cast("list[Fact]", [each for each in effects if type(each) not in _COMMANDS])
