"""
What the files in docker/ promise, without building anything: `make images` proves the rest.

Rule 1: nothing in them names a registry or a mirror, and nothing holds a password.
"""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
from ruamel.yaml import YAML

from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.models import Settings
from lab.one_call import write_config
from lab.ports import PortBlock

PROJECT: Final = Path(__file__).resolve().parents[2]
DOCKER: Final = PROJECT / "docker"
IMAGES: Final = ("asterisk", "engine")
FILES: Final = sorted(path for path in DOCKER.rglob("*") if path.is_file())
HOST_NAME: Final = re.compile(
    r"https?://(?!127\.0\.0\.1)[a-z]|\b[a-z0-9-]+\.(?:io|org|com|net|ru|dev|cloud)\b"
)
NOT_HOSTS: Final = re.compile(r"org\.opencontainers\.image\.\w+")
STARTS_OUR_IMAGES: Final = ("prepare", "node", "asterisk", "engine", "guard", "timers")


def compose() -> dict[str, Any]:
    document: dict[str, Any] = YAML(typ="safe").load(DOCKER / "compose.yaml")
    return document


def dockerfile(image: str) -> str:
    return (DOCKER / image / "Dockerfile").read_text(encoding="utf-8")


def pins(lock: Path) -> dict[str, str]:
    return dict(
        re.findall(r"^([a-z0-9.-]+)==(\S+)", lock.read_text(encoding="utf-8"), re.MULTILINE)
    )


def settings_of_the_sample(folder: Path) -> Settings:
    text = (DOCKER / "ekc.yaml").read_text(encoding="utf-8")
    (folder / "ekc.yaml").write_text(text.replace("/usr/share/ekc", str(PROJECT)), encoding="utf-8")
    return load_settings(folder / "ekc.yaml")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DOCKER)))
def test_no_file_names_a_host(path: Path) -> None:
    text = NOT_HOSTS.sub("", path.read_text(encoding="utf-8"))
    assert HOST_NAME.findall(text) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DOCKER)))
def test_no_file_holds_a_password(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"(?:PASSWORD|PASSWD|SECRET|TOKEN)\s*[:=]\s*[\"']?[A-Za-z0-9]", text) == []


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_stands_on_debian(image: str) -> None:
    sources = re.findall(r"^FROM (\S+)(?: AS (\S+))?$", dockerfile(image), re.MULTILINE)
    stages = {name for _, name in sources if name}
    foreign = {source for source, _ in sources if source not in stages} - {"scratch"}
    assert foreign
    assert all(re.fullmatch(r"debian:[a-z]+-slim", source) for source in foreign)


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_ends_as_an_ordinary_user_with_a_health_check(image: str) -> None:
    last_stage = dockerfile(image).rpartition("\nFROM ")[2]
    assert re.findall(r"^USER (.+)$", last_stage, re.MULTILINE) == ["10001:10001"]
    assert re.search(r"^HEALTHCHECK .*\\\n\s+CMD \[", last_stage, re.MULTILINE)


@pytest.mark.parametrize("image", IMAGES)
def test_everything_an_image_copies_exists_and_is_sent_to_the_builder(image: str) -> None:
    ignored = (DOCKER / image / "Dockerfile.dockerignore").read_text(encoding="utf-8")
    sent = [line.removeprefix("!") for line in ignored.splitlines() if line.startswith("!")]
    copied = re.findall(r"^COPY (?:--chmod=\d+ )?([^\s-]\S*) ", dockerfile(image), re.MULTILINE)
    assert copied
    for source in copied:
        assert (PROJECT / source).exists(), source
        assert any(Path(source).match(each) or each.startswith(f"{source}/") for each in sent)


def test_the_engines_lock_holds_the_versions_of_the_projects_lock() -> None:
    engine, whole = pins(DOCKER / "engine/requirements.lock"), pins(PROJECT / "requirements.lock")
    assert engine
    assert engine.items() <= whole.items()


def test_the_engines_lock_holds_every_run_time_dependency_and_no_tool() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["speech"]]
    wanted = {re.split(r"[\[<>=]", each)[0].replace(".", "-") for each in needed}
    locked = {name.replace(".", "-") for name in pins(DOCKER / "engine/requirements.lock")}
    assert wanted <= locked
    assert locked.isdisjoint({"pytest", "mypy", "ruff", "baresip-python", "pip-tools"})


def test_the_engines_image_can_speak_the_texts_of_scripts() -> None:
    """It has the voices, and the manifest that says who speaks and what is recorded already."""
    recipe = dockerfile("engine")
    assert "COPY --from=speech /speech /opt/ekc/.runtime/speech\n" in recipe
    ignored = (DOCKER / "engine" / "Dockerfile.dockerignore").read_text(encoding="utf-8")
    assert "!sounds/manifest.yaml" in ignored.splitlines()


def test_the_images_voices_are_those_of_make_setup_speech() -> None:
    script = (DOCKER / "engine" / "install_speech.sh").read_text(encoding="utf-8")
    assert '. "$recipes/speech.sh"' in script
    assert "sha256:" not in script


def test_compose_runs_the_version_of_the_project() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    images = {compose()["services"][name]["image"] for name in STARTS_OUR_IMAGES}
    version = project["version"]
    assert images == {
        f"ekc-asterisk:${{EKC_TAG:-{version}}}",
        f"ekc-engine:${{EKC_TAG:-{version}}}",
    }


def test_every_service_has_no_rights_it_does_not_need() -> None:
    for name, service in compose()["services"].items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["read_only"] is True, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in service, name
        assert name in STARTS_OUR_IMAGES or not service["user"].startswith("0"), name


def test_every_service_that_stays_up_is_started_again() -> None:
    restarts = {name: service["restart"] for name, service in compose()["services"].items()}
    assert restarts.pop("prepare") == "no"
    assert set(restarts.values()) == {"unless-stopped"}


def test_asterisk_and_the_engine_share_the_loopback_that_ari_and_ami_are_bound_to() -> None:
    services = compose()["services"]
    assert services["asterisk"]["network_mode"] == services["engine"]["network_mode"]
    owner = services["asterisk"]["network_mode"].removeprefix("service:")
    assert "store" in services[owner]["networks"]


def test_nothing_starts_before_the_configuration_is_rendered() -> None:
    for name in ("asterisk", "engine", "postgresql"):
        needs = compose()["services"][name]["depends_on"]
        assert needs["prepare"] == {"condition": "service_completed_successfully"}, name


def test_every_volume_and_network_used_is_declared() -> None:
    document = compose()
    for name, service in document["services"].items():
        named = [each.partition(":")[0] for each in service.get("volumes", [])]
        assert {each for each in named if not each.startswith(".")} <= set(document["volumes"]), (
            name
        )
        assert set(service.get("networks", [])) <= set(document["networks"]), name


def test_the_ports_published_are_the_ports_of_the_sample(tmp_path: Path) -> None:
    settings = settings_of_the_sample(tmp_path)
    sip, rtp = settings.asterisk.sip.port, settings.asterisk.rtp
    assert compose()["services"]["node"]["ports"] == [
        f"{sip}:{sip}/udp",
        f"{rtp.first}-{rtp.last}:{rtp.first}-{rtp.last}/udp",
        f"127.0.0.1:{settings.http.port}:{settings.http.port}/tcp",
    ]


def test_the_sample_keeps_its_appeals_in_composes_postgresql(tmp_path: Path) -> None:
    host = settings_of_the_sample(tmp_path).store_url.rpartition("@")[2].partition("/")[0]
    service = compose()["services"][host]
    assert "store" in service["networks"]
    assert service["environment"]["POSTGRES_PASSWORD_FILE"] == "/run/ekc/store-password"


def test_the_sample_says_what_the_projects_sample_says_but_for_places_and_addresses() -> None:
    yaml = YAML(typ="safe")
    ours, theirs = yaml.load(DOCKER / "ekc.yaml"), yaml.load(PROJECT / "ekc.yaml")
    different = {key for key in theirs if ours[key] != theirs[key]}
    assert ours.keys() == theirs.keys()
    assert different == {"state", "scripts", "sounds", "asterisk", "http", "store", "trunks"}


def test_the_sample_shows_every_key_that_the_projects_sample_shows() -> None:
    """Those that are left out as well, each in a comment of its own."""
    ours, theirs = (
        set(re.findall(r"^ *# ([a-z_]+): ", (folder / "ekc.yaml").read_text("utf-8"), re.MULTILINE))
        for folder in (DOCKER, PROJECT)
    )
    assert ours == theirs
    assert "briefing" in ours


def test_a_text_that_cannot_be_spoken_keeps_nothing_from_starting(tmp_path: Path) -> None:
    """A stand-in for `ekc` fails at `sounds prepare`, as it does at a half-edited script."""
    (tmp_path / "ekc").write_text('#!/bin/sh\ntest "$1" = conf\n', encoding="utf-8")
    (tmp_path / "ekc").chmod(0o755)
    password = tmp_path / "store-password"
    found = {
        **os.environ,
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "EKC_STORE_PASSWORD_FILE": str(password),
    }
    prepared = subprocess.run(
        ["sh", DOCKER / "engine" / "prepare.sh"],
        env=found,
        capture_output=True,
        text=True,
        check=False,
    )
    assert prepared.returncode == 0, prepared.stderr
    assert "the texts of the scripts are not all rendered" in prepared.stderr
    assert password.stat().st_mode & 0o777 == 0o444


def test_the_timers_do_what_systemds_timers_do() -> None:
    script = (DOCKER / "engine" / "timers.sh").read_text(encoding="utf-8")
    for unit in (PROJECT / "systemd").glob("*.timer"):
        service = unit.with_suffix(".service").read_text(encoding="utf-8")
        started = re.search(r"^ExecStart=\S+/ekc (.+) --config", service, re.MULTILINE)
        assert started is not None, unit.name
        assert started[1] in script, unit.name


def test_the_timers_work_at_once_and_end_by_a_signal(tmp_path: Path) -> None:
    """A stand-in for `ekc` writes down what it is asked for; one that fails stops nothing."""
    asked = tmp_path / "asked"
    os.mkfifo(asked)
    (tmp_path / "ekc").write_text(f'#!/bin/sh\necho "$@" >{asked}\nexit 1\n', encoding="utf-8")
    (tmp_path / "ekc").chmod(0o755)
    found = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    with subprocess.Popen(
        ["sh", DOCKER / "engine" / "timers.sh"], env=found, stderr=subprocess.PIPE, text=True
    ) as timers:
        told = [asked.read_text(encoding="utf-8") for _ in range(2)]
        assert timers.stderr is not None
        failed = [timers.stderr.readline() for _ in range(2)]
        timers.terminate()
        assert timers.wait(60) == 0
    assert told == ["stats --keep\n", "appeals reconcile --day yesterday\n"]
    assert all("failed with exit code 1" in each for each in failed)


def test_the_one_call_of_make_images_has_a_configuration_in_order(tmp_path: Path) -> None:
    write_config(tmp_path, PortBlock(31000))
    text = (tmp_path / "ekc.yaml").read_text(encoding="utf-8")
    (tmp_path / "ekc.yaml").write_text(text.replace("/usr/share/ekc", str(PROJECT)))
    settings = load_settings(tmp_path / "ekc.yaml")
    assert settings.store.url is None
    assert settings.asterisk.sip.bind.is_loopback
