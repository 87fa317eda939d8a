"""
The folder that Asterisk lives in: its rendered files, and the directories it wants to find.

    etc/           rendered, 0640; `etc/site/` is the site's own and is never touched
    data/          links: documentation and rest-api (Asterisk's), moh and the prompts (ours, see
                   `sound_links`)
    spool/recording/   what ARI records
    spool/ekc/     calls that the fallback took while the engine was away
    agi/           rendered, 0750: the fallback's script (`agi`)
    guard.json     rendered, 0600: how the guard reaches AMI
    run/clock      the clock that Asterisk and the engine share (`adapters/clock.py`)
    log/ run/ var/ cache/

Rule 1: every file is written beside its old one before the first is renamed into place, so a full
disk leaves the old configuration whole.
Rule 2: what did not change is not written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import unified_diff
from enum import Enum
from pathlib import Path
from typing import Final

from ekc_telephony.adapters.asterisk_conf.agi import agi_files
from ekc_telephony.adapters.asterisk_conf.conf import GUARD_ACCOUNT, NodeConf
from ekc_telephony.adapters.asterisk_conf.sound_links import sound_links

_FOLDERS: Final = (
    "etc/site",
    "var/keys",
    "data/sounds/ru",
    "data/sounds/en",
    "spool/recording",
    "spool/tmp",
    "spool/ekc",
    "run",
    "log/cdr-custom",
    "log/cel-custom",
    "cache",
    "agi/asterisk",
)
_FOLDER_MODE: Final = 0o750
_FILE_MODE: Final = 0o640
_SCRIPT_MODE: Final = 0o750
_SECRET_MODE: Final = 0o600
_LONGEST_SOCKET: Final = 107
"""Bytes in the path of a Unix socket: 108 with the closing zero (Linux, unix(7))."""


class FolderUnusableError(Exception):
    """Asterisk cannot live in this folder; the text says why and what to do."""


class ChangeKind(Enum):
    """What writing did to a file."""

    CREATED = "created"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One file or link that is not what it was."""

    path: Path
    kind: ChangeKind


def write_folder(conf: NodeConf, files: Mapping[str, str]) -> tuple[Change, ...]:
    """
    Make `conf.folder` complete and return what changed, by path.

    Raises:
        FolderUnusableError: Its path is too long for Asterisk's socket, or a link cannot be made.
        OSError: The disk or its permissions are in the way; the old files are still in place.
    """
    socket = conf.folder / "run" / "asterisk.ctl"
    if len(bytes(socket)) > _LONGEST_SOCKET:
        raise FolderUnusableError(
            f"{socket}: found a path of {len(bytes(socket))} bytes; expected at most "
            f"{_LONGEST_SOCKET}, since Asterisk opens a socket there. "
            "Set `asterisk.folder` in ekc.yaml to a shorter path."
        )
    for name in _FOLDERS:
        (conf.folder / name).mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    written = [
        each
        for part in _parts(conf, files)
        for each in _write_files(part.folder, part.files, mode=part.mode)
    ]
    return (*written, *_link_all(_links(conf)))


def pending_changes(conf: NodeConf, files: Mapping[str, str]) -> tuple[Change, ...]:
    """
    Return what `write_folder` would change, and change nothing.

    Raises:
        OSError: A file cannot be read.
    """
    due = [
        each
        for part in _parts(conf, files)
        for each in _due_files(part.folder, part.files).values()
    ]
    links = _links(conf).items()
    due += [
        Change(path=link, kind=kind) for link, target in links if (kind := _due_link(link, target))
    ]
    return tuple(due)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Files of one folder."""

    folder: Path
    files: Mapping[str, str]
    mode: int


def _parts(conf: NodeConf, files: Mapping[str, str]) -> tuple[_Part, ...]:
    guard = {"guard.json": _guard_access(conf)}
    return (
        _Part(folder=conf.folder / "etc", files=files, mode=_FILE_MODE),
        _Part(folder=conf.folder / "agi", files=agi_files(), mode=_SCRIPT_MODE),
        _Part(folder=conf.folder, files=guard, mode=_SECRET_MODE),
    )


def differences(folder: Path, files: Mapping[str, str]) -> str:
    """Return a unified diff from the files in `folder` to `files`; empty when they are the same."""
    present = {path.name for path in folder.glob("*.conf")}
    pieces: list[str] = []
    for name in sorted(present | files.keys()):
        before = (folder / name).read_text(encoding="utf-8") if name in present else ""
        pieces += unified_diff(
            before.splitlines(keepends=True),
            files.get(name, "").splitlines(keepends=True),
            fromfile=str(folder / name),
            tofile=f"rendered/{name}",
        )
    return "".join(pieces)


def _guard_access(conf: NodeConf) -> str:
    access = {
        "host": conf.ami.bind,
        "port": conf.ami.port,
        "user": GUARD_ACCOUNT,
        "secret": conf.guard_password,
    }
    return json.dumps(access, indent=1) + "\n"


def _due_files(folder: Path, files: Mapping[str, str]) -> dict[str, Change]:
    changes: dict[str, Change] = {}
    for name, text in sorted(files.items()):
        path = folder / name
        exists = path.is_file()
        if exists and path.read_bytes() == text.encode():
            continue
        kind = ChangeKind.CHANGED if exists else ChangeKind.CREATED
        changes[name] = Change(path=path, kind=kind)
    return changes


def _write_files(folder: Path, files: Mapping[str, str], *, mode: int) -> list[Change]:
    changes = _due_files(folder, files)
    for name, change in changes.items():
        fresh = _beside(change.path)
        fresh.unlink(missing_ok=True)
        # Made with its mode, before a password is in it.
        fresh.touch(mode=mode)
        fresh.write_text(files[name], encoding="utf-8")
    for change in changes.values():
        _beside(change.path).replace(change.path)
    return list(changes.values())


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")


def link_sounds(asterisk: Path, *, shipped: Path, rendered: Path, studio: Path) -> list[Change]:
    """
    Let Asterisk find prompts in every language there is, and return what changed.

    Args:
        asterisk: The folder it lives in.
        shipped: The prompts that come with us, a folder for each language.
        rendered: The same, of what was rendered on the site.
        studio: The same, of what the site's people recorded.

    Raises:
        FolderUnusableError: A link cannot be made.
        OSError: The disk or its permissions are in the way.
    """
    links = sound_links(asterisk / "data", shipped=shipped, rendered=rendered, studio=studio)
    return _link_all(links)


def _links(conf: NodeConf) -> dict[Path, Path]:
    data = conf.folder / "data"
    return {
        data / "documentation": conf.installation.shipped / "documentation",
        data / "rest-api": conf.installation.shipped / "rest-api",
        data / "moh": conf.sounds / "moh",
    } | sound_links(data, shipped=conf.sounds, rendered=conf.rendered_sounds, studio=conf.studio)


def _link_all(links: Mapping[Path, Path]) -> list[Change]:
    return [
        Change(path=link, kind=kind)
        for link, target in links.items()
        if (kind := _make_link(link, target)) is not None
    ]


def _due_link(link: Path, target: Path) -> ChangeKind | None:
    if link.is_symlink() and link.readlink() == target:
        return None
    return ChangeKind.CHANGED if link.is_symlink() else ChangeKind.CREATED


def _make_link(link: Path, target: Path) -> ChangeKind | None:
    kind = _due_link(link, target)
    if kind is None:
        return None
    if link.exists() and not link.is_symlink():
        raise FolderUnusableError(
            f"{link}: found a file or folder; expected nothing or a link. Move it away."
        )
    link.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    fresh = _beside(link)
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)
    return kind
