"""
Where the parts of the embedded runtime lie.

`make setup` unpacks Asterisk, SIPp and PostgreSQL (and `make setup-speech` RHVoice) under
`.runtime/`, each in a folder of its own. A `Runtime` is that folder; its properties are the paths
that the demo, the tests and the benchmark use, so no other module knows the layout.

Rule 1: asking for a part that is not there raises `RuntimeMissingError`, which says what to type.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parent.parent
"""The clone this file belongs to."""


class RuntimeMissingError(Exception):
    """A part of the embedded runtime is not there; the message says how to get it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechPaths:
    """What a binding of RHVoice's C library needs."""

    library: Path
    """The shared library with RHVoice's C interface."""
    preload: tuple[Path, ...]
    """To be loaded first, globally, in this order: the dynamic loader does not find them."""
    library_path: Path
    """The folder of all of them."""
    data: Path
    """RHVoice's `data_path`: languages and voices."""
    config: Path
    """RHVoice's `config_path`."""
    voices: tuple[str, ...]
    """Voice profiles on disk, all of them free to ship."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """The embedded runtime under one folder."""

    folder: Path

    @classmethod
    def find(cls, project: Path = PROJECT) -> Runtime:
        """
        Return the runtime of a clone.

        Raises:
            RuntimeMissingError: `make setup` has not been run in it.
        """
        runtime = cls(project / ".runtime")
        runtime._part("bin/asterisk")
        return runtime

    @property
    def asterisk(self) -> Path:
        """The `asterisk` program (a wrapper; its process is Asterisk itself)."""
        return self._part("bin/asterisk")

    @property
    def steady_clock(self) -> Path:
        """The library that gives Asterisk a clock which nobody can set."""
        return self._part("steady_clock/steady_clock.so")

    @property
    def sipp(self) -> Path:
        """The `sipp` program (a wrapper; its process is SIPp itself)."""
        return self._part("bin/sipp")

    @property
    def asterisk_modules(self) -> Path:
        """Folder of Asterisk's modules: `astmoddir` of asterisk.conf."""
        found = sorted(self._part("asterisk/usr/lib").glob("*/asterisk/modules"))
        if not found:
            raise self._missing(self.folder / "asterisk/usr/lib/*/asterisk/modules")
        return found[0]

    @property
    def asterisk_data(self) -> Path:
        """Folder of Asterisk's sounds, music, documentation: `astdatadir` of asterisk.conf."""
        return self._part("asterisk/usr/share/asterisk")

    @property
    def postgres_run(self) -> Path:
        """The program that serves a throwaway PostgreSQL; `lab.postgresql` drives it."""
        return self._part("bin/postgres-run")

    @property
    def systemd_analyze(self) -> Path:
        """The program that checks systemd's units."""
        return self._part("bin/systemd-analyze")

    @property
    def systemd_units(self) -> Path:
        """Debian's own units, which ours are ordered after."""
        return self._part("systemd/usr/lib/systemd/system")

    @property
    def promtool(self) -> Path:
        """The program that checks Prometheus' rules and configuration."""
        return self._part("bin/promtool")

    @property
    def prometheus(self) -> Path:
        """Prometheus itself."""
        return self._part("bin/prometheus")

    @property
    def speech(self) -> SpeechPaths:
        """
        RHVoice and its voices.

        Raises:
            RuntimeMissingError: `make setup-speech` has not been run.
        """
        paths = json.loads(self._part("speech/paths.json", command="make setup-speech").read_text())
        return SpeechPaths(
            library=Path(paths["library"]),
            preload=tuple(Path(path) for path in paths["preload"]),
            library_path=Path(paths["library_path"]),
            data=Path(paths["data"]),
            config=Path(paths["config"]),
            voices=tuple(paths["voices"]),
        )

    @property
    def reports(self) -> Path:
        """Folder for the reports of the demo and the benchmark; made when it is not there."""
        reports = self.folder / "reports"
        reports.mkdir(parents=True, exist_ok=True)
        return reports

    @property
    def versions(self) -> dict[str, str]:
        """The version of every Debian package in the runtime, by `component: package`."""
        lines = self._part("versions.txt").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def _part(self, relative: str, *, command: str = "make setup") -> Path:
        path = self.folder / relative
        if not path.exists():
            raise self._missing(path, command=command)
        return path

    def _missing(self, path: Path, *, command: str = "make setup") -> RuntimeMissingError:
        return RuntimeMissingError(f"{path} is not there: run `{command}` in {self.folder.parent}.")
