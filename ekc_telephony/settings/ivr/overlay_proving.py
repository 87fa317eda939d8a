"""
Overlays proved before callers hear them: every script as it would be under one, against as it is.

Each script is proved twice, without the overlay and with it; `core/ivr/proofs/under_overlay.py`
says what is held against the overlay. Here that is told in the words of the other proofs, with
advice for whoever lays overlays: he cannot mend a script now.

Rule 1: a script that cannot be read is an error: the engine could not take the overlay either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from ekc_telephony.core.ivr.overlay import Leads, Overlay, overlaid
from ekc_telephony.core.ivr.proofs.finding import Code, Finding, Severity
from ekc_telephony.core.ivr.proofs.person import seconds
from ekc_telephony.core.ivr.proofs.prove import Figure, Verdict, duration
from ekc_telephony.core.ivr.proofs.under_overlay import LONGER, Brought, brought_by
from ekc_telephony.core.ivr.published import Bundle
from ekc_telephony.core.ivr.script import Script
from ekc_telephony.core.kernel.ids import ScriptId
from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.settings.ivr.load import LoadedScript
from ekc_telephony.settings.ivr.proving import UNREADABLE, Court, way_as_text
from ekc_telephony.settings.library import known_names, load_published
from ekc_telephony.settings.models import Settings

_Case: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """One thing that an overlay brings into a script."""

    severity: Severity
    text: str
    """Script, node, what was found, what is expected and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderOverlay:
    """What is known of one script under an overlay."""

    script: ScriptId
    plain: Script | None
    """The script as callers meet it without the overlay; None: it cannot be read."""
    objections: tuple[Objection, ...]
    figure: str = ""
    """How long it is to a person, with the overlay and without it."""

    def told(self, severity: Severity) -> Iterator[str]:
        """Yield the objections of one severity."""
        yield from (each.text for each in self.objections if each.severity is severity)


class OverlayCourt:
    """
    Judges overlays over scripts; what was judged once is not judged again.

    Args:
        settings: The configuration.
        court: Judges scripts.
    """

    def __init__(self, settings: Settings, *, court: Court) -> None:
        self._settings = settings
        self._court = court
        self._known = known_names(settings)
        self._judged: dict[_Case, UnderOverlay] = {}

    def judge(self, bundle: Bundle, overlay: Overlay, *, over: Sequence[Overlay]) -> UnderOverlay:
        """
        Judge a published script under an overlay.

        Args:
            bundle: The script.
            overlay: What is to be laid.
            over: What lies over the script already.
        """
        case = (bundle.script, bundle.version, overlay, *over)
        if case not in self._judged:
            self._judged[case] = self._judge(bundle, overlay, over)
        return self._judged[case]

    def _judge(self, bundle: Bundle, overlay: Overlay, over: Sequence[Overlay]) -> UnderOverlay:
        try:
            loaded = load_published(bundle, settings=self._settings, known=self._known)
        except SettingsError as error:
            return _unreadable(bundle.script, error)
        plain, covered = _under(loaded, over), _under(loaded, (*over, overlay))
        # A key to a queue makes no other script of the one for callers beyond our limit.
        is_for_overload = self._court.is_for_overload(loaded.script)
        before, after = (
            self._court.verdict_of(each, guesses=set(), is_for_overload=is_for_overload)
            for each in (plain, covered)
        )
        brought = brought_by(overlay, before=before.findings, after=after.findings)
        return UnderOverlay(
            script=bundle.script,
            plain=plain.script,
            objections=tuple(_objection(bundle.script, each, overlay) for each in brought),
            figure=_longer(bundle.script, before, after),
        )


def _under(loaded: LoadedScript, overlays: Iterable[Overlay]) -> LoadedScript:
    return replace(loaded, script=overlaid(loaded.script, overlays))


def _objection(script: ScriptId, brought: Brought, overlay: Overlay) -> Objection:
    finding, severity = brought
    way = f"\n    the way: {way_as_text(finding.way)}" if finding.way else ""
    return Objection(
        severity=severity,
        text=f"{script}, {finding.node}: {finding.code.value} {severity.value}: found "
        f"{finding.found}\n"
        f"    expected: {finding.expected}\n"
        f"    what to do: {_advice(finding, overlay)}{way}",
    )


def _advice(finding: Finding, overlay: Overlay) -> str:
    item = overlay.item
    match finding.code:
        case Code.MISSING_PROMPT if overlay.is_russian_enough:
            return "nothing: callers of that language hear it in Russian, as was asked for"
        case Code.MISSING_PROMPT:
            return (
                'say it in that language, too: `--text-in en="…"` beside `--text`; or let its '
                "callers hear Russian: `--russian-is-enough`"
            )
        case code if code in LONGER:
            return "shorten the announcement if that is too long; nothing keeps it from being laid"
        case Code.NO_ZERO if item is not None:
            return "give it another key than 0, which callers press for a person"
        case _ if item is not None and item.leads is Leads.NODE:
            return f"lead the key elsewhere than to node:{item.to}: to queue:ID, or to prompt:KEY"
        case _:
            return finding.advice


def _longer(script: ScriptId, before: Verdict, after: Verdict) -> str:
    return f"{script}: to a person {_most(after.time)} at most; {_most(before.time)} without it"


def _most(figure: Figure | None) -> str:
    return "without a promised time" if figure is None else seconds(duration(figure))


def _unreadable(script: ScriptId, error: SettingsError) -> UnderOverlay:
    text = (
        f"{script}: {UNREADABLE} error: found a published version that cannot be read, so that no "
        f"engine could take an overlay over it:\n{error}\n"
        f"    what to do: mend that, or go back to a version that can be: `ekc ivr rollback "
        f"{script}`"
    )
    return UnderOverlay(
        script=script,
        plain=None,
        objections=(Objection(severity=Severity.ERROR, text=text),),
    )
