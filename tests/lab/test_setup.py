"""
What `make setup` says when a machine lacks something, and what it leaves behind.

The real scripts run in a copy of the clone; what is missing or broken is a program on their PATH.
No network is touched.

Rule 1: every failure names what was found and what to do, and leaves neither a half-made folder nor
less than there was before.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
NEEDED_PROGRAMS = (
    *("apt-cache", "apt-config", "apt-get", "awk", "bash", "cat", "cut", "date", "dirname", "dpkg"),
    *("dpkg-deb", "flock", "grep", "head", "id", "ln", "mkdir", "mv", "python3", "readlink"),
    *("realpath", "rm", "sed", "sh", "sha256sum", "sort", "tail", "uname"),
)


@dataclass(frozen=True)
class Clone:
    """A copy of the project's setup scripts, and a PATH that the test may damage."""

    folder: Path
    programs: Path

    def run(self, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.programs), "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}
        return subprocess.run(
            command,
            env=environment | settings,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    def setup(self, *steps: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return self.run(str(self.folder / "lab/setup/setup.sh"), *steps, **settings)

    def call(self, function: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run one line of shell with the setup's functions loaded."""
        load = (
            "set -euo pipefail; for f in words debian python asterisk; do . lab/setup/$f.sh; done"
        )
        return self.run("bash", "-c", f"{load}; mkdir -p $runtime/logs; {function}", **settings)

    def replace(self, program: str, script: str) -> None:
        (self.programs / program).unlink(missing_ok=True)
        (self.programs / program).write_text(f"#!/bin/sh\n{script}\n")
        (self.programs / program).chmod(0o755)

    def remove(self, program: str) -> None:
        (self.programs / program).unlink()


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    made = Clone(tmp_path / "clone", tmp_path / "programs")
    shutil.copytree(PROJECT / "lab/setup", made.folder / "lab/setup")
    (made.folder / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1"\n')
    (made.folder / "requirements.lock").write_text("absent==1.0 --hash=sha256:" + "0" * 64 + "\n")
    made.programs.mkdir()
    for program in NEEDED_PROGRAMS:
        found = shutil.which(program, path="/usr/bin:/bin:/usr/sbin:/sbin")
        assert found, f"this test needs the program {program}"
        (made.programs / program).symlink_to(found)
    return made


def assert_refused(result: subprocess.CompletedProcess[str], clone: Clone, sentence: str) -> None:
    assert result.returncode == 1, result.stdout + result.stderr
    assert sentence in result.stderr
    assert result.stderr.startswith("setup: ERROR: ") or "\nsetup: ERROR: " in result.stderr
    assert "\nsetup:        " in result.stderr, "no advice was given"
    runtime = clone.folder / ".runtime"
    assert not list(runtime.glob("*.new"))
    assert not (clone.folder / ".venv.new").exists()


def test_a_machine_without_apt_is_told_to_use_debian(clone: Clone) -> None:
    clone.remove("apt-get")
    result = clone.setup("asterisk")
    assert_refused(result, clone, "'apt-get' was not found; this system is: ")
    assert "Use Debian 12 or newer" in result.stderr


def test_a_machine_without_debians_keyring_is_told_which_package_has_it(clone: Clone) -> None:
    result = clone.setup("asterisk", EKC_DEBIAN_KEYRING="/nowhere/keyring.gpg")
    assert_refused(result, clone, "Debian's archive keyring was not found (/nowhere/keyring.gpg).")
    assert "apt-get install debian-archive-keyring" in result.stderr


def test_an_unsupported_processor_is_named(clone: Clone) -> None:
    clone.replace("dpkg", "echo s390x")
    assert_refused(clone.setup("asterisk"), clone, "CPU (s390x) is not supported.")


def test_a_machine_without_a_debian_mirror_is_told_how_to_name_one(clone: Clone) -> None:
    clone.replace("apt-get", "exit 0")
    result = clone.setup("asterisk", EKC_DEBIAN_KEYRING="/dev/null")
    assert_refused(result, clone, "no Debian mirror was found")
    assert "EKC_DEBIAN_MIRROR=" in result.stderr


@pytest.mark.parametrize(
    ("what_apt_says", "sentence"),
    [
        ("Err:1 Could not resolve 'mirror.invalid'", "the Debian mirror that this machine uses"),
        ("Err:1 Connection timed out", "the Debian mirror that this machine uses does not answer."),
        ("E: Release file is expired (invalid since 3d)", "out of date, or this machine's clock"),
        ("W: NO_PUBKEY 0123456789ABCDEF", "is not signed by a key in /dev/null"),
        ("E: The repository does not have a Release file.", "mirror has no suite 'forky'."),
    ],
)
def test_a_failing_apt_is_explained_and_the_old_runtime_stays(
    clone: Clone, what_apt_says: str, sentence: str
) -> None:
    clone.replace("apt-get", f'echo "{what_apt_says}"; exit 100')
    old = clone.folder / ".runtime/asterisk/old"
    unfinished = clone.folder / ".runtime/asterisk.new/part"
    for path in (old, unfinished):
        path.parent.mkdir(parents=True)
        path.touch()
    result = clone.setup(
        "asterisk", EKC_DEBIAN_MIRROR="http://mirror.invalid", EKC_DEBIAN_KEYRING="/dev/null"
    )
    assert_refused(result, clone, sentence)
    assert old.exists()


def test_an_old_python_is_named_with_its_version(clone: Clone) -> None:
    clone.replace("python3", 'case "$1" in -V) echo Python 3.9.2;; *) exit 1;; esac')
    result = clone.setup("python", EKC_PYTHON="python3")
    assert_refused(result, clone, "no Python 3.11 or newer was found")
    assert "(found: python3: Python 3.9.2)" in result.stderr


def test_an_unreachable_package_index_is_named_and_no_environment_is_left(clone: Clone) -> None:
    result = clone.setup(
        "python",
        EKC_PYTHON=sys.executable,
        PIP_CONFIG_FILE="/dev/null",
        PIP_INDEX_URL="http://127.0.0.1:1/",
        PIP_RETRIES="1",
    )
    assert_refused(result, clone, "pip cannot reach its package index.")
    assert not (clone.folder / ".venv").exists()


def test_a_python_package_with_another_hash_is_refused(clone: Clone, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "absent-1.0-py3-none-any.whl", "w") as wheel:
        about = "absent-1.0.dist-info/"
        wheel.writestr(about + "METADATA", "Metadata-Version: 2.1\nName: absent\nVersion: 1.0\n")
        wheel.writestr(about + "WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(about + "RECORD", "")
    result = clone.setup(
        "python",
        EKC_PYTHON=sys.executable,
        PIP_CONFIG_FILE="/dev/null",
        PIP_NO_INDEX="1",
        PIP_FIND_LINKS=str(tmp_path),
    )
    assert_refused(result, clone, "does not have the hash in requirements.lock.")
    assert not (clone.folder / ".venv").exists()


def test_a_machine_without_a_compiler_is_told_which_package_has_it(clone: Clone) -> None:
    shutil.copytree(PROJECT / "steady_clock", clone.folder / "steady_clock")
    result = clone.setup("steady_clock")
    assert_refused(result, clone, "there is no C compiler ('cc')")
    assert "apt-get install gcc libc6-dev" in result.stderr
    assert not (clone.folder / ".runtime/steady_clock").exists()


def test_an_unknown_step_is_named(clone: Clone) -> None:
    assert_refused(clone.setup("coffee"), clone, "there is no step 'coffee'.")


def test_speech_without_the_virtual_environment_asks_for_setup_first(clone: Clone) -> None:
    assert_refused(clone.setup("speech"), clone, "the virtual environment is not there.")


@pytest.mark.parametrize("version", ["22.9.0", "20.15.1", "23.1.0~dfsg", "22.1.10"])
def test_another_asterisk_than_22_10_is_refused(clone: Clone, version: str) -> None:
    result = clone.call(f"{write_asterisk(version)}; refuse_wrong_asterisk tree")
    assert_refused(result, clone, f"holds Asterisk {version}; EKC needs Asterisk 22.10")


@pytest.mark.parametrize("version", ["22.10.0", "22.10.1+dfsg+~cs6.17", "22.11.0"])
def test_asterisk_22_10_and_newer_is_accepted(clone: Clone, version: str) -> None:
    result = clone.call(f"{write_asterisk(version)}; refuse_wrong_asterisk tree")
    assert result.returncode == 0, result.stderr


def write_asterisk(version: str) -> str:
    script = f"#!/bin/sh\\necho Asterisk {version}\\n"
    program = "tree/wrappers/asterisk"
    return f"mkdir -p tree/wrappers; printf '{script}' >{program}; /bin/chmod +x {program}"


ONE_LINE = """
# a comment
deb http://elsewhere.invalid/debian cloud-sdk-bookworm main
deb http://security.invalid/debian-security bookworm-security main
deb [arch=amd64,arm64] http://mirror.invalid/debian bookworm main contrib
deb http://second.invalid/debian bookworm main
"""
DEB822 = """
Types: deb
URIs: http://mirror.invalid/debian
Suites: bookworm bookworm-updates
Components: main
"""


@pytest.mark.parametrize(("name", "text"), [("a.list", ONE_LINE), ("a.sources", DEB822)])
def test_the_mirror_is_the_machines_first_debian_one_in_either_format(
    clone: Clone, tmp_path: Path, name: str, text: str
) -> None:
    sources = tmp_path / "sources.list.d"
    sources.mkdir()
    (sources / name).write_text(text)
    (tmp_path / "apt.conf").write_text(
        f'Dir::Etc::sourcelist "/dev/null";\nDir::Etc::sourceparts "{sources}";\n'
    )
    result = clone.call("find_mirror", APT_CONFIG=str(tmp_path / "apt.conf"))
    assert result.stdout.strip().rstrip("/") == "http://mirror.invalid/debian"


APT_CACHE = "printf 'Package: a\\nVersion: 1:2\\nArchitecture: all\\nSHA256: %s\\n' {sum}"


def test_a_tampered_package_in_the_cache_is_fetched_again(clone: Clone) -> None:
    good = hashlib.sha256(b"good").hexdigest()
    clone.replace("apt-cache", APT_CACHE.format(sum=good))
    clone.replace("apt-get", "printf good >a_1%3a2_all.deb")
    packages = clone.folder / ".runtime/cache/packages"
    packages.mkdir(parents=True)
    (packages / "a_1%3a2_all.deb").write_text("evil")
    result = clone.call("fetch_packages a=1:2; echo $files")
    assert result.stdout.splitlines()[-1] == "a_1%3a2_all.deb", result.stderr
    assert (packages / "a_1%3a2_all.deb").read_text() == "good"


def test_a_package_that_is_not_what_debian_signed_is_refused(clone: Clone) -> None:
    clone.replace("apt-cache", APT_CACHE.format(sum="0" * 64))
    clone.replace("apt-get", "printf evil >a_1%3a2_all.deb")
    (clone.folder / ".runtime/cache/packages").mkdir(parents=True)
    result = clone.call("fetch_packages a=1:2")
    assert_refused(result, clone, "does not have the hash of Debian's signed list.")


def test_a_package_already_in_the_cache_is_not_fetched(clone: Clone) -> None:
    clone.replace("apt-cache", APT_CACHE.format(sum=hashlib.sha256(b"good").hexdigest()))
    clone.replace("apt-get", "exit 1")
    packages = clone.folder / ".runtime/cache/packages"
    packages.mkdir(parents=True)
    (packages / "a_1%3a2_all.deb").write_text("good")
    assert clone.call("fetch_packages a=1:2").returncode == 0


def test_make_alone_prints_every_command(tmp_path: Path) -> None:
    shutil.copy(PROJECT / "Makefile", tmp_path)
    printed = subprocess.run(
        ["make"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    phony = next(
        line for line in (tmp_path / "Makefile").read_text().splitlines() if ".PHONY" in line
    )
    for target in phony.removeprefix(".PHONY:").split():
        assert f"make {target} " in printed
