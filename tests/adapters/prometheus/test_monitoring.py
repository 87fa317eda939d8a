"""
The dashboards and the alert rules of `monitoring/` ask for what the engine really exposes.

What others read is read by them: `test_promtool.py` asks Prometheus' own tool, `test_grafana.py`
Grafana's own schema, `tests/asterisk/test_prometheus.py` a Prometheus beside a running node. Here
stands what they cannot know: every metric, label and label's value of every expression is one that
the engine exposes, and the dashboards are what we want them to be, modelled below and not a key
more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, cast

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from pydantic import BaseModel, ConfigDict, Field
from ruamel.yaml import YAML

from ekc_telephony.adapters.prometheus.services import ServiceNumbers
from ekc_telephony.adapters.prometheus.sink import PrometheusSink, WallboardCollector
from ekc_telephony.bootstrap.numbers import NodeParts, register_numbers
from ekc_telephony.core.call.facts import (
    CallbackReason,
    CallOutcome,
    Disturbance,
    NoteKind,
    SegmentKind,
    SegmentOutcome,
)
from ekc_telephony.core.call.presence import Activity, Presence
from ekc_telephony.core.engine.wallboard import Wallboard
from ekc_telephony.core.stats.opinions import MARKS
from ekc_telephony.core.stats.records import SILENCES
from lab.runtime import PROJECT
from tests.adapters.prometheus.monitoring_files import (
    DASHBOARDS,
    MONITORING,
    RULES,
    Expression,
    expressions,
    series_in,
)
from tests.adapters.sql.stories import call_story
from tests.virtual_time import EPOCH

GUIDE: Final = PROJECT / "docs" / "operations" / "monitoring.md"

FROM_PROMETHEUS: Final = frozenset({"instance", "job"})
"""Labels that every series gets when it is scraped."""
VALUES: Final[Mapping[str, frozenset[str]]] = {
    "kind": frozenset(each.value for each in SegmentKind),
    "outcome": frozenset(each.value for each in (*SegmentOutcome, *CallOutcome)),
    "reason": frozenset(each.value for each in CallbackReason),
    "disturbance": frozenset(each.value for each in Disturbance),
    "presence": frozenset(each.value for each in Presence),
    "activity": frozenset(each.value for each in Activity),
    "reachable": frozenset({"true", "false"}),
    "job": frozenset({"ekc"}),
}
NOTES: Final = "ekc_call_notes_total"
VALUES_OF: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    (NOTES, "kind"): frozenset(each.value for each in NoteKind),
    ("ekc_ratings_total", "mark"): frozenset(MARKS),
}
"""Where a series means something else by a label than the others."""


class Strict(BaseModel):
    """No key but those that are named."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(Strict):
    """A panel's datasource: always the dashboard's variable."""

    type: Literal["prometheus"]
    uid: Literal["${datasource}"]


class Place(Strict):
    """Where a panel stands: 24 columns, any number of rows."""

    x: Annotated[int, Field(ge=0, le=23)]
    y: Annotated[int, Field(ge=0)]
    w: Annotated[int, Field(ge=1, le=24)]
    h: Annotated[int, Field(ge=1)]


class Target(Strict):
    """One query."""

    refId: Annotated[str, Field(pattern="^[A-Z]$")]  # noqa: N815 - Grafana's name
    datasource: Source
    expr: str
    legendFormat: str  # noqa: N815 - Grafana's name
    range: bool
    instant: bool
    format: Literal["heatmap"] | None = None


class Step(Strict):
    """From this value on a colour."""

    color: Literal["green", "yellow", "red"]
    value: float | None


class Thresholds(Strict):
    """The colours."""

    mode: Literal["absolute"]
    steps: tuple[Step, ...]


class Colouring(Strict):
    """What the colour says."""

    mode: Literal["thresholds", "palette-classic"]


class Defaults(Strict):
    """How all fields look."""

    unit: Literal["short", "s", "percentunit"]
    color: Colouring
    mappings: tuple[dict[str, Any], ...]
    thresholds: Thresholds
    custom: dict[str, Any] | None = None


class FieldConfig(Strict):
    """How fields look."""

    defaults: Defaults
    overrides: tuple[()]


class Panel(Strict):
    """A panel that shows something."""

    id: int
    type: Literal["stat", "timeseries", "heatmap"]
    title: Annotated[str, Field(min_length=1)]
    description: str
    datasource: Source
    gridPos: Place  # noqa: N815 - Grafana's name
    targets: Annotated[tuple[Target, ...], Field(min_length=1)]
    fieldConfig: FieldConfig  # noqa: N815 - Grafana's name
    options: dict[str, Any]


class Row(Strict):
    """A heading."""

    id: int
    type: Literal["row"]
    title: Annotated[str, Field(min_length=1)]
    collapsed: Literal[False]
    gridPos: Place  # noqa: N815 - Grafana's name
    panels: tuple[()]


class SourceVariable(Strict):
    """Which Prometheus is asked; the person chooses."""

    name: Literal["datasource"]
    label: str
    type: Literal["datasource"]
    query: Literal["prometheus"]
    refresh: int
    regex: str
    hide: int
    includeAll: Literal[False]  # noqa: N815 - Grafana's name
    multi: Literal[False]
    current: dict[str, Any]
    options: tuple[()]


class Query(Strict):
    """Where a variable's values come from."""

    query: str
    refId: str  # noqa: N815 - Grafana's name


class QueryVariable(Strict):
    """A choice of nodes or queues."""

    name: Literal["instance", "queue"]
    label: str
    type: Literal["query"]
    datasource: Source
    definition: str
    query: Query
    refresh: int
    sort: int
    regex: str
    hide: int
    includeAll: Literal[True]  # noqa: N815 - Grafana's name
    allValue: Literal[".*"]  # noqa: N815 - Grafana's name
    multi: Literal[True]
    current: dict[str, Any]
    options: tuple[()]


class Templating(Strict):
    """The variables; the datasource comes first, the others ask it."""

    list: tuple[SourceVariable | QueryVariable, ...]


class Annotations(Strict):
    """None."""

    list: tuple[()]


class Link(Strict):
    """To the other dashboard."""

    title: str
    type: Literal["link"]
    url: str
    keepTime: bool  # noqa: N815 - Grafana's name
    includeVars: bool  # noqa: N815 - Grafana's name
    targetBlank: bool  # noqa: N815 - Grafana's name
    icon: str
    tooltip: str
    tags: tuple[str, ...]
    asDropdown: bool  # noqa: N815 - Grafana's name


class TimeRange(Strict):
    """What is shown at first."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    begins: Annotated[str, Field(alias="from")]
    to: Literal["now"]


class Dashboard(Strict):
    """One file. It has no `id`: Grafana gives one when it takes the file in."""

    uid: Annotated[str, Field(max_length=40)]
    title: str
    description: str
    tags: tuple[str, ...]
    timezone: Literal["browser"]
    schemaVersion: Literal[39]  # noqa: N815 - Grafana's name
    version: int
    editable: bool
    graphTooltip: int  # noqa: N815 - Grafana's name
    refresh: str
    time: TimeRange
    templating: Templating
    annotations: Annotations
    links: tuple[Link, ...]
    panels: tuple[Panel | Row, ...]


class Rule(Strict):
    """One alert."""

    alert: Annotated[str, Field(pattern="^Ekc[A-Z][A-Za-z]+$")]
    expr: str
    lasting: Annotated[str | None, Field(alias="for", pattern=r"^\d+[smh]$")] = None
    labels: dict[Literal["severity"], Literal["critical", "warning"]]
    annotations: dict[Literal["summary", "description"], str]


class Group(Strict):
    """Alerts that belong together."""

    name: Annotated[str, Field(pattern="^ekc-[a-z-]+$")]
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]


class RuleFile(Strict):
    """The file."""

    groups: tuple[Group, ...]


def dashboards() -> dict[str, Dashboard]:
    return {
        path.name: Dashboard.model_validate_json(path.read_text(encoding="utf-8"))
        for path in DASHBOARDS
    }


def rules() -> list[Rule]:
    found = RuleFile.model_validate(YAML(typ="safe").load(RULES))
    return [rule for group in found.groups for rule in group.rules]


EXPRESSIONS: Final = tuple(expressions())


@pytest.fixture(scope="module")
def exposed() -> Mapping[str, frozenset[str]]:
    """Return every series the engine exposes, with the names of its labels."""
    registry = CollectorRegistry()
    sink = PrometheusSink(registry)
    for fact in call_story("ekc-1.1"):
        sink.record(fact)
    ServiceNumbers(registry)
    # Its functions are called when Prometheus asks, and nobody asks here.
    register_numbers(registry, cast(NodeParts, None))
    board = Wallboard(at=EPOCH, is_connected=True, queues=(), agents=(), calls=())
    found: dict[str, frozenset[str]] = {"up": frozenset()}
    for collector, names in registry._collector_to_names.items():
        labels = frozenset(getattr(collector, "_labelnames", ()))
        found |= {name: labels | ({"le"} if name.endswith("_bucket") else set()) for name in names}
    families: Iterator[Metric] = iter(WallboardCollector(lambda: board).collect())
    found |= {each.name: frozenset(getattr(each, "_labelnames", ())) for each in families}
    return found


def grouped_by(expression: str) -> set[str]:
    groups = re.findall(r"\bby \(([^)]*)\)", expression)
    return {label.strip() for group in groups for label in group.split(",")}


@pytest.mark.parametrize("each", EXPRESSIONS, ids=lambda each: each.where)
def test_every_expression_asks_for_series_and_labels_that_the_engine_exposes(
    each: Expression, exposed: Mapping[str, frozenset[str]]
) -> None:
    series = series_in(each.text)
    assert series, "it asks for nothing of ours"
    assert series <= exposed.keys()
    known = FROM_PROMETHEUS.union(*(exposed[name] for name in series))
    assert grouped_by(each.text) <= known
    for name, selector in re.findall(r"(\w+)\{([^}]*)\}", each.text):
        for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector):
            assert label in exposed[name] | FROM_PROMETHEUS, (name, label)


@pytest.mark.parametrize("each", EXPRESSIONS, ids=lambda each: each.where)
def test_every_value_that_is_selected_is_one_that_the_engine_uses(each: Expression) -> None:
    for name, selector in re.findall(r"(\w+)\{([^}]*)\}", each.text):
        for label, value in re.findall(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"', selector):
            known = VALUES_OF.get((name, label), VALUES.get(label))
            if not value.startswith("$") and known is not None:
                assert set(value.split("|")) <= known, (name, label, value)


def test_every_boundary_of_a_histogram_that_is_selected_is_one_of_its_buckets() -> None:
    registry = CollectorRegistry()
    sink = PrometheusSink(registry)
    for fact in call_story("ekc-1.1"):
        sink.record(fact)
    buckets = {
        sample.labels["le"]
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name == "ekc_segment_seconds_bucket"
    }
    selected = {le for each in EXPRESSIONS for le in re.findall(r'\ble="([^"]*)"', each.text)}
    assert {"20.0", "90.0"} <= selected <= buckets


@pytest.mark.parametrize("each", EXPRESSIONS, ids=lambda each: each.where)
def test_what_is_written_beside_a_result_names_labels_that_it_still_has(each: Expression) -> None:
    shown = {name.strip() for name in re.findall(r"\{\{([^}]*)\}\}", each.shown)} - {""}
    is_aggregated = re.search(r"\b(?:sum|min|max)\b", each.text) is not None
    assert shown <= (grouped_by(each.text) if is_aggregated else {"instance", "le"})


@pytest.mark.parametrize("each", EXPRESSIONS, ids=lambda each: each.where)
def test_no_variable_is_asked_for_that_a_dashboard_does_not_have(each: Expression) -> None:
    assert "$" not in each.chosen


@pytest.mark.parametrize("name", sorted(dashboards()))
def test_a_dashboard_can_be_taken_in_by_any_grafana(name: str) -> None:
    dashboard = dashboards()[name]
    numbers = [panel.id for panel in dashboard.panels]
    assert len(numbers) == len(set(numbers))
    variables = [variable.name for variable in dashboard.templating.list]
    assert variables[0] == "datasource"
    for panel in dashboard.panels:
        if isinstance(panel, Panel):
            letters = [target.refId for target in panel.targets]
            assert len(letters) == len(set(letters))
            for target in panel.targets:
                assert target.range is not target.instant
    texts = [dashboard.title, *(panel.title for panel in dashboard.panels)]
    assert all(re.search("[А-Яа-я]|^Asterisk$", text) for text in texts)


@pytest.mark.parametrize("name", sorted(dashboards()))
def test_no_panel_covers_another(name: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboards()[name].panels:
        place = panel.gridPos
        assert place.x + place.w <= 24
        cells = {
            (x, y)
            for x in range(place.x, place.x + place.w)
            for y in range(place.y, place.y + place.h)
        }
        assert taken.isdisjoint(cells), panel.title
        taken |= cells


@pytest.mark.parametrize(
    ("name", "series"),
    [
        ("node.json", "ekc_forwarded_calls_ended"),
        ("floor.json", NOTES),
    ],
)
def test_phones_that_forward_and_people_who_are_not_heard_are_on_a_dashboard(
    name: str, series: str
) -> None:
    assert any(
        each.where.startswith(name) and series in series_in(each.text) for each in EXPRESSIONS
    )


def test_whoever_is_not_heard_has_a_line_of_his_own() -> None:
    asked = [re.findall(NOTES + r'\{kind="(\w+)"', each.text) for each in EXPRESSIONS]
    silences = sorted(each.value for each in SILENCES)
    assert sorted(kind for found in asked for kind in found if kind in silences) == silences


def test_dashboards_lead_to_each_other() -> None:
    known = {dashboard.uid for dashboard in dashboards().values()}
    assert len(known) == len(DASHBOARDS)
    links = {link.url for dashboard in dashboards().values() for link in dashboard.links}
    assert links == {f"/d/{uid}" for uid in known}


def test_alerts_have_names_of_their_own_and_a_line_in_the_guide_each() -> None:
    names = [rule.alert for rule in rules()]
    assert len(names) == len(set(names))
    guide = GUIDE.read_text(encoding="utf-8")
    assert set(re.findall(r"`(Ekc\w+)`", guide)) == set(names)
    for rule in rules():
        assert rule.annotations.keys() == {"summary", "description"}


def test_what_provisions_grafana_and_prometheus_is_yaml_that_names_what_is_there() -> None:
    yaml = YAML(typ="safe")
    prometheus = yaml.load(MONITORING / "prometheus" / "prometheus.yaml")
    assert prometheus["rule_files"] == [RULES.name]
    assert [job["job_name"] for job in prometheus["scrape_configs"]] == ["ekc"]
    folder = MONITORING / "grafana" / "provisioning"
    (provider,) = yaml.load(folder / "dashboards" / "ekc.yaml")["providers"]
    assert provider["type"] == "file"
    (source,) = yaml.load(folder / "datasources" / "prometheus.yaml")["datasources"]
    assert source["type"] == "prometheus"


def test_files_are_written_as_grafana_exports_them() -> None:
    """Two spaces and no escapes, so that a change made in Grafana is a small one in git."""
    for path in DASHBOARDS:
        text = path.read_text(encoding="utf-8")
        assert text == json.dumps(json.loads(text), ensure_ascii=False, indent=2) + "\n"
