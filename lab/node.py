"""
One whole node for the lab: Asterisk, engine and guard on an `ekc.yaml`, run in order.

    folder = Path(".runtime/demo")
    config = write_site(folder, ports=PortBlock.find_free())
    with running_node(config, runtime=Runtime.find()) as node:
        ...                                    # node.sip, node.secrets, node.settings.store_url

Several nodes run side by side, each with its folder and its block of ports.

Rule 1: start it from the main thread (see `lab.asterisk`).
Rule 2: when the `with` block is left, nothing of the node is alive.
"""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from ruamel.yaml import YAML

from ekc_telephony.adapters.asterisk_conf.conf import Installation
from ekc_telephony.adapters.asterisk_conf.folder import write_folder
from ekc_telephony.adapters.asterisk_conf.render import render
from ekc_telephony.adapters.asterisk_conf.secrets import Secrets, load_or_create_secrets
from ekc_telephony.settings.asterisk import node_conf
from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.models import Settings
from lab.asterisk import AsteriskProcess, running_asterisk
from lab.child import last_words, running
from lab.ports import PortBlock
from lab.runtime import PROJECT, Runtime
from lab.waiting import PATIENCE

SAMPLE: Final = PROJECT / "ekc.yaml"
START_LIMIT: Final = PATIENCE
"""A second is usual; the rest is for a machine that is busy otherwise."""

_POLL_S: Final = 0.05
_HTTP_OK: Final = 200

Document: TypeAlias = dict[str, Any]
"""`ekc.yaml` as it is written, with its comments."""


class NodeFailedError(Exception):
    """The node did not start; the text holds what it said last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningNode:
    """A node that serves calls."""

    config: Path
    settings: Settings
    secrets: Secrets = field(repr=False)
    asterisk: AsteriskProcess
    engine: subprocess.Popen[bytes]
    engine_log: Path

    @property
    def sip(self) -> tuple[str, int]:
        """Where phones register and callers dial."""
        sip = self.settings.asterisk.sip
        return str(sip.bind), sip.port

    @property
    def url(self) -> str:
        """Where the engine's pages are: `/healthz`, `/metrics`, `/wallboard`."""
        return _url(self.settings)

    @property
    def recordings(self) -> Path:
        """Where Asterisk puts what it records."""
        return self.settings.asterisk_folder / "spool" / "recording"


def write_site(
    folder: Path,
    *,
    ports: PortBlock,
    change: Callable[[Document], None] | None = None,
    sample: Path = SAMPLE,
) -> Path:
    """
    Write an `ekc.yaml` of its own into a folder and return its path.

    Args:
        folder: Where everything of this node lives; made when it is not there.
        ports: Its ports.
        change: Changes the sample further.
        sample: What it is made from.
    """
    yaml = YAML()
    document = yaml.load(sample)
    document["state"] = "state"
    for key in ("scripts", "sounds"):
        document[key] = str(sample.parent / document[key])
    document["asterisk"] |= {
        "root": str(sample.parent / document["asterisk"]["root"]),
        "folder": "asterisk",
        "sip": {"bind": "127.0.0.1", "port": ports.sip},
        "rtp": {"first": ports.rtp[0], "last": ports.rtp[1]},
        "ari": {"bind": "127.0.0.1", "port": ports.ari},
        "ami": {"bind": "127.0.0.1", "port": ports.ami},
    }
    document["http"] = {"bind": "127.0.0.1", "port": ports.http}
    if change is not None:
        change(document)
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "ekc.yaml"
    yaml.dump(document, config)
    return config


@contextmanager
def running_node(
    config: Path, *, runtime: Runtime, prepare: Callable[[Settings], None] | None = None
) -> Iterator[RunningNode]:
    """
    Render the configuration, run Asterisk, the guard and the engine until the block is left.

    Args:
        config: The `ekc.yaml`; `write_site` makes one.
        runtime: Where Asterisk is.
        prepare: Called when the folder is rendered, before Asterisk starts.

    Raises:
        SettingsError: The configuration is wrong.
        AsteriskFailedError: Asterisk did not start.
        NodeFailedError: The engine did not start.
    """
    settings, secrets = render_node(config)
    if prepare is not None:
        prepare(settings)
    with (
        running_asterisk(settings.asterisk_folder, runtime) as asterisk,
        running_guard(settings),
        running_engine(config, settings) as engine,
    ):
        yield RunningNode(
            config=config,
            settings=settings,
            secrets=secrets,
            asterisk=asterisk,
            engine=engine,
            engine_log=engine_log(settings),
        )


def render_node(config: Path) -> tuple[Settings, Secrets]:
    """
    Render the configuration, as `ekc conf render` does.

    Raises:
        SettingsError: The configuration is wrong.
    """
    settings = load_settings(config)
    return settings, _render(settings)


@contextmanager
def running_engine(
    config: Path,
    settings: Settings,
    *,
    environment: Mapping[str, str] = MappingProxyType({}),
    program: str = "ekc_telephony",
) -> Iterator[subprocess.Popen[bytes]]:
    """
    Run the engine alone until the block is left; it is healthy when the block begins.

    Args:
        config: The `ekc.yaml`.
        settings: What it says.
        environment: Variables that the engine gets beside our own.
        program: The module that is run: another one has the shipped engine in it.

    Raises:
        NodeFailedError: It did not start.
    """
    log = engine_log(settings)
    command: list[str | Path] = [sys.executable, "-m", program, "serve"]
    command += ["--config", config]
    with running(command, folder=PROJECT, log=log, environment=environment) as engine:
        _wait_until_healthy(_url(settings), engine, log)
        yield engine


@contextmanager
def running_guard(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """Run the guard until the block is left."""
    log = settings.state / "guard.log"
    access = settings.asterisk_folder / "guard.json"
    command: list[str | Path] = [sys.executable, "-m", "ekc_telephony.guard", access]
    with running(command, folder=PROJECT, log=log) as guard:
        yield guard


def engine_log(settings: Settings) -> Path:
    """Return where a node of the lab keeps what its engine wrote last."""
    return settings.state / "engine.log"


def _render(settings: Settings) -> Secrets:
    secrets = load_or_create_secrets(settings.secrets_file, settings.accounts)
    conf = node_conf(settings, secrets, installation=Installation.find(settings.asterisk.root))
    write_folder(conf, render(conf))
    return secrets


def _url(settings: Settings) -> str:
    return f"http://{settings.http.bind}:{settings.http.port}"


def _wait_until_healthy(url: str, engine: subprocess.Popen[bytes], log: Path) -> None:
    give_up_at = time.monotonic() + START_LIMIT.total_seconds()
    while engine.poll() is None and time.monotonic() < give_up_at:
        if _is_healthy(url):
            return
        time.sleep(_POLL_S)
    raise NodeFailedError(f"The engine did not start; it wrote:\n{last_words(log)}")


def _is_healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=2) as answer:
            return bool(answer.status == _HTTP_OK)
    except (urllib.error.URLError, OSError):
        return False
