"""
The shipped systemd units: clean, hardened, and naming only what exists.

systemd-analyze looks at them in a folder laid out as an installed machine, with Debian's own units
beside them. Nothing is started.

Rule 1: each service's exposure is below 3.0.
Rule 2: the means of checking are checked, too: a spoilt unit must fail.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import defaultdict
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.models import Settings
from lab.runtime import PROJECT, Runtime

UNITS: Final = PROJECT / "systemd"
SERVICES: Final = ("ekc-asterisk", "ekc-engine", "ekc-guard", "ekc-reconcile", "ekc-stats")
LASTING: Final = ("ekc-asterisk", "ekc-engine", "ekc-guard")
NOTHING_ELSE: Final = frozenset(
    f"ekc{rest}"
    for rest in (
        "-asterisk.service",
        "-engine.service",
        "-guard.service",
        "-reconcile.service",
        "-reconcile.timer",
        "-stats.service",
        "-stats.timer",
        ".target",
    )
)
MOST_EXPOSED_TENTHS: Final = 29
"""systemd-analyze refuses what is above: 2.9, so that 3.0 is refused."""


def settings_of(unit: str) -> dict[str, list[str]]:
    """Read a unit: every value that a key is given, in order."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in (UNITS / unit).read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found[key].append(value)
    return found


@dataclass(frozen=True)
class Machine:
    """A folder laid out as a machine on which EKC is installed."""

    root: Path

    def unit(self, name: str) -> Path:
        return self.root / "etc/systemd/system" / name

    def analyze(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [Runtime.find().systemd_analyze, f"--root={self.root}", *arguments],
            capture_output=True,
            text=True,
            check=False,
        )

    def verify(self) -> subprocess.CompletedProcess[str]:
        return self.analyze("verify", "--man=no", *sorted(NOTHING_ELSE))

    def security(self, service: str) -> subprocess.CompletedProcess[str]:
        return self.analyze(
            "security", "--offline=true", f"--threshold={MOST_EXPOSED_TENTHS}", f"{service}.service"
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path / "root")
    shutil.copytree(
        Runtime.find().systemd_units, made.root / "usr/lib/systemd/system", symlinks=True
    )
    made.unit("").mkdir(parents=True)
    for name in NOTHING_ELSE:
        shutil.copy(UNITS / name, made.unit(name))
    for service in SERVICES:
        for key in ("ExecStart", "ExecReload"):
            for command in settings_of(f"{service}.service")[key]:
                program = made.root / command.split()[0].removeprefix("/")
                program.parent.mkdir(parents=True, exist_ok=True)
                program.touch(mode=0o755)
    return made


def test_every_unit_of_the_folder_is_looked_at() -> None:
    assert {each.name for each in UNITS.iterdir() if each.suffix != ".conf"} == NOTHING_ELSE


def test_systemd_finds_nothing_to_say_about_the_units(machine: Machine) -> None:
    verified = machine.verify()
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_may_do_little_besides_its_work(machine: Machine, service: str) -> None:
    judged = machine.security(service)
    assert judged.returncode == 0, judged.stdout
    level = re.search(r"Overall exposure level for \S+: (\d+\.\d)", judged.stdout)
    assert level is not None, judged.stdout + judged.stderr
    assert float(level[1]) < 3.0


@pytest.mark.parametrize(
    ("unit", "written", "spoilt", "complaint"),
    [
        ("ekc-engine.service", "Restart=always", "Restart=allways", "Failed to parse"),
        ("ekc-engine.service", "WatchdogSec=10s", "WatchdogSex=10s", "Unknown key"),
        ("ekc-guard.service", ".venv/bin/python ", ".venv/bin/pythin ", "is not executable"),
        ("ekc-reconcile.timer", "03:10:00", "27:10:00", "Failed to parse calendar"),
    ],
)
def test_a_mistake_in_a_unit_would_be_seen(
    machine: Machine, unit: str, written: str, spoilt: str, complaint: str
) -> None:
    path = machine.unit(unit)
    text = path.read_text()
    assert written in text
    path.write_text(text.replace(written, spoilt))
    verified = machine.verify()
    assert complaint in verified.stderr


def test_a_unit_that_ours_are_ordered_after_exists(machine: Machine) -> None:
    from_other_packages = {"postgresql.service"}
    for name in NOTHING_ELSE:
        settings = settings_of(name)
        for each in " ".join(settings["After"] + settings["Wants"]).split():
            debian = machine.root / "usr/lib/systemd/system" / each
            assert each in NOTHING_ELSE | from_other_packages or debian.exists()


def test_a_service_without_hardening_would_be_refused(machine: Machine) -> None:
    path = machine.unit("ekc-engine.service")
    kept = [line for line in path.read_text().splitlines() if "=yes" not in line]
    path.write_text("\n".join(kept))
    assert machine.security("ekc-engine").returncode != 0


@pytest.mark.parametrize("service", LASTING)
def test_a_service_comes_back_however_often_it_dies(service: str) -> None:
    settings = settings_of(f"{service}.service")
    assert settings["Restart"] == ["always"]
    assert settings["StartLimitIntervalSec"] == ["0"]
    assert settings["RestartSec"] in (["200ms"], ["500ms"])


@pytest.mark.parametrize("service", SERVICES)
def test_a_dump_of_memory_with_voices_and_passwords_is_never_written(service: str) -> None:
    assert settings_of(f"{service}.service")["LimitCORE"] == ["0"]


@pytest.mark.parametrize("service", ["ekc-engine", "ekc-guard"])
def test_the_death_of_asterisk_takes_nobody_with_it(service: str) -> None:
    settings = settings_of(f"{service}.service")
    for tie in ("Requires", "Requisite", "BindsTo", "PropagatesStopTo", "Upholds"):
        assert tie not in settings
    assert "ekc-asterisk.service" in settings["After"][0].split()
    assert settings["PartOf"] == ["ekc.target"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_command_of_a_unit_exists_and_takes_its_options(service: str) -> None:
    for command in settings_of(f"{service}.service")["ExecStart"]:
        program, *words = command.split()
        clone = PROJECT / program.removeprefix("/opt/ekc/")
        assert clone.exists()
        if program.endswith("/ekc"):
            options = [word for word in words if word.startswith("--")]
            verb = words[: words.index(options[0])]
            said = subprocess.run(
                [clone, *verb, "--help"], capture_output=True, text=True, check=True
            ).stdout
            assert all(option in said for option in options)
        elif "-m" in words:
            assert find_spec(f"{words[words.index('-m') + 1]}.__main__") is not None


def test_the_target_starts_whatever_is_installed_for_it() -> None:
    installed = {
        name for name in NOTHING_ELSE if "ekc.target" in settings_of(name).get("WantedBy", [])
    }
    assert set(settings_of("ekc.target")["Wants"][0].split()) == installed


def test_whatever_they_write_is_in_the_folder_that_is_theirs(tmp_path: Path) -> None:
    """Published scripts and rendered texts, too; everything else is read-only for them."""
    text = (PROJECT / "ekc.yaml").read_text(encoding="utf-8")
    for ours, theirs in (
        ("state: .runtime/state", "state: /var/lib/ekc"),
        ("scripts: ivr_scripts", f"scripts: {PROJECT / 'ivr_scripts'}"),
        ("sounds: sounds ", f"sounds: {PROJECT / 'sounds'} "),
    ):
        assert ours in text
        text = text.replace(ours, theirs)
    (tmp_path / "ekc.yaml").write_text(text, encoding="utf-8")
    settings = load_settings(tmp_path / "ekc.yaml")
    places = {
        name: value
        for name, each in vars(Settings).items()
        if isinstance(each, property) and isinstance(value := getattr(settings, name), Path)
    }
    assert {"published_folder", "rendered_sounds", "clock_file"} <= places.keys()
    theirs_alone = Path("/var/lib/ekc")
    assert [name for name, place in places.items() if not place.is_relative_to(theirs_alone)] == []
    for service in SERVICES:
        unit = settings_of(f"{service}.service")
        assert (unit["StateDirectory"], unit["ProtectSystem"]) == (["ekc"], ["strict"])


def test_what_restricts_services_is_the_same_for_all() -> None:
    found = {service: _hardening_of(f"{service}.service") for service in SERVICES}
    assert len(set(found.values())) == 1, found
    assert "NoNewPrivileges=yes" in found["ekc-engine"]


def _hardening_of(unit: str) -> tuple[str, ...]:
    text = (UNITS / unit).read_text()
    block = text.partition("\n# --- what it may not do")[2].partition("SystemCallErrorNumber")[0]
    return tuple(block.splitlines())
