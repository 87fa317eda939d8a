"""Where an engine died is told from its journal, and that it lives as well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ekc_telephony.core.call.events import KeyPressed
from ekc_telephony.core.engine.state import Changes
from ekc_telephony.core.kernel.ids import LegId
from ekc_telephony.runtime.journal_codec import Content, Input, Step, Stored
from ekc_telephony.runtime.replay import Death, death_in
from ekc_telephony.runtime.supervisor import SupervisedEngine
from tests.core.office import NOON, engine

PRESSED = KeyPressed(leg=LegId("ekc-1.1"), key="1")
TOLD = Input(at=NOON, event=PRESSED)
DONE = Step(at=NOON, event=PRESSED, effects=(), changes=Changes())


def died(contents: Sequence[Content], then: Sequence[Content] | None = None) -> Death | None:
    """Tell what `contents` end in; `then` is what the file holds when it is read again."""

    def read_again() -> Iterator[tuple[int, Content]]:
        return enumerate(contents if then is None else then)

    return death_in(SupervisedEngine(engine()), enumerate(contents), read_again)


def test_an_input_without_its_step_is_what_the_engine_died_in() -> None:
    assert died([TOLD, DONE, TOLD]) == Death(position=2, told=TOLD)
    assert died([TOLD, Stored(through=1)]) == Death(position=0, told=TOLD)


def test_whoever_has_written_everything_down_has_not_died() -> None:
    assert died([]) is None
    assert died([TOLD, DONE]) is None


def test_an_engine_that_has_written_on_meanwhile_lives() -> None:
    assert died([TOLD], then=[TOLD, DONE]) is None
    assert died([TOLD], then=[TOLD, DONE, TOLD]) is None
