"""What `monitoring/` asks Prometheus: every expression, with where it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ruamel.yaml import YAML

from lab.runtime import PROJECT

MONITORING: Final = PROJECT / "monitoring"
DASHBOARDS: Final = tuple(sorted((MONITORING / "grafana" / "dashboards").glob("*.json")))
RULES: Final = MONITORING / "prometheus" / "ekc.rules.yaml"
RULE_TESTS: Final = tuple(sorted((MONITORING / "prometheus" / "tests").glob("*.yaml")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """One query, with where it stands."""

    where: str
    text: str
    shown: str
    """Texts that name labels of what it returns."""

    @property
    def chosen(self) -> str:
        """The query that Prometheus gets when all nodes and queues are chosen in Grafana."""
        listed = re.fullmatch(r"label_values\((.*), \w+\)", self.text)
        text = listed[1] if listed else self.text
        for variable, value in _CHOSEN.items():
            text = text.replace(variable, value)
        return text


_CHOSEN: Final[Mapping[str, str]] = {
    "$__rate_interval": "20s",  # four scrapes, as Grafana reckons
    "$instance": ".*",
    "$queue": ".*",
}


def expressions() -> Iterator[Expression]:
    """Return all of them: dashboards, then alerts."""
    for path in DASHBOARDS:
        dashboard = json.loads(path.read_text(encoding="utf-8"))
        for panel in dashboard["panels"]:
            for target in panel.get("targets", ()):
                yield Expression(
                    where=f"{path.name}, {panel['title']}",
                    text=target["expr"],
                    shown=target["legendFormat"],
                )
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "query":
                yield Expression(
                    where=f"{path.name}, {variable['name']}",
                    text=variable["definition"],
                    shown="",
                )
    for rule in alert_rules():
        shown = " ".join(rule["annotations"].values())
        shown = re.sub(r"\{\{ \$value[^}]*\}\}", "", shown).replace("$labels.", "")
        yield Expression(where=rule["alert"], text=rule["expr"], shown=shown)


def alert_rules() -> list[dict[str, Any]]:
    """Return the alerts as they are written."""
    found = YAML(typ="safe").load(RULES)
    return [rule for group in found["groups"] for rule in group["rules"]]


def series_in(expression: str) -> set[str]:
    """Return the names of the series that an expression asks for."""
    return set(re.findall(r"(?<![\w$])(?:ekc_\w+|up)\b", re.sub(r'"[^"]*"', '""', expression)))
