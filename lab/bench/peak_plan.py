"""
What `make bench-peak` lets happen: how many call, for how long, and how many operators there are.

Callers press no key, so the menu of the sample installation leads them to the first line after
about 50 seconds: at ten a second that is five hundred in the menu. Half of the operators are
trained less than the queue asks for; it eases after `EASED_AFTER`, so as long as more call than
the other half can serve, everybody waits about that long: that is the crowd in the queue.

Rule 1: all operators together can serve more than call, or the queue would grow without end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from lab.bench.plan import PlanError

ANSWER_AFTER: Final = timedelta(seconds=1)
"""How long an operator's phone rings; `scenarios/peak_operator.xml` says the same."""
EASED_AFTER: Final = timedelta(seconds=20)
CALLBACK_AFTER: Final = timedelta(seconds=10)
"""From here on a waiting caller is told that he can be called back."""
ANNOUNCE_EVERY: Final = timedelta(seconds=15)
MENU: Final = timedelta(seconds=55)
"""At most this long until a caller who presses nothing is in the queue of the sample."""
LONGEST_EBB: Final = timedelta(minutes=5)
"""How long those who wait at the end may take to be served."""
_SPARE_LEGS: Final = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakPlan:
    """One run."""

    rate: int = 10
    """New calls per second."""
    lasting: timedelta = timedelta(minutes=10)
    """How long new calls come."""
    operators: int = 130
    talk: timedelta = timedelta(seconds=11)
    is_recorded: bool = True
    """Whether conversations are: each costs as much of Asterisk as five callers in the menu."""

    @property
    def calls(self) -> int:
        """All calls of the run."""
        return max(1, round(self.rate * self.lasting.total_seconds()))

    @property
    def legs(self) -> int:
        """How many legs need ports for sound: those in menu and queue, and two for each talk."""
        crowd = self.rate * (MENU + EASED_AFTER).total_seconds()
        return round(_SPARE_LEGS * (crowd + 2 * self.operators))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> PeakPlan:
        """
        Read MINUTES, RATES (one), OPERATORS, RECORD (0: no); what is absent keeps its default.

        Raises:
            PlanError: One of them is no number above zero, or the operators cannot serve so many.
        """
        default = cls()
        plan = cls(
            rate=int(_number(environment, "RATES", default.rate)),
            lasting=timedelta(minutes=_number(environment, "MINUTES", 10)),
            operators=int(_number(environment, "OPERATORS", default.operators)),
            is_recorded=environment.get("RECORD", "").strip() != "0",
        )
        served = plan.operators / (plan.talk + ANSWER_AFTER).total_seconds()
        if plan.rate >= served:
            raise PlanError(
                f"RATES, OPERATORS: found {plan.rate} calls a second for {plan.operators} "
                f"operators, who serve {served:.1f} a second; expected fewer calls or more "
                "operators."
            )
        return plan


def _number(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name, "").strip()
    if not text:
        return default
    try:
        number = float(text)
    except ValueError:
        number = 0
    if number <= 0 or (name != "MINUTES" and number != int(number)):
        raise PlanError(
            f"{name}: found {text!r}; expected a number above zero, such as {name}={default:g}."
        )
    return number
