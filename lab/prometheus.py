"""
The real Prometheus, looking at a node as `monitoring/prometheus` tells it to.

    with running_prometheus(folder, target="127.0.0.1:28080", runtime=Runtime.find()) as prometheus:
        await prometheus.ask("query", query="ekc_ari_up")

Its configuration and rules are the shipped files; but the target is this node, and it is looked at
every second.

Rule 1: when the `with` block is left, it is gone, and what it has stored with its folder.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
from ruamel.yaml import YAML

from lab.child import running
from lab.ports import free_port
from lab.runtime import PROJECT, Runtime

SHIPPED: Final = PROJECT / "monitoring" / "prometheus"


class NotAnsweredError(Exception):
    """Prometheus refused a question; the text is what it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prometheus:
    """One that runs."""

    port: int

    async def is_ready(self) -> bool:
        """Return whether it answers questions."""
        try:
            async with (
                aiohttp.ClientSession() as http,
                http.get(f"http://127.0.0.1:{self.port}/-/ready") as answer,
            ):
                return answer.ok
        except aiohttp.ClientError:
            return False

    async def ask(self, page: str, **parameters: str) -> Any:
        """
        Ask a page of its API, and return the answer's `data`.

        Args:
            page: What stands after `/api/v1/`.
            parameters: The question.

        Raises:
            NotAnsweredError: It refuses, for instance an expression that it cannot read.
        """
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"http://127.0.0.1:{self.port}/api/v1/{page}", params=parameters) as answer,
        ):
            said = await answer.json()
        if said["status"] != "success":
            raise NotAnsweredError(f"{parameters}: {said['error']}")
        return said["data"]

    async def alerts(self) -> dict[str, str]:
        """Return the state of every alert that is not silent: `pending` or `firing`."""
        found = (await self.ask("alerts"))["alerts"]
        return {each["labels"]["alertname"]: each["state"] for each in found}


@contextmanager
def running_prometheus(folder: Path, *, target: str, runtime: Runtime) -> Iterator[Prometheus]:
    """
    Run Prometheus until the block is left; ask `is_ready` first.

    Args:
        folder: Where its configuration, its log and what it stores lie.
        target: The node's `host:port`.
        runtime: Where Prometheus is.
    """
    config = _write_config(folder, target)
    port = free_port()
    command: list[str | Path] = [
        runtime.prometheus,
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'stored'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with running(command, folder=folder, log=folder / "prometheus.log"):
        yield Prometheus(port=port)


def _write_config(folder: Path, target: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for rules in SHIPPED.glob("*.rules.yaml"):
        shutil.copy(rules, folder)
    yaml = YAML()
    document = yaml.load(SHIPPED / "prometheus.yaml")
    document["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    (job,) = document["scrape_configs"]
    job["static_configs"] = [{"targets": [target]}]
    config = folder / "prometheus.yaml"
    yaml.dump(document, config)
    return config
