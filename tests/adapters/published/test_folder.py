"""Whoever publishes may be killed at any moment: callers meet the old version or the new one."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from ekc_telephony.adapters.published.folder import ScriptFolder
from ekc_telephony.core.ivr.published import Bundle, Present
from ekc_telephony.runtime.ports import Decision, ScriptStoreError
from tests.adapters.published.test_contract import HOTLINE, bundle, publishing

OLD: Final = bundle("entry: old\n")
NEW: Final = Bundle(script=HOTLINE, texts={"hotline": "entry: new\n", "rate": "entry: r\n"})
STEPS: Final = (
    "hotline written",
    "rate written",
    "bundle kept",
    "half a line written",
    "half a line written",
    "line appended",
    "present written",
    "present replaced",
)


class KilledError(BaseException):
    """The publisher is gone."""


def killed_at(step: int) -> Callable[[str], None]:
    """Return what kills a publisher when so many steps are done."""
    done = 0

    def at_step(_name: str) -> None:
        nonlocal done
        done += 1
        if done == step:
            raise KilledError

    return at_step


def assert_whole(store: ScriptFolder) -> None:
    """Whatever callers meet can be read, and the register tells how it came about."""
    present = store.present()
    for script, version in present.scripts.items():
        assert store.bundle(script, version).version == version
    told = store.publications()
    assert told[-1].number == present.number
    assert told[-1].changes[0].version == present.scripts[HOTLINE]


def test_the_steps_are_these(tmp_path: Path) -> None:
    steps: list[str] = []
    ScriptFolder(tmp_path / "published", at_step=steps.append).change(publishing(NEW))
    assert tuple(steps) == STEPS


@pytest.mark.parametrize("step", range(1, len(STEPS) + 1))
def test_killed_between_any_two_steps_it_is_the_old_or_the_new(tmp_path: Path, step: int) -> None:
    folder = tmp_path / "published"
    ScriptFolder(folder).change(publishing(OLD))
    with pytest.raises(KilledError):
        ScriptFolder(folder, at_step=killed_at(step)).change(publishing(NEW))
    store = ScriptFolder(folder)
    is_done = STEPS[step - 1] == "present replaced"
    assert store.present().scripts == {HOTLINE: (NEW if is_done else OLD).version}
    assert_whole(store)
    store.change(publishing(NEW))  # whoever comes next is not hindered
    assert store.present().scripts == {HOTLINE: NEW.version}
    assert_whole(store)
    assert [each.deed.value for each in store.publications()] == ["published"] * (
        3 if is_done else 2
    )


def test_a_line_that_power_cut_anywhere_counts_for_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "published"
    ScriptFolder(folder).change(publishing(OLD))
    register, present = folder / "register.jsonl", folder / "present.json"
    whole, known = register.read_bytes(), present.read_bytes()
    ScriptFolder(folder).change(publishing(NEW))
    longer = register.read_bytes()
    for length in range(len(whole), len(longer), 7):
        register.write_bytes(longer[:length])
        present.write_bytes(known)
        store = ScriptFolder(folder)
        assert_whole(store)
        store.change(publishing(NEW))
        assert_whole(store)
        assert len(store.publications()) == 2


def _publish_and_die(folder: Path, step: int) -> None:
    def at_step(_name: str) -> None:
        nonlocal step
        step -= 1
        if not step:
            os.kill(os.getpid(), signal.SIGKILL)

    ScriptFolder(folder, at_step=at_step).change(publishing(NEW))


@pytest.mark.parametrize("step", [3, 6, 8])
def test_a_process_killed_for_good_leaves_no_lock(tmp_path: Path, step: int) -> None:
    folder = tmp_path / "published"
    ScriptFolder(folder).change(publishing(OLD))
    child = multiprocessing.get_context("spawn").Process(
        target=_publish_and_die, args=(folder, step)
    )
    child.start()
    child.join(30)
    assert child.exitcode == -signal.SIGKILL
    store = ScriptFolder(folder)
    assert_whole(store)
    store.change(publishing(NEW))
    assert_whole(store)


def _publish_often(folder: Path, name: str, count: int) -> None:
    for number in range(count):
        ScriptFolder(folder).change(publishing(bundle(f"entry: {name}{number}\n")))


def test_of_two_publishers_at_once_one_waits(tmp_path: Path) -> None:
    folder = tmp_path / "published"
    context = multiprocessing.get_context("spawn")
    both = [
        context.Process(target=_publish_often, args=(folder, name, 20)) for name in ("ivan", "olga")
    ]
    for each in both:
        each.start()
    for each in both:
        each.join(50)
        assert each.exitcode == 0
    store = ScriptFolder(folder)
    assert [each.number for each in store.publications()] == list(range(1, 41))
    assert_whole(store)


def test_a_version_that_somebody_edited_is_not_believed(tmp_path: Path) -> None:
    store = ScriptFolder(tmp_path / "published")
    store.change(publishing(OLD))
    file = tmp_path / "published" / "bundles" / f"hotline@{OLD.version}" / "hotline.yaml"
    assert not file.stat().st_mode & 0o222
    file.chmod(0o644)
    file.write_text("entry: edited\n", encoding="utf-8")
    with pytest.raises(ScriptStoreError, match="found other texts than were published"):
        store.bundle(HOTLINE, OLD.version)


def test_a_newer_release_is_named(tmp_path: Path) -> None:
    store = ScriptFolder(tmp_path / "published")
    store.change(publishing(OLD))
    (tmp_path / "published" / "present.json").write_text('{"format": 2, "x": 1}')
    with pytest.raises(ScriptStoreError, match="found format 2; expected 1 or older"):
        store.present()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "published").write_text("a file")

    def decide(_present: Present) -> Decision:
        raise AssertionError

    with pytest.raises(ScriptStoreError, match="the published scripts cannot be used there"):
        ScriptFolder(tmp_path / "published").change(decide)
