"""
The gate before callers: what is asked of scripts before they are published.

Each check is told all scripts that somebody wants to publish, and says what stands against them in
words for a person. Here are those that the engine asks, too; all that stands between an admin and
callers is `GATE` of `full_gate.py`, which an engine that starts does not wait for.

Rule 1: all checks are asked; whoever publishes is told everything at once.
Rule 2: one objection is enough: nothing is published.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ekc_telephony.adapters.asterisk_conf.folder import FolderUnusableError
from ekc_telephony.adapters.speech.engine import SpeechError
from ekc_telephony.adapters.speech.manifest import ManifestError
from ekc_telephony.adapters.speech.paths import RUNTIME
from ekc_telephony.bootstrap.texts import Tell, render_missing, tell_nobody
from ekc_telephony.core.ivr.published import Bundle
from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.settings.ivr.rendered import wanted_by
from ekc_telephony.settings.library import known_names, load_published, mistakes_in
from ekc_telephony.settings.models import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What somebody wants to publish."""

    settings: Settings
    bundles: Sequence[Bundle]
    runtime: Path = RUNTIME
    """Where `make setup-speech` put the engines that speak texts."""
    tell: Tell = tell_nobody
    """Told how far the speaking is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that is asked."""

    name: str
    """Stands in the register: this was asked, and nothing stood against it."""
    objections: Callable[[Draft], Iterable[str]]
    """Returns what stands against it; each says where, what was found and what to do."""


class GateRefusedError(Exception):
    """
    Scripts are not fit for callers; nothing was published.

    Args:
        objections: All of them; at least one.
    """

    def __init__(self, objections: Sequence[str]) -> None:
        self.objections = tuple(objections)
        super().__init__("refused, and nothing was changed:\n" + "\n".join(self.objections))


def _cannot_be_read(draft: Draft) -> Iterable[str]:
    mistakes = mistakes_in(draft.bundles, settings=draft.settings)
    return [str(SettingsError(mistakes))] if mistakes else []


def _cannot_be_spoken(draft: Draft) -> Iterable[str]:
    """Render what texts need, so that it is there before anybody can hear it."""
    known = known_names(draft.settings)
    try:
        loaded = [load_published(b, settings=draft.settings, known=known) for b in draft.bundles]
    except SettingsError:
        return []  # said by another check
    wanted = [prompt for each in loaded for prompt in wanted_by(each)]
    try:
        render_missing(draft.settings, wanted, runtime=draft.runtime, tell=draft.tell)
    except (ManifestError, SpeechError, FolderUnusableError, OSError) as error:
        return [f"a text of the script cannot be spoken: {error}"]
    return []


LOADING: Final = Check(name="loading", objections=_cannot_be_read)
SPEECH: Final = Check(name="speech", objections=_cannot_be_spoken)
GATE_BACK: Final[tuple[Check, ...]] = (
    LOADING,
    SPEECH,
)
"""What is asked of a version that callers have met before: whoever goes back has no time, and
neither a proof that is younger than it nor the test cases of its successor say anything of it."""


def pass_gate(gate: Iterable[Check], draft: Draft) -> tuple[str, ...]:
    """
    Ask every check, and return what was asked.

    Raises:
        GateRefusedError: Something stands against it.
    """
    asked = tuple(gate)
    objections = [text for each in asked for text in each.objections(draft)]
    if objections:
        raise GateRefusedError(objections)
    return tuple(each.name for each in asked)
