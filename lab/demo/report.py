"""Tells how the demo went: tables for people, `demo.json` for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ekc_telephony.cli import appeals_view
from ekc_telephony.cli.appeals_words import OUTCOMES
from ekc_telephony.core.acd.service_level import (
    ServiceLevelFormula,
    average_speed_of_answer,
    longest_wait,
    service_level,
)
from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.settings.models import Settings
from lab.demo.calls import Fate
from lab.demo.evidence import Evidence
from lab.demo.proofs import Proofs
from lab.demo.verdict import JudgedCall, Verdict

_LISTEN_TO = 3


def as_json(
    verdict: Verdict, proofs: Proofs, *, settings: Settings, lasted: timedelta
) -> dict[str, Any]:
    """Return the content of `demo.json`."""
    abandoned = (CallOutcome.ABANDONED_IN_MENU, CallOutcome.ABANDONED_IN_QUEUE)
    return {
        "calls": len(verdict.calls),
        "appeals": verdict.appeals,
        "answered": verdict.count(CallOutcome.ANSWERED),
        "abandoned": sum(map(verdict.count, abandoned)),
        "lost": verdict.lost,
        "duplicated": verdict.duplicated,
        "outcome_mismatches": verdict.mismatches,
        "prompts_verified": len(verdict.prompts) - len(verdict.unheard),
        "prompts_unheard": len(verdict.unheard),
        "prompt_match_min": round(verdict.lowest_match, 3),
        "recordings_with_both_sides": len(verdict.recordings) - len(verdict.silent_recordings),
        "recordings_missing": verdict.missing_recordings,
        "offers_lapsed": sum(len(call.lapsed_agents) for call in verdict.calls),
        "answered_by_another": sum(call.was_answered_by_another for call in verdict.calls),
        "operators": len(settings.operators),
        "outcomes": {
            outcome.value: verdict.count(outcome)
            for outcome in CallOutcome
            if verdict.count(outcome)
        },
        "calls_by_script": dict(
            Counter(call.found[0].summary.script or "none" for call in verdict.calls if call.found)
        ),
        "systems_asked": dict(sorted(verdict.asked.items())),
        "evidence_expected": len(verdict.evidence),
        "evidence_missing": sum(not each.is_there for each in verdict.evidence),
        "fates": {fate.name.lower(): len(calls) for fate, calls in _by_fate(verdict).items()},
        "service_level": service_level(
            verdict.waits, target=settings.service_level.target, formula=_formula(settings)
        ),
        "service_level_formula": _formula(settings).value,
        "replayed_steps": proofs.replayed_steps,
        "replay_differences": proofs.replay_differences,
        "walked_calls": proofs.walked_calls,
        "walk_differences": proofs.walk_differences,
        "reconciled_calls": proofs.reconciled_calls,
        "reconciliation_differences": proofs.reconciliation_differences,
        "seconds": round(lasted.total_seconds(), 1),
        "is_good": verdict.is_good and proofs.is_good,
    }


def tell(verdict: Verdict, console: Console, *, settings: Settings) -> None:
    """Print the tables and what was wrong."""
    console.print(_fates(verdict))
    console.print(f"\n{_levels(verdict, settings)}", highlight=False)
    console.print("\nПоследние обращения (ekc appeals list):", highlight=False)
    console.print(appeals_view.calls_table(verdict.newest, zone=None))
    console.print(f"\n{_prompts(verdict)}", highlight=False)
    console.print(_systems(verdict), highlight=False)
    _tell_recordings(verdict, console)
    for call in verdict.calls:
        if not call.is_right:
            console.print(_wrong(call), style="red", highlight=False, markup=False)
    for prompt in verdict.unheard:
        text = f"Not heard: {prompt.prompt} ({prompt.score:.2f}) in {prompt.recording}"
        console.print(text, style="red", highlight=False, markup=False)
    for fault in verdict.faults:
        console.print(f"Noted in the store: {fault}", style="yellow", highlight=False)


def _by_fate(verdict: Verdict) -> dict[Fate, list[JudgedCall]]:
    found = {fate: [call for call in verdict.calls if call.planned.fate is fate] for fate in Fate}
    return {fate: calls for fate, calls in found.items() if calls}


def _fates(verdict: Verdict) -> Table:
    table = Table("", "судьба звонка", title="Судьбы звонков")
    table.add_column("звонков", justify="right")
    table.add_column("исход: ожидался")
    table.add_column("исход: в обращениях")
    table.add_column("подробности")
    for fate, calls in _by_fate(verdict).items():
        seen = Counter(call.outcome for call in calls)
        table.add_row(
            "✓" if all(call.is_right for call in calls) else "✗",
            fate.value,
            str(len(calls)),
            OUTCOMES[calls[0].planned.outcome],
            ", ".join(f"{_seen(outcome)}: {count}" for outcome, count in seen.items()),
            "\n".join(_counted(line for call in calls for line in _details(call))),
        )
    return table


def _seen(outcome: CallOutcome | None) -> str:
    return "нет обращения" if outcome is None else OUTCOMES[outcome]


def _counted(lines: Iterable[str]) -> Iterator[str]:
    """Yield each line once, with how often it stands there."""
    for line, times in Counter(lines).items():
        yield line if times == 1 else f"{line} × {times}"


def _details(call: JudgedCall) -> Iterator[str]:
    """Yield what else is known of a call: who was rung in vain, what it left behind."""
    if call.lapsed_agents:
        yield f"{', '.join(call.lapsed_agents)} → {call.answering_agent}"
    if call.evidence:
        yield "; ".join(_evidence(each) for each in call.evidence)


def _evidence(evidence: Evidence) -> str:
    return evidence.words if evidence.is_there else f"НЕТ: {evidence.words}"


def _formula(settings: Settings) -> ServiceLevelFormula:
    return ServiceLevelFormula(settings.service_level.formula.value)


def _levels(verdict: Verdict, settings: Settings) -> str:
    target, formula = settings.service_level.target, _formula(settings)
    share = service_level(verdict.waits, target=target, formula=formula)
    mean, longest = average_speed_of_answer(verdict.waits), longest_wait(verdict.waits)
    return (
        f"Service level {_percent(share)}: {formula.value}, T = {target.total_seconds():.0f} s: "
        f"{formula.in_words}\n"
        f"Wait of the answered: mean {_seconds(mean)}; longest wait of all {_seconds(longest)}"
    )


def _prompts(verdict: Verdict) -> str:
    heard = len(verdict.prompts) - len(verdict.unheard)
    return (
        f"Prompts heard by phones: {heard} of {len(verdict.prompts)}, "
        f"lowest match {verdict.lowest_match:.3f} (1 is the same sound; 0.6 is asked for)"
    )


def _systems(verdict: Verdict) -> str:
    asked = ", ".join(f"{operation} {times}" for operation, times in sorted(verdict.asked.items()))
    there = sum(each.is_there for each in verdict.evidence)
    return (
        f"Information systems (made up) were asked {sum(verdict.asked.values())} times: {asked}\n"
        f"Traces of calls found there and in appeals: {there} of {len(verdict.evidence)}"
    )


def _tell_recordings(verdict: Verdict, console: Console) -> None:
    good = len(verdict.recordings) - len(verdict.silent_recordings)
    console.print(
        f"Conversations recorded with both sides: {good} of {verdict.count(CallOutcome.ANSWERED)}",
        highlight=False,
    )
    for recording in [*verdict.silent_recordings, *verdict.recordings][:_LISTEN_TO]:
        console.print(
            f"  {recording.path}  (operator {recording.agent_score:.2f}, "
            f"caller {recording.caller_score:.2f})",
            highlight=False,
            soft_wrap=True,
        )


def recordings_of_callers(folder: Path) -> str:
    """Say where what the phones heard lies."""
    return f"What every phone heard: {folder}/*.wav"


def _wrong(call: JudgedCall) -> str:
    appeals = ", ".join(each.summary.appeal for each in call.found) or "none"
    stuck = "; the caller waited in vain" if call.played.was_stuck else ""
    missing = "".join(f"; no trace: {each.words}" for each in call.evidence if not each.is_there)
    return (
        f"Wrong: {call.planned.fate.value}, {call.planned.number or 'hidden number'}: expected "
        f"{call.planned.outcome.value}, found {_seen(call.outcome)} (appeals: {appeals})"
        f"{stuck}{missing}; {call.played.recording}"
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def _seconds(duration: timedelta | None) -> str:
    return "–" if duration is None else f"{duration.total_seconds():.1f} s"
