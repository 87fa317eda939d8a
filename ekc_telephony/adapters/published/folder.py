"""
The published scripts in a folder of the node's state (the `ScriptStore`).

    present.json                         what callers meet now: one small file, replaced as a whole
    register.jsonl                       who did what, when and why: one line each, only appended
    bundles/hotline@1f0c…/hotline.yaml   the versions, as text; never changed
    lock                                 held while somebody changes something

A change is made in three steps: the new versions are written beside the old ones, a line is
appended to the register, `present.json` is replaced. Only the last makes it true. A line of the
register names the number that it came after, so that the line of somebody who died before the last
step stands on no way to the present, and is passed over.

Rule 1: whatever is written is on the disk (fsync) before the step after it is begun.
Rule 2: nothing is ever changed but `present.json`, and that by rename(2).
Rule 3: what root writes belongs to the owner of the state folder, so that the engine can read it.
Rule 4: the lock is the kernel's, as in `engine_lock.py`: it ends with its process.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final, final

import msgspec

from ekc_telephony.core.ivr.published import Bundle, Present, Publication
from ekc_telephony.core.kernel.ids import ScriptId
from ekc_telephony.runtime.ports import Decision, ScriptStoreError

FORMAT: Final = 1
"""Of `present.json`; a higher one was written by a release that we cannot read."""
LOCK_PATIENCE: Final = timedelta(seconds=5)
"""A change holds the lock for milliseconds."""
_ASK_EVERY_S: Final = 0.02
_READ_ONLY: Final = 0o444
_SUFFIX: Final = ".yaml"


class _PresentFile(msgspec.Struct, forbid_unknown_fields=True):
    format: int
    present: Present


class _Format(msgspec.Struct):
    format: int


def _nothing(_step: str) -> None:
    return


@final
class ScriptFolder:
    """
    Keeps what is published in a folder.

    Args:
        folder: Where; made when something is published first.
        at_step: Told the name of each step of a change when it is done: for tests of crashes.
    """

    def __init__(self, folder: Path, *, at_step: Callable[[str], None] = _nothing) -> None:
        self._folder = folder
        self._at_step = at_step

    @property
    def _present_file(self) -> Path:
        return self._folder / "present.json"

    @property
    def _register(self) -> Path:
        return self._folder / "register.jsonl"

    # --- reading

    def mark(self) -> object:
        """Return what is equal as long as `present.json` is the same file."""
        try:
            found = self._present_file.stat()
        except OSError:
            return None
        # A new file has another inode: rename(2) puts it there while the old one still exists.
        return found.st_ino, found.st_mtime_ns, found.st_size

    def present(self) -> Present:
        """Return what callers meet; raises ScriptStoreError when it cannot be read."""
        file = self._present_file
        try:
            content = file.read_bytes()
        except FileNotFoundError:
            return Present()
        except OSError as error:
            raise _unusable(file, error) from error
        try:
            written = msgspec.json.decode(content, type=_Format).format
            if written <= FORMAT:
                return msgspec.json.decode(content, type=_PresentFile).present
        except msgspec.DecodeError as error:
            raise ScriptStoreError(
                f"{file}: found what no release of ours writes ({error}); expected what is "
                "published. Put the file back from a copy; without it the scripts on disk are "
                "published anew at the next start."
            ) from error
        raise ScriptStoreError(
            f"{file}: found format {written}; expected {FORMAT} or older. A newer release wrote "
            "it: run that one."
        )

    def bundle(self, script: ScriptId, version: str) -> Bundle:
        """Return a version; raises ScriptStoreError when there is none or it was changed."""
        folder = self._bundle_folder(script, version)
        try:
            texts = {
                each.name.removesuffix(_SUFFIX): each.read_bytes().decode("utf-8")
                for each in sorted(folder.glob(f"*{_SUFFIX}"))
            }
        except (OSError, UnicodeDecodeError) as error:
            raise _unusable(folder, error) from error
        found = Bundle(script=script, texts=texts)
        if script not in texts or found.version != version:
            what = "other texts than were published" if texts else "nothing"
            raise ScriptStoreError(
                f"{folder}: found {what}; expected version {version} of {script}. Put it back from "
                "a copy, or publish the script anew: `ekc ivr publish`."
            )
        return found

    def publications(self) -> Sequence[Publication]:
        """Return what was done and took effect; raises ScriptStoreError."""
        lines = {each.number: each for each in self._lines()}
        number, found = self.present().number, list[Publication]()
        while (line := lines.get(number)) is not None and line.after < number:
            found.append(line)
            number = line.after
        return found[::-1]

    def _lines(self) -> Iterator[Publication]:
        """Yield every whole line of the register, those that took no effect as well."""
        try:
            content = self._register.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise _unusable(self._register, error) from error
        for line in content.split(b"\n")[:-1]:  # what stands behind the last one is being written
            try:
                yield msgspec.json.decode(line, type=Publication)
            except msgspec.DecodeError:
                continue  # somebody died in the middle of it

    # --- changing

    def change(self, decide: Callable[[Present], Decision]) -> Present:
        """Change what callers meet; raises ScriptStoreError when it cannot be written."""
        try:
            self._make(self._folder)
            with self._locked():
                return self._changed(decide)
        except OSError as error:
            raise _unusable(self._folder, error) from error

    def _changed(self, decide: Callable[[Present], Decision]) -> Present:
        before = self.present()
        last = max((each.number for each in self._lines()), default=0)
        decision = decide(before)
        number = max(before.number, last) + 1
        for each in decision.bundles:
            self._keep(each)
        line = replace(decision.publication, number=number, after=before.number)
        self._append(msgspec.json.encode(line) + b"\n")
        present = replace(decision.present, number=number)
        self._replace(msgspec.json.encode(_PresentFile(format=FORMAT, present=present)))
        return present

    def _keep(self, bundle: Bundle) -> None:
        """Write a version, unless it is there."""
        folder = self._bundle_folder(bundle.script, bundle.version)
        if folder.exists():
            self.bundle(bundle.script, bundle.version)  # it is what it says, or this raises
            return
        fresh = folder.with_name(f".{folder.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)  # of somebody who died in the middle of it
        self._make(fresh.parent)
        self._make(fresh)
        for name, text in bundle.texts.items():
            file = fresh / f"{name}{_SUFFIX}"
            self._write(file, text.encode())
            file.chmod(_READ_ONLY)
            self._at_step(f"{name} written")
        _sync_folder(fresh)
        fresh.rename(folder)
        _sync_folder(folder.parent)
        _sync_folder(self._folder)
        self._at_step("bundle kept")

    def _append(self, line: bytes) -> None:
        register = os.open(self._register, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
        self._give_to_owner(self._register)
        try:
            size = os.fstat(register).st_size
            if size and os.pread(register, 1, size - 1) != b"\n":
                line = b"\n" + line  # ends the line of somebody who died in the middle of it
            half = len(line) // 2
            for part in (line[:half], line[half:]):
                _write_all(register, part)
                self._at_step("half a line written")
            os.fsync(register)
        finally:
            os.close(register)
        _sync_folder(self._folder)
        self._at_step("line appended")

    def _replace(self, content: bytes) -> None:
        fresh = self._present_file.with_suffix(".json.new")
        self._write(fresh, content)
        self._at_step("present written")
        fresh.replace(self._present_file)
        self._at_step("present replaced")
        _sync_folder(self._folder)

    def _make(self, folder: Path) -> None:
        if not folder.is_dir():
            folder.mkdir(parents=True)
            self._give_to_owner(folder)

    def _write(self, file: Path, content: bytes) -> None:
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
        try:
            _write_all(opened, content)
            os.fsync(opened)
        finally:
            os.close(opened)
        self._give_to_owner(file)

    def _give_to_owner(self, path: Path) -> None:
        if os.geteuid() == 0:
            owner = self._folder.parent.stat()
            os.chown(path, owner.st_uid, owner.st_gid)

    def _bundle_folder(self, script: ScriptId, version: str) -> Path:
        return self._folder / "bundles" / f"{script}@{version}"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o640)
        self._give_to_owner(self._folder / "lock")
        try:
            give_up_at = time.monotonic() + LOCK_PATIENCE.total_seconds()
            while not _is_taken(lock):
                if time.monotonic() > give_up_at:
                    raise ScriptStoreError(
                        f"{self._folder}: found somebody else publishing for more than "
                        f"{LOCK_PATIENCE.total_seconds():g} s; expected some milliseconds. See who "
                        f"it is with `fuser {self._folder / 'lock'}`, and try again."
                    )
                time.sleep(_ASK_EVERY_S)
            yield
        finally:
            os.close(lock)


def _is_taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write_all(opened: int, content: bytes) -> None:
    while content:
        content = content[os.write(opened, content) :]


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _unusable(path: Path, error: Exception) -> ScriptStoreError:
    why = error.strerror if isinstance(error, OSError) else str(error)
    return ScriptStoreError(
        f"{path}: the published scripts cannot be used there ({why}); expected a folder that you "
        "may read and write as the engine's user may. Run it as that user: `sudo -u ekc ekc ivr …` "
        "in an installation with systemd."
    )
