"""
The rules together: what the phones saw against what the store says. Pure.

Each rule is a function of the evidence and yields its violations; a test shows that each of them
can fail.
"""

from __future__ import annotations

from lab.faults.evidence import Evidence, Violation
from lab.faults.rules_of_appeals import (
    duplicated,
    lost,
    not_ended,
    wrong_outcomes,
    wrong_talk_times,
    wrong_times,
)
from lab.faults.rules_of_order import order_broken
from lab.faults.rules_of_silence import faults_complained_of, silences
from lab.faults.rules_of_talks import (
    broken_promises,
    conversations_cut,
    not_heard,
    not_let_go,
    two_agents,
    two_callers,
)


def check(evidence: Evidence) -> list[Violation]:
    """Return everything that does not hold, in order of time."""
    rules = (
        lost,
        duplicated,
        not_ended,
        wrong_outcomes,
        wrong_times,
        wrong_talk_times,
        conversations_cut,
        not_heard,
        not_let_go,
        broken_promises,
        two_agents,
        two_callers,
        order_broken,
        silences,
        faults_complained_of,
    )
    found = [*evidence.extra, *(each for rule in rules for each in rule(evidence))]
    return sorted(found, key=lambda each: each.at)
