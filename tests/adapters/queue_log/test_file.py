"""The file: whole lines, in order, once each, whatever happens to it and to us."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ekc_telephony.adapters.queue_log.file import QueueLogFile
from ekc_telephony.core.queue_log.rows import QueueLogRow, queue_start
from tests.core.queue_log_calls import ANNA, Story, after, ledger, lines


def rows_of(story: Story) -> list[QueueLogRow]:
    told = ledger()
    return [row for fact in story.facts for row in told.rows(fact)]


STORY = Story("ekc-1.1").enters(1).rings(ANNA, 1).talks(ANNA, 3)
ROWS = rows_of(STORY)
LINES = lines(STORY.facts)


def append(file: QueueLogFile, rows: list[QueueLogRow]) -> None:
    asyncio.run(file.append(rows))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "queue_log"


def test_lines_are_appended_to_what_is_there(path: Path) -> None:
    path.write_text("1795320000|NONE|NONE|NONE|QUEUESTART|\n", encoding="utf-8")
    append(QueueLogFile(path), ROWS)
    assert path.read_text(encoding="utf-8").splitlines() == [
        "1795320000|NONE|NONE|NONE|QUEUESTART|",
        *LINES,
    ]


def test_the_file_is_not_for_everybody(path: Path) -> None:
    append(QueueLogFile(path), ROWS)
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_file_that_was_renamed_is_followed_by_a_new_one(path: Path) -> None:
    file = QueueLogFile(path)
    append(file, ROWS[:1])
    path.rename(path.with_name("queue_log.1"))
    append(file, ROWS[1:])
    assert path.with_name("queue_log.1").read_text(encoding="utf-8").splitlines() == LINES[:1]
    assert path.read_text(encoding="utf-8").splitlines() == LINES[1:]


@pytest.mark.parametrize("written", range(len(ROWS) + 1))
@pytest.mark.parametrize("torn", [0, 1, 20])
@pytest.mark.parametrize("is_rotated", [False, True])
def test_rows_of_before_a_crash_are_not_written_twice(
    path: Path, written: int, torn: int, *, is_rotated: bool
) -> None:
    append(QueueLogFile(path), ROWS[:written])
    if is_rotated and path.exists():
        path.rename(path.with_name("queue_log.1"))
    with path.open("ab") as crashed:
        crashed.write(ROWS[min(written, len(ROWS) - 1)].line.encode()[:torn])
    append(QueueLogFile(path), ROWS)
    files = [each for each in (path.with_name("queue_log.1"), path) if each.exists()]
    found = [line for each in files for line in each.read_text(encoding="utf-8").splitlines()]
    assert found == LINES


def test_the_same_line_twice_in_one_life_is_two_lines(path: Path) -> None:
    append(QueueLogFile(path), ROWS[:1])
    file = QueueLogFile(path)
    append(file, [*ROWS[:1], *ROWS[:1]])
    assert path.read_text(encoding="utf-8").splitlines() == LINES[:1] * 2


def test_nothing_is_looked_for_in_lines_that_are_older(path: Path) -> None:
    append(QueueLogFile(path), [queue_start(after(0))])
    append(QueueLogFile(path), [queue_start(after(5)), *ROWS])
    assert len(path.read_text(encoding="utf-8").splitlines()) == 2 + len(ROWS)


def test_lines_wait_while_the_disk_is_full_and_come_when_it_has_room(path: Path) -> None:
    path.symlink_to("/dev/full")
    file = QueueLogFile(path)
    append(file, ROWS[:2])
    assert file.trouble is not None
    assert "No space left" in file.trouble
    path.unlink()
    append(file, ROWS[2:])
    assert file.trouble is None
    assert path.read_text(encoding="utf-8").splitlines() == LINES


def test_a_folder_that_is_not_there_is_said_and_waited_for(path: Path) -> None:
    file = QueueLogFile(path.parent / "log" / "queue_log")
    append(file, ROWS[:2])
    assert file.trouble is not None
    assert "No such file or directory" in file.trouble
    (path.parent / "log").mkdir()
    append(file, [])
    written = (path.parent / "log" / "queue_log").read_text(encoding="utf-8")
    assert written.splitlines() == LINES[:2]
