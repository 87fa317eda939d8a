"""
Information systems as a rehearsal has them: they answer what was written down for them.

Rule 1: what nobody has written an answer to fails, and is told from a failure that was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ekc_telephony.core.call.lookup import LookupFailure, LookupResult
from ekc_telephony.core.ivr.visit_effects import Ask
from ekc_telephony.core.kernel.ids import RequestId, ServiceId

ANSWERS_WITHIN: Final = timedelta(seconds=1)
"""How long a rehearsed answer of an information system takes."""
_UNREHEARSED: Final = LookupResult.failed(LookupFailure.UNKNOWN_SERVICE)


@dataclass(slots=True)
class Rehearsed:
    """
    What one information system answers.

    Attributes:
        answers: One after another; a lookup beyond them was not rehearsed.
        always: Instead of them, the answer to every lookup.
    """

    answers: Sequence[LookupResult] = ()
    always: LookupResult | None = None

    def answer(self, count: int) -> LookupResult | None:
        """Return what is answered to the lookup of this number, from 0."""
        if self.always is not None:
            return self.always
        return self.answers[count] if count < len(self.answers) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerDue:
    """What a system will answer."""

    at: datetime
    request: RequestId
    result: LookupResult

    @property
    def is_rehearsed(self) -> bool:
        """False: nobody has said what is answered."""
        return self.result is not _UNREHEARSED


class RehearsedSystems:
    """The systems that one call asks."""

    def __init__(self, answers: Mapping[ServiceId, Rehearsed]) -> None:
        self._answers = answers
        self._asked = Counter[ServiceId]()

    def ask(self, ask: Ask, now: datetime, *, patience: timedelta) -> AnswerDue | None:
        """Return what is answered and when; None: nothing, while the caller has patience."""
        rehearsed = self._answers.get(ask.service)
        result = None if rehearsed is None else rehearsed.answer(self._asked[ask.service])
        self._asked[ask.service] += 1
        if result is not None and result.failure is LookupFailure.TIMEOUT:
            return None
        takes = min(ANSWERS_WITHIN, patience / 2)
        return AnswerDue(at=now + takes, request=ask.request, result=result or _UNREHEARSED)
