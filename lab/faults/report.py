"""What a run came to: `faults.json`, and what is printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ekc_telephony.core.call.facts import SegmentKind
from lab.faults.evidence import Evidence, Rule, Violation
from lab.faults.fates import HEARD, fate_of
from lab.faults.rules_of_silence import longest_recovery, longest_silence
from lab.faults.sightings import SeenFault, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A run and everything that did not hold."""

    evidence: Evidence
    violations: Sequence[Violation]
    minutes: float
    seed: int
    span: Span

    @property
    def is_good(self) -> bool:
        """Tell whether everything held."""
        return not self.violations

    def count(self, rule: Rule) -> int:
        """Count violations of a rule."""
        return sum(each.rule is rule for each in self.violations)


def as_json(verdict: Verdict) -> dict[str, Any]:
    """Return the report as the issue wants it, and then the details."""
    evidence = verdict.evidence
    calls, faults = evidence.sightings.calls, evidence.sightings.faults
    answered = [seen for seen in calls if seen.status is not None]
    return {
        "minutes": round(verdict.minutes, 2),
        "seed": verdict.seed,
        "faults": dict(sorted(Counter(fault.kind for fault in faults).items())),
        "calls": len(answered),
        "lost": verdict.count(Rule.LOST),
        "duplicated": verdict.count(Rule.DUPLICATED),
        "wrong_outcome": verdict.count(Rule.WRONG_OUTCOME),
        "conversations_cut_by_engine_faults": verdict.count(Rule.CUT),
        "order_violations": verdict.count(Rule.ORDER),
        "max_silence_s": _s(longest_silence(evidence)),
        "max_recovery_s": _s(longest_recovery(faults)),
        "is_good": verdict.is_good,
        "violations": {rule.value: verdict.count(rule) for rule in Rule if verdict.count(rule)},
        "fates": dict(sorted(Counter(fate_of(seen).value for seen in calls).items())),
        "outcomes": _outcomes(evidence),
        "conversations": sum(
            any(talk.span.duration >= HEARD for talk in seen.talks) for seen in calls
        ),
        "max_silence_without_faults_s": _s(_quiet_silence(evidence)),
        "callers_at_once": _population(evidence),
        "lab_stalled": {
            "times": len(evidence.sightings.stalls),
            "longest_s": _s(
                max((each.duration for each in evidence.sightings.stalls), default=timedelta())
            ),
            "at_s": [
                [_s(each.began - verdict.span.began), _s(each.duration)]
                for each in evidence.sightings.stalls
            ],
        },
        "recoveries_s": _recoveries(faults),
        "injected": [_fault(fault, since=verdict.span.began) for fault in faults],
        "details": [_violation(each, since=verdict.span.began) for each in verdict.violations],
    }


def lines(verdict: Verdict) -> list[str]:
    """Return what a person wants to read at the end."""
    evidence = verdict.evidence
    content = as_json(verdict)
    there, stalls = content["callers_at_once"], content["lab_stalled"]
    people = f"{content['calls']} calls, {content['conversations']} conversations"
    faults = f"{len(evidence.sightings.faults)} faults in {verdict.minutes:.1f} min"
    crowd = f"{there['median']} callers in the middle ({there['least']} to {there['most']})"
    silence = f"longest silence {content['max_silence_s']} s"
    quiet = f"{content['max_silence_without_faults_s']} s far from any fault"
    told = [
        f"{people}, {len(evidence.stored)} appeals; {faults}, seed {verdict.seed}",
        f"at once: {crowd}, {there['talking']} of them talking",
        f"{silence} ({quiet}), longest recovery {content['max_recovery_s']} s",
    ]
    if stalls["times"]:
        told.append(
            f"the lab itself did not get the processor {stalls['times']} times, for "
            f"{stalls['longest_s']} s at most"
        )
    told += [
        f"  {kind:16} {len(each)} times; recovered in {min(each):.2f} to {max(each):.2f} s"
        for kind, each in content["recoveries_s"].items()
    ]
    told += [f"  {rule}: {count}" for rule, count in content["violations"].items()]
    return told


def violation_line(each: Violation, *, since: datetime) -> str:
    """Return a violation in a line."""
    whose = " ".join(part for part in (each.number, each.appeal) if part)
    where = f" [after {each.fault}, engine.log from byte {each.log_position}]" if each.fault else ""
    return f"✗ {_minute(each.at, since)} {each.rule.value}: {whose} {each.what}{where}"


def _violation(each: Violation, *, since: datetime) -> dict[str, Any]:
    return {
        "rule": each.rule.value,
        "what": each.what,
        "at": each.at.isoformat(),
        "at_s": _s(each.at - since),
        "number": each.number,
        "appeal": each.appeal,
        "after": each.fault,
        "engine_log_byte": each.log_position,
    }


def _fault(fault: SeenFault, *, since: datetime) -> dict[str, Any]:
    recovery = fault.recovery
    return {
        "kind": fault.kind,
        "at_s": _s(fault.span.began - since),
        "lasted_s": _s(fault.span.duration),
        "recovery_s": None if recovery is None else _s(recovery),
        "seen": fault.seen,
        "complaint": fault.complaint,
        "engine_log_byte": fault.log_position,
    }


def _recoveries(faults: Sequence[SeenFault]) -> Mapping[str, list[float]]:
    found: dict[str, list[float]] = {}
    for fault in faults:
        if fault.recovery is not None:
            found.setdefault(fault.kind, []).append(_s(fault.recovery))
    return dict(sorted(found.items()))


def _outcomes(evidence: Evidence) -> dict[str, int]:
    found = Counter(
        "none" if call.outcome is None else call.outcome.value for call in evidence.stored
    )
    return dict(sorted(found.items()))


def _population(evidence: Evidence) -> dict[str, int]:
    present = sorted(callers for _, callers, _ in evidence.sightings.population)
    talking = sorted(talking for _, _, talking in evidence.sightings.population)
    if not present:
        return {"least": 0, "median": 0, "most": 0, "talking": 0}
    return {
        "least": present[0],
        "median": present[len(present) // 2],
        "most": present[-1],
        "talking": talking[len(talking) // 2],
    }


def _quiet_silence(evidence: Evidence) -> timedelta:
    """Return the longest silence that has nothing to do with a fault."""
    disturbed = [
        Span(
            began=fault.span.began,
            ended=(fault.recovered_at or fault.span.ended) + timedelta(seconds=3),
        )
        for fault in evidence.sightings.faults
    ]
    return max(
        (
            gap.duration
            for seen in evidence.sightings.calls
            for gap in seen.gaps
            if not any(gap.touches(span) for span in disturbed)
        ),
        default=timedelta(),
    )


def talks_of(evidence: Evidence) -> int:
    """Return how many talks the store knows."""
    return sum(len(call.of_kind(SegmentKind.TALK)) for call in evidence.stored)


def _minute(moment: datetime, since: datetime) -> str:
    seconds = (moment - since).total_seconds()
    return f"{int(seconds // 60):02}:{seconds % 60:05.2f}"


def _s(duration: timedelta) -> float:
    return round(duration.total_seconds(), 3)
