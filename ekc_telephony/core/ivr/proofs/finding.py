"""
What a proof has found against a script: where, what, what to do, and how a caller gets there.

Rule 1: a code means one thing for ever; one that is given up is not used again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from ekc_telephony.core.ivr.ways import Part
from ekc_telephony.core.kernel.ids import NodeId


class Severity(Enum):
    """Whether a script with this finding may be published."""

    ERROR = "error"
    WARNING = "warning"


class Code(Enum):
    """What can be found; the documentation has a line for each."""

    CIRCLE = "IVR101"
    CIRCLE_WITHOUT_PAUSE = "IVR102"
    WORDLESS_GOODBYE = "IVR103"
    UNTRUE_GOODBYE = "IVR104"
    UNREACHABLE = "IVR105"
    NO_TIMEOUT = "IVR111"
    NO_RETRY_LIMIT = "IVR112"
    NOTHING_ASKED = "IVR113"
    UNKNOWN_SCHEDULE = "IVR121"
    NEVER_OPEN = "IVR122"
    ALWAYS_OPEN = "IVR123"
    MISSING_PROMPT = "IVR131"
    LANGUAGE_NOT_OFFERED = "IVR132"
    VALUE_IN_RUSSIAN = "IVR133"
    UNSET_VARIABLE = "IVR141"
    ANSWER_MAY_LACK = "IVR142"
    NO_PATIENCE = "IVR151"
    SILENT_LOOKUP = "IVR152"
    UNTRUE_FALLBACK = "IVR153"
    NO_PERSON = "IVR161"
    TOO_MANY_KEYS = "IVR162"
    TOO_LONG = "IVR163"
    NO_ZERO = "IVR164"
    THIRD_FAILURE = "IVR165"
    LOST_AFTER_FAILURES = "IVR166"
    ONLY_INFORMED = "IVR167"
    TOO_LONG_IN_SILENCE = "IVR168"
    SPOKEN_TO_ANYBODY = "IVR171"
    NO_LONGER_PERSONAL = "IVR172"


WARNINGS: Final = frozenset(
    {
        Code.UNTRUE_GOODBYE,
        Code.UNREACHABLE,
        Code.ALWAYS_OPEN,
        Code.VALUE_IN_RUSSIAN,
        Code.ANSWER_MAY_LACK,
        Code.SILENT_LOOKUP,
        Code.UNTRUE_FALLBACK,
        Code.ONLY_INFORMED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One node of a caller's way, and what happens there."""

    node: NodeId
    happens: str = ""
    """«presses 1»; empty at the node where the way ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to put right in a script."""

    code: Code
    node: NodeId
    part: Part = ()
    found: str
    expected: str
    advice: str
    way: tuple[Step, ...] = ()
    """How a caller gets there, from the entry or from the node: the counter-example."""

    @property
    def severity(self) -> Severity:
        """Whether it stands against publishing."""
        return Severity.WARNING if self.code in WARNINGS else Severity.ERROR
