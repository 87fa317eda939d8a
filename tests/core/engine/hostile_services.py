"""Information systems in a hostile world: they answer late, twice, or nobody any more."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from ekc_telephony.core.call.events import ServiceAnswered
from ekc_telephony.core.call.lookup import NOT_FOUND, Answer, LookupFailure, LookupResult
from ekc_telephony.core.kernel.ids import CallId, RequestId
from tests.core.engine.hostile_ground import PICK
from tests.core.engine.hostile_supervisors import HostileSupervisors

FOUND: Final = LookupResult.found(
    Answer.of({"name": "Анна", "slots": [{"at": "10:30"}], "case": None, "status": "12-7"})
)
RESULTS: Final = st.sampled_from(
    [FOUND, FOUND, NOT_FOUND, *(LookupResult.failed(each) for each in LookupFailure)]
)


class HostileServices(HostileSupervisors):
    """Rules of information systems; they do not care whether we see Asterisk."""

    @precondition(lambda self: self.asked)
    @rule(which=PICK, result=RESULTS)
    def a_service_answers(self, which: int, result: LookupResult) -> None:
        """Answer one of the last questions, perhaps once more."""
        asked = self.asked[-1 - which % min(len(self.asked), 3)]
        self.tell(ServiceAnswered(call=asked.call, request=asked.request, result=result))

    @precondition(lambda self: self.asterisk.legs)
    @rule(which=PICK, result=RESULTS)
    def a_service_answers_an_earlier_life(self, which: int, result: LookupResult) -> None:
        """Answer what the engine does not know of any more."""
        call = CallId(self.any_leg(which).leg)
        request = RequestId(f"{call}-lookup-of-an-earlier-life")
        self.tell(ServiceAnswered(call=call, request=request, result=result))
