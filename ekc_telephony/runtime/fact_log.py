"""
The log of facts: one line for every call that ended, and one for whatever went wrong in it.

Rule 1: no numbers, names or keys; who wants to know whose call it was looks up the appeal.
"""

from __future__ import annotations

import structlog

from ekc_telephony.core.call.facts import (
    CallDisturbed,
    CallEnded,
    Fact,
    PromptsNotHeard,
    RecordingLost,
)
from ekc_telephony.core.call.facts import CallOutcome as Outcome

log = structlog.get_logger(__name__)


class FactLog:
    """Writes facts into the log (a `FactSink`)."""

    def record(self, fact: Fact) -> None:
        """Write the fact down if it is one for the log."""
        match fact:
            case CallEnded(outcome=Outcome.TECHNICAL_FAILURE | Outcome.SENT_TO_FALLBACK):
                log.warning("call not served", call=fact.call, outcome=fact.outcome.value)
            case CallEnded(call=call, outcome=outcome):
                seconds = round((fact.at - fact.registered_at).total_seconds(), 3)
                log.info("call ended", call=call, outcome=outcome.value, seconds=seconds)
            case PromptsNotHeard():
                log.error(
                    "prompts not heard; is a file missing?", call=fact.call, prompts=fact.prompts
                )
            case RecordingLost():
                log.error(
                    "recording lost", call=fact.call, recording=fact.recording, why=fact.cause
                )
            case CallDisturbed():
                log.warning(
                    "call disturbed",
                    call=fact.call,
                    disturbance=fact.disturbance.value,
                    why=fact.detail,
                )
            case _:
                pass
