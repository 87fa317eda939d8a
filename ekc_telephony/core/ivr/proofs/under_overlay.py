"""
What an overlay brings into a script: the proofs of the script under it, against those without it.

An overlay is laid in an emergency, over scripts that callers meet anyway. What only the proofs of
the overlaid script find is its doing; all else was there before and is not held against it.

Rule 1: what is wrong with a script without the overlay, too, is never brought by it.
Rule 2: a longer way to a person (in time, in keys, in silence) is a warning: whoever lays an
announcement wants it to be heard before anything else.
Rule 3: the overlay's own menu before a script may lack a `0`, and leads on whoever fails: silence
and every other key begin the script, where both are proved.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, TypeAlias

from ekc_telephony.core.ivr.overlay import Overlay, origin_of
from ekc_telephony.core.ivr.proofs.finding import Code, Finding, Severity
from ekc_telephony.core.kernel.ids import NodeId

LONGER: Final = frozenset({Code.TOO_LONG, Code.TOO_MANY_KEYS, Code.TOO_LONG_IN_SILENCE})
_OF_THE_WHOLE: Final = LONGER | {Code.NO_PERSON, Code.CIRCLE, Code.CIRCLE_WITHOUT_PAUSE}
"""A script has these, not one node of it: with an overlay they may be told at another point."""
_OF_ITS_OWN_MENU: Final = frozenset({Code.NO_ZERO, Code.LOST_AFTER_FAILURES})

_Likeness: TypeAlias = tuple[Code, NodeId | None, str]


class Brought(NamedTuple):
    """What an overlay brings into a script."""

    finding: Finding
    severity: Severity
    """Whether it stands against laying the overlay."""


def brought_by(
    overlay: Overlay, *, before: Iterable[Finding], after: Iterable[Finding]
) -> Iterator[Brought]:
    """
    Yield what an overlay brings into a script.

    Args:
        overlay: What is to be laid.
        before: What the proofs have found without it.
        after: What they have found with it.
    """
    known = {_likeness(each) for each in before}
    for each in after:
        if _likeness(each) not in known and not _is_granted(each, overlay):
            yield Brought(each, _severity(each, overlay))


def _likeness(finding: Finding) -> _Likeness:
    """Return what two findings have in common if they are about the same thing."""
    if finding.code in _OF_THE_WHOLE:
        return finding.code, None, ""
    return finding.code, origin_of(finding.node), finding.found


def _is_granted(finding: Finding, overlay: Overlay) -> bool:
    """Tell whether a finding is how the overlay's own menu is meant (rule 3)."""
    is_its_menu = finding.node == NodeId(f"{overlay.overlay}:menu")
    # A `0` that it has and that leads to nobody would be pressed for a person all the same.
    return is_its_menu and finding.code in _OF_ITS_OWN_MENU and finding.part != ("keys", "0")


def _severity(finding: Finding, overlay: Overlay) -> Severity:
    is_heard_in_russian = finding.code is Code.MISSING_PROMPT and overlay.is_russian_enough
    if finding.code in LONGER or is_heard_in_russian:
        return Severity.WARNING
    return finding.severity
