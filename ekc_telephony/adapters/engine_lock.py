"""
One engine per node: a lock on a file in the state folder, for as long as the process lives.

Two engines with one state folder would write one journal and take Asterisk's events from each
other. Whoever comes second is told who is first, and leaves without having touched anything.

Rule 1: the lock is the kernel's (flock(2)), not the file's existence: it ends with its process,
kill -9 included, and a file that is left over locks nobody out.
Rule 2: programs that the engine starts do not inherit it (close-on-exec).
Rule 3: the file is never removed: a lock on a removed file would keep nobody out.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

_FILE_MODE: Final = 0o640


class EngineLockError(Exception):
    """The lock could not be taken; the text says why and what to do."""


class EngineRunsError(EngineLockError):
    """Another engine runs on this state folder; the text says which one and what to do."""


@contextmanager
def engine_lock(path: Path) -> Iterator[None]:
    """
    Hold the node's lock until the block is left.

    Args:
        path: `engine.lock` in the state folder; both are made when they are not there.

    Raises:
        EngineRunsError: Another engine holds it.
        EngineLockError: The file cannot be opened.
    """
    lock = _open(path)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EngineRunsError(_who_runs(lock, path)) from None
        os.ftruncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode("ascii"))
        yield
        os.ftruncate(lock, 0)
    finally:
        os.close(lock)


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Python opens every file close-on-exec (PEP 446).
        return os.open(path, os.O_RDWR | os.O_CREAT, _FILE_MODE)
    except OSError as error:
        raise EngineLockError(
            f"{path}: the engine's lock cannot be opened ({error.strerror}); expected a state "
            f"folder that the engine's user may write. Give the folder {path.parent} with all "
            f"that is in it to that user: `chown -R ekc: {path.parent}` in an installation with "
            "systemd."
        ) from error


def _who_runs(lock: int, path: Path) -> str:
    """Describe the lock's holder by what it wrote; the file's time is when it took the lock."""
    text = os.pread(lock, 32, 0).decode("ascii", errors="replace").strip()
    taken_at = datetime.fromtimestamp(os.fstat(lock).st_mtime, tz=UTC).astimezone()
    who = f"process {text}" if text.isdigit() else "a process that is just starting"
    return (
        f"{path}: found another engine on this state folder: {who}, since "
        f"{taken_at.isoformat(sep=' ', timespec='seconds')}; expected none, one node has one "
        "engine. It goes on undisturbed. Look at it: `systemctl status ekc-engine` (or "
        f"`ps -fp {text if text.isdigit() else 'PID'}`); to replace it: "
        "`systemctl restart ekc-engine`. For a second node use a configuration with a `state` "
        "folder of its own."
    )
