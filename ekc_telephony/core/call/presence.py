"""
The words for what an agent is doing: presence (declared) and activity (observed).

They are two small machines, not one big one: «take a break after this call» changes presence now,
and activity runs its course. This module holds only the words; the machines are in
`core/acd/agent.py`.
"""

from __future__ import annotations

from enum import Enum

from ekc_telephony.core.kernel.words import Word


class Presence(Word):
    """What the person declares about himself."""

    SIGNED_OUT = "signed_out"
    NOT_READY = "not_ready"
    READY = "ready"


class NotReadyReason(Word):
    """Why a person is not ready."""

    BREAK = "break"
    LUNCH = "lunch"
    TRAINING = "training"
    OTHER = "other"
    NO_ANSWER = "no_answer"
    """Set by the engine: the phone rang and nobody answered."""


class PresenceCause(Enum):
    """Why a presence changed that no person declared."""

    NOT_ANSWERED = "not_answered"
    """He let a phone ring out: he is not ready from now on."""
    NO_ANSWER_OVER = "no_answer_over"
    """He has been not ready for long enough for it: he is ready again."""


class Activity(Word):
    """What the phone system observes."""

    IDLE = "idle"
    RESERVED = "reserved"
    """An offer rings at his phone."""
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    RESTING = "resting"
    """He refused an offer, or his phone failed; for a few seconds he gets no other."""
