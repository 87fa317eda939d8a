"""
Grafana's own schema on the dashboards.

A Grafana itself is in no package registry that these tests may ask. Its schema is: Grafana Labs
generate a Python package from the definitions that Grafana is built of, the options of every kind
of panel and Prometheus' queries included. A dashboard is read with it and written again.

Rule 1: nothing is lost on the way: a key that Grafana does not know is one that it would ignore.
Rule 2: every value is of the type and among the words that the schema names for its field.
Rule 3: the means of checking is checked, too: a spoilt dashboard must fail.
"""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import pytest
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as schema
from grafana_foundation_sdk.models import heatmap, prometheus, stat, timeseries

from tests.adapters.prometheus.monitoring_files import DASHBOARDS

KNOWN_TO_GRAFANA_ALONE: Final = {".templating.list[].definition"}
"""Written by Grafana's query editor beside `query`; the schema of 11.6 leaves it out."""
OPTIONS: Final = {
    "stat": stat.Options,
    "timeseries": timeseries.Options,
    "heatmap": heatmap.Options,
}

plugins.register_default_plugins()


def read(document: dict[str, Any]) -> schema.Dashboard:
    return schema.Dashboard.from_json(document)


def lost(written: object, read_back: object, at: str = "") -> Iterator[str]:
    """Return the places of what is in the first and not, or not so, in the second."""
    if isinstance(written, dict) and isinstance(read_back, dict):
        for key, value in written.items():
            if key in read_back:
                yield from lost(value, read_back[key], f"{at}.{key}")
            else:
                yield f"{at}.{key}"
    elif isinstance(written, list) and isinstance(read_back, list):
        for one, other in zip(written, read_back, strict=True):
            yield from lost(one, other, f"{at}[]")
    elif written != read_back:
        yield at


def misfits(found: object, expected: Any, at: str = "") -> list[str]:
    """Return the places where a value is not what the schema says of its field."""
    if expected in (Any, object) or isinstance(expected, TypeVar):
        expected = type(found)  # a panel's options: what they were read as
    origin, arguments = get_origin(expected), get_args(expected)
    if origin is Union:
        tries = [misfits(found, each, at) for each in arguments]
        return [] if [] in tries else min(tries, key=len)
    if origin is Literal:
        return _unless(found in arguments, f"{at}: {found!r} is none of {arguments}")
    if origin is list and isinstance(found, list):
        return [it for each in found for it in misfits(each, arguments[0], f"{at}[]")]
    if origin in (list, dict):
        return _unless(isinstance(found, origin), f"{at}: {found!r} is no {origin.__name__}")
    return _misfits_of_class(found, expected, at)


def _misfits_of_class(found: object, expected: type, at: str) -> list[str]:
    if issubclass(expected, Enum):
        words = [each.value for each in expected]
        word = found.value if isinstance(found, Enum) else found
        return _unless(word in words, f"{at}: {word!r} is none of {words}")
    wide_enough = (int, float) if expected is float else expected
    is_of_it = isinstance(found, wide_enough) and (expected is bool or not isinstance(found, bool))
    if not is_of_it:
        return [f"{at}: {found!r} is no {expected.__name__}"]
    module = sys.modules[type(found).__module__]
    if not module.__name__.startswith("grafana_foundation_sdk."):
        return []
    hints = get_type_hints(type(found), vars(module))
    return [
        it
        for name, value in vars(found).items()
        for it in misfits(value, hints.get(name, Any), f"{at}.{name}")
    ]


def _unless(fits: bool, complaint: str) -> list[str]:  # noqa: FBT001 - what was just compared
    return [] if fits else [complaint]


def complaints(document: dict[str, Any]) -> list[str]:
    """Return everything that Grafana's schema has against a dashboard."""
    found = read(document)
    written_again = json.loads(json.dumps(found, cls=JSONEncoder))
    unknown = set(lost(document, written_again)) - KNOWN_TO_GRAFANA_ALONE
    return [*sorted(unknown), *misfits(found, schema.Dashboard)]


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_is_one_by_grafanas_own_schema(path: Path) -> None:
    assert complaints(json.loads(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_every_panel_is_read_as_what_it_is(path: Path) -> None:
    dashboard = read(json.loads(path.read_text(encoding="utf-8")))
    panels = [each for each in dashboard.panels or () if isinstance(each, schema.Panel)]
    assert panels
    for panel in panels:
        assert isinstance(panel.options, OPTIONS[panel.type_val])
        assert panel.targets
        assert all(isinstance(each, prometheus.Dataquery) for each in panel.targets)


def first_panel(document: dict[str, Any]) -> dict[str, Any]:
    return next(each for each in document["panels"] if each["type"] == "stat")


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda it: it.update(legend="no"), ".legend"),
        (lambda it: first_panel(it).update(title=7), "no str"),
        (lambda it: first_panel(it)["gridPos"].update(w="4"), "no int"),
        (lambda it: first_panel(it)["options"].update(graphMode="pie"), "none of"),
        (lambda it: first_panel(it)["options"].update(colour="red"), ".colour"),
        (lambda it: first_panel(it)["targets"][0].update(query="up"), ".query"),
        (lambda it: first_panel(it)["fieldConfig"]["defaults"].update(units="s"), ".units"),
        (lambda it: it["templating"]["list"][0].update(type="source"), "none of"),
    ],
)
def test_a_mistake_in_a_dashboard_would_be_seen(
    spoil: Callable[[dict[str, Any]], None], complaint: str
) -> None:
    document = copy.deepcopy(json.loads(DASHBOARDS[0].read_text(encoding="utf-8")))
    spoil(document)
    assert any(complaint in each for each in complaints(document))
