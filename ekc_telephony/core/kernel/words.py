"""
Words: enums that cost next to nothing to look up by.

A table of transitions, an open segment, a share of somebody's day: all of them are found by a word,
some eighty times in one call. `Enum` hashes a member's name, in Python (`enum.py`, 3.11 and 3.12),
which took a thirtieth of a simulated day. A member is one object and equals nothing else, so where
it lies says as much.

Rule 1: the order of a set of words means nothing. (Of a set of enums neither: names are hashed
differently in every life of the interpreter.)
"""

from __future__ import annotations

from enum import Enum


class Word(Enum):
    """An enum whose members are keys of dictionaries on the way of every call."""

    __hash__ = object.__hash__
