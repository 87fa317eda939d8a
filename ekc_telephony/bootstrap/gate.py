"""
The gate before callers: what is asked of scripts before they are published.

Each check is told all scripts that somebody wants to publish, and says what stands against them in
words for a person. One more check is one more row of `GATE`.

Rule 1: all checks are asked; whoever publishes is told everything at once.
Rule 2: one objection is enough: nothing is published.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ekc_telephony.adapters.asterisk_conf.folder import FolderUnusableError
from ekc_telephony.adapters.clock import SystemClock
from ekc_telephony.adapters.speech.engine import SpeechError
from ekc_telephony.adapters.speech.manifest import ManifestError
from ekc_telephony.bootstrap.texts import Tell, render_missing, tell_nobody
from ekc_telephony.core.ivr.proofs.finding import Severity
from ekc_telephony.core.ivr.published import Bundle
from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.settings.ivr.proving import as_text, check_scripts
from ekc_telephony.settings.ivr.rendered import wanted_by
from ekc_telephony.settings.library import known_names, load_published, mistakes_in
from ekc_telephony.settings.models import Settings
from ekc_telephony.settings.rehearsing.trials import in_one_line, run_tests


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What somebody wants to publish."""

    settings: Settings
    bundles: Sequence[Bundle]
    runtime: Path = Path(".runtime")
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


def _cannot_be_proved(draft: Draft) -> Iterable[str]:
    """Prove what callers can meet; warnings are no objection, and `ekc ivr check` tells them."""
    return [
        as_text(complaint)
        for judgement in check_scripts(draft.settings, draft.bundles, now=SystemClock().now())
        for complaint in judgement.complaints
        if judgement.verdict is not None and complaint.severity is Severity.ERROR
    ]


def _fails_its_tests(draft: Draft) -> Iterable[str]:
    """Rehearse the test cases beside the scripts; a script without any is no objection."""
    known = known_names(draft.settings)
    try:
        loaded = [load_published(b, settings=draft.settings, known=known) for b in draft.bundles]
    except SettingsError:
        return []  # said by another check
    try:
        report = run_tests(draft.settings, loaded)
    except (SettingsError, ManifestError) as error:
        return [f"the test cases cannot be read: {error}"]
    return [in_one_line(trial) for trial in report.failed]


LOADING: Final = Check(name="loading", objections=_cannot_be_read)
PROOFS: Final = Check(name="proofs", objections=_cannot_be_proved)
TESTS: Final = Check(name="tests", objections=_fails_its_tests)
SPEECH: Final = Check(name="speech", objections=_cannot_be_spoken)
GATE: Final[tuple[Check, ...]] = (
    LOADING,
    PROOFS,
    TESTS,
    SPEECH,
)
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
