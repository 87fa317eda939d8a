"""What the recorder writes, recovery reads: state, unstored facts, over segments and lives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ekc_telephony.adapters.journal.journal import Journal
from ekc_telephony.adapters.journal.segments import list_segments, read_segment
from ekc_telephony.core.call.commands import AnswerLeg, Command
from ekc_telephony.core.call.events import (
    CallArrived,
    CommandFailed,
    ControlRegained,
    EndReason,
    Event,
    KeyPressed,
    LegAnswered,
    LegEnded,
    PlaybackFinished,
)
from ekc_telephony.core.call.facts import Fact
from ekc_telephony.core.engine.engine import Effect, Engine
from ekc_telephony.core.kernel.ids import CallId, Did, LegId, PlaybackId
from ekc_telephony.runtime.journal_codec import (
    FORMAT,
    Input,
    Opening,
    RecordUnreadableError,
    Step,
    decode,
    encode_input,
    encode_opening,
)
from ekc_telephony.runtime.recorder import Recorder
from ekc_telephony.runtime.recovery import NOTHING, Recalled, Segment, recall
from ekc_telephony.runtime.supervisor import SupervisedEngine
from tests.core.office import EVERYBODY, NOON, SCRIPTS, engine, seconds

KEY = bytes(range(32))
OLGA, PAUL = CallId("ekc-1795253112.1"), CallId("ekc-1795253112.2")
CALL: Sequence[Event] = (
    ControlRegained(legs=(), bridges=frozenset()),
    CallArrived(call=OLGA, did=Did("100"), number="+79991234567"),
    PlaybackFinished(playback=PlaybackId(f"{OLGA}-play-1"), leg=LegId(OLGA), was_played=True),
    KeyPressed(leg=LegId(OLGA), key="1"),
    CallArrived(call=PAUL, did=Did("200"), number=None),
    CommandFailed(command=AnswerLeg(call=PAUL, leg=LegId(PAUL)), is_gone=True, detail="404"),
    LegAnswered(leg=LegId(f"{OLGA}-offer-1")),
    LegEnded(leg=LegId(f"{PAUL}-offer-1"), reason=EndReason.BUSY),
    LegEnded(leg=LegId(OLGA), reason=EndReason.HUNG_UP),
    LegEnded(leg=LegId(PAUL), reason=EndReason.HUNG_UP),
)
"""Two calls from ring to goodbye."""


class Life:
    """One life of an engine that keeps a journal."""

    def __init__(self, folder: Path, *, segment_size: int = 1 << 20) -> None:
        self.now = NOON
        self.core: Engine = engine(ready=EVERYBODY)
        self.journal = Journal(folder, key=KEY, segment_size=segment_size, clock=lambda: self.now)
        self.recorder = Recorder(
            SupervisedEngine(self.core),
            self.journal,
            opening=lambda state, through: Opening(
                release="1", life="a", texts={"x": "y"}, state=state, stored_through=through
            ),
        )
        self.facts: list[Fact] = []

    def begin(self, recalled: Recalled) -> None:
        counts = [(position, len(facts)) for position, facts in recalled.unstored]
        self.recorder.begin(counts, stored_through=recalled.stored_through)

    def lives(self, events: Sequence[Event]) -> None:
        for event in events:
            self.now += seconds(1)
            deadline = self.core.next_deadline()
            if deadline is not None and deadline <= self.now:
                self.note(self.recorder.on_time(self.now))
            self.note(self.recorder.handle(event, self.now))
            self.recorder.write_up()

    def dies_in(self, event: Event) -> list[Effect]:
        """Die when the commands have left, before it is written up what came of it."""
        self.now += seconds(1)
        return self.recorder.handle(event, self.now)

    def note(self, effects: list[Effect]) -> None:
        self.facts += [each for each in effects if not isinstance(each, Command)]


@contextmanager
def life(folder: Path, *, segment_size: int = 1 << 20) -> Iterator[Life]:
    living = Life(folder, segment_size=segment_size)
    living.begin(recalled(folder))
    try:
        yield living
    finally:
        living.journal.close()


def recalled(folder: Path) -> Recalled:
    def read(path: Path) -> Iterator[tuple[int, bytes]]:
        return ((each.position, each.content) for each in read_segment(path, key=KEY))

    return recall(
        [
            Segment(first_position=each.first_position, read=partial(read, each.path))
            for each in list_segments(folder, key=KEY)
        ]
    )


def left(what: Recalled) -> list[Fact]:
    return [fact for _, facts in what.unstored for fact in facts]


def test_an_engine_without_a_journal_remembers_nothing(tmp_path: Path) -> None:
    assert recalled(tmp_path / "journal") == NOTHING


@pytest.mark.parametrize("segment_size", [1 << 20, 2_000])
@pytest.mark.parametrize("steps", range(len(CALL) + 1))
def test_after_any_step_what_is_remembered_is_what_was_known(
    tmp_path: Path, steps: int, segment_size: int
) -> None:
    with life(tmp_path, segment_size=segment_size) as first:
        first.lives(CALL[:steps])
        remembered = recalled(tmp_path)
        known = first.core.state()
        assert sorted(map(repr, remembered.state.sessions)) == sorted(map(repr, known.sessions))
        assert sorted(map(repr, remembered.state.agents)) == sorted(map(repr, known.agents))
        assert left(remembered) == first.facts
        assert remembered.texts == {"x": "y"}


@settings(max_examples=60)
@given(st.lists(st.integers(0, 5), max_size=8), st.sampled_from([2_000, 1 << 20]))
def test_the_store_is_offered_again_what_it_may_lack_and_never_what_it_lacks_not(
    tmp_path_factory: pytest.TempPathFactory, groups: list[int], segment_size: int
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    with life(folder, segment_size=segment_size) as first:
        first.lives(CALL)
        stored = 0
        for wanted in groups:
            count = min(wanted, len(first.facts) - stored)
            first.recorder.facts_stored(count)
            stored += count
        offered = left(recalled(folder))
        assert offered[len(offered) - (len(first.facts) - stored) :] == first.facts[stored:]
        whole_steps = {len(offered)}
        assert len(offered) - (len(first.facts) - stored) < 12, whole_steps


def test_facts_that_no_life_could_store_outlive_several_lives(tmp_path: Path) -> None:
    with life(tmp_path) as first:
        first.lives(CALL[:4])
        told = list(first.facts)
    for _ in range(3):
        with life(tmp_path):
            pass
    assert left(recalled(tmp_path)) == told
    with life(tmp_path) as last:
        last.recorder.facts_stored(len(told))
    assert left(recalled(tmp_path)) == []


def test_what_the_core_is_told_is_written_before_its_effects_are_returned(tmp_path: Path) -> None:
    with life(tmp_path) as living:
        living.lives(CALL[:1])
        living.dies_in(CALL[1])
        unfinished = recalled(tmp_path).unfinished
        assert unfinished == Input(at=living.now, event=CALL[1])


def test_what_came_of_a_step_is_written_before_its_facts_are_told(tmp_path: Path) -> None:
    with life(tmp_path) as living:
        living.lives(CALL[:1])
        before = len(left(recalled(tmp_path)))
        effects = living.dies_in(CALL[1])
        living.recorder.write_up()
        facts = [each for each in effects if not isinstance(each, Command)]
        assert left(recalled(tmp_path))[before:] == facts


def _taken_again(folder: Path) -> tuple[Life, list[Fact]]:
    """Begin the next life as a node does, with the step that the last one died in."""
    remembered = recalled(folder)
    living = Life(folder)
    living.now = NOON + seconds(100)
    core = SupervisedEngine(living.core)
    core.restore(remembered.state, lambda known: SCRIPTS.get(known.did), NOON)
    unfinished = remembered.unfinished
    if unfinished is not None:
        core.see_as(remembered.state, unfinished.at)
    living.begin(remembered)
    told = left(remembered)
    if unfinished is not None:
        told += living.recorder.take_again(unfinished, living.now)
    return living, told


@pytest.mark.parametrize("step", range(1, len(CALL)))
def test_a_step_that_a_life_died_in_is_taken_again_with_the_same_facts(
    tmp_path: Path, step: int
) -> None:
    with life(tmp_path) as first:
        first.lives(CALL[:step])
        first.note(first.dies_in(CALL[step]))
        second, told = _taken_again(tmp_path)
        second.journal.close()
    assert told == first.facts
    assert left(recalled(tmp_path)) == first.facts
    assert not second.core.is_connected
    known = first.core.state()
    assert sorted(map(repr, second.core.state().sessions)) == sorted(map(repr, known.sessions))


def test_a_life_that_died_before_it_could_take_the_step_again_leaves_it_to_the_next(
    tmp_path: Path,
) -> None:
    with life(tmp_path) as first:
        first.lives(CALL[:3])
        first.dies_in(CALL[3])
    unfinished = recalled(tmp_path).unfinished
    with life(tmp_path):
        assert recalled(tmp_path).unfinished == unfinished is not None


def test_what_two_lives_died_of_is_told_to_no_third_one(tmp_path: Path) -> None:
    with life(tmp_path) as first:
        first.lives(CALL[:3])
        first.dies_in(CALL[3])
    with life(tmp_path) as second:
        again = encode_input(second.now, CALL[3], is_again=True)
        second.journal.append(again)
    assert recalled(tmp_path).unfinished is None


def test_time_of_which_nothing_came_is_no_step(tmp_path: Path) -> None:
    with life(tmp_path) as living:
        living.lives(CALL[:2])
        living.recorder.on_time(living.now)
        living.recorder.write_up()
    (segment,) = list_segments(tmp_path, key=KEY)
    steps = [decode(each.content) for each in read_segment(segment.path, key=KEY)]
    assert len([each for each in steps if isinstance(each, Step)]) == 2


def test_every_step_can_be_read_with_its_event_and_effects(tmp_path: Path) -> None:
    with life(tmp_path) as living:
        living.lives(CALL)
    (segment,) = list_segments(tmp_path, key=KEY)
    steps = [decode(each.content) for each in read_segment(segment.path, key=KEY)][1:]
    told = [each.event for each in steps if isinstance(each, Step) and each.event is not None]
    assert told == list(CALL)


def test_records_of_a_newer_release_are_refused_with_its_name() -> None:
    opening = Opening(release="9.1", life="", texts={}, state=NOTHING.state, stored_through=0)
    newer = encode_opening(opening).replace(
        bytes([len("opening") | 0xA0]) + b"opening" + bytes([FORMAT]),
        bytes([len("opening") | 0xA0]) + b"opening" + bytes([FORMAT + 1]),
    )
    with pytest.raises(
        RecordUnreadableError, match=rf"format {FORMAT + 1}, written by release 9\.1"
    ):
        decode(newer)


def test_a_kind_of_record_that_is_not_known_is_refused_by_its_name() -> None:
    with pytest.raises(RecordUnreadableError, match="its kind is 'wish', known are opening, input"):
        decode(msgspec.msgpack.encode(["wish", 1]))


def as_format_1(folder: Path, written: Path) -> None:
    """Write a journal anew as releases did that knew no inputs."""
    begins = bytes([len("opening") | 0xA0]) + b"opening"
    for segment in list_segments(written, key=KEY):
        older = Journal(folder, key=KEY, clock=lambda: NOON)
        for number, each in enumerate(read_segment(segment.path, key=KEY)):
            content = decode(each.content)
            if number == 0:
                assert begins + bytes([FORMAT]) in each.content
                older.begin_segment(
                    each.content.replace(begins + bytes([FORMAT]), begins + bytes([1]), 1)
                )
            elif not isinstance(content, Input):
                older.append(each.content)
        older.close()


def test_a_journal_of_the_format_without_inputs_is_gone_on_from(tmp_path: Path) -> None:
    with life(tmp_path / "now") as living:
        living.lives(CALL)
    as_format_1(tmp_path / "then", tmp_path / "now")
    then, now = recalled(tmp_path / "then"), recalled(tmp_path / "now")
    assert left(now)
    assert (then.state, left(then), then.unfinished) == (now.state, left(now), None)
    with life(tmp_path / "then") as following:
        following.lives(CALL[:1])
    assert recalled(tmp_path / "then").state != then.state


def test_bytes_that_are_no_record_are_refused() -> None:
    with pytest.raises(RecordUnreadableError, match="cannot read"):
        decode(b"\x93\xa4junk")
