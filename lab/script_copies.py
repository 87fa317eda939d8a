"""Copies of the scripts that ship, for nodes of the lab: the same nodes, each changed as wanted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from ruamel.yaml import YAML

from lab.runtime import PROJECT

Node: TypeAlias = dict[str, Any]
"""A node of a script as it is written."""


def copy_script(shipped: str, to: Path, *, change: Callable[[Node], None]) -> None:
    """
    Write a copy of a script that ships.

    Args:
        shipped: Its name.
        to: The file of the copy; its name is the copy's.
        change: Changes each node.
    """
    # Not with its comments: the anchors of what is written once and said twice would be lost.
    yaml = YAML(typ="safe", pure=True)
    yaml.allow_unicode, yaml.default_flow_style = True, False
    script: dict[str, Any] = yaml.load(PROJECT / "ivr_scripts" / f"{shipped}.yaml")
    for node in script["nodes"].values():
        change(node)
    yaml.dump(script, to)
