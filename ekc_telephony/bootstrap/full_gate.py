"""
All that is asked of scripts that an admin publishes: one more check is one more row of `GATE`.

It lies apart from `gate.py`, for proofs and rehearsals take a fifth of a second to import, and an
engine that starts has callers waiting.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ekc_telephony.adapters.clock import SystemClock
from ekc_telephony.adapters.speech.manifest import ManifestError
from ekc_telephony.bootstrap.gate import LOADING, SPEECH, Check, Draft
from ekc_telephony.core.ivr.proofs.finding import Severity
from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.settings.ivr.proving import as_text, check_scripts
from ekc_telephony.settings.library import known_names, load_published
from ekc_telephony.settings.rehearsing.trials import in_one_line, run_tests


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


PROOFS: Final = Check(name="proofs", objections=_cannot_be_proved)
TESTS: Final = Check(name="tests", objections=_fails_its_tests)
GATE: Final[tuple[Check, ...]] = (
    LOADING,
    PROOFS,
    TESTS,
    SPEECH,
)
