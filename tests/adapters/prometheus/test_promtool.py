"""
Prometheus' own tool on what is shipped for it: it reads everything, and each alert is tried.

The tests of the alerts are `monitoring/prometheus/tests/*.yaml`, in promtool's own form, so that an
administrator who changes a limit can try them where the rules are.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from lab.runtime import Runtime
from tests.adapters.prometheus.monitoring_files import (
    MONITORING,
    RULE_TESTS,
    RULES,
    alert_rules,
    expressions,
)


def promtool(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Runtime.find().promtool, *words], capture_output=True, text=True, check=False
    )


def test_the_shipped_configuration_is_read_and_leads_to_the_rules() -> None:
    checked = promtool("check", "config", MONITORING / "prometheus" / "prometheus.yaml")
    assert checked.returncode == 0, checked.stderr
    assert "1 rule files found" in checked.stdout
    assert f"{len(alert_rules())} rules found" in checked.stdout


def test_every_expression_of_a_dashboard_is_one_that_prometheus_can_read(tmp_path: Path) -> None:
    asked = [
        {"record": f"asked:{number}", "expr": each.chosen}
        for number, each in enumerate(expressions())
    ]
    file = tmp_path / "asked.yaml"
    YAML().dump({"groups": [{"name": "asked", "rules": asked}]}, file)
    checked = promtool("check", "rules", "--lint=none", file)
    assert checked.returncode == 0, checked.stderr
    assert f"{len(asked)} rules found" in checked.stdout


def test_an_expression_with_a_mistake_would_be_seen(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(RULES.read_text().replace("min_over_time(", "min_over_tim(", 1))
    checked = promtool("check", "rules", file)
    assert checked.returncode != 0
    assert "min_over_tim" in checked.stderr


@pytest.mark.parametrize("file", RULE_TESTS, ids=lambda file: file.stem)
def test_alerts_are_raised_when_they_should_be_and_not_otherwise(file: Path) -> None:
    tested = promtool("test", "rules", file)
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_every_alert_was_seen_both_raised_and_silent() -> None:
    raised, silent = set[str](), set[str]()
    for file in RULE_TESTS:
        for case in YAML(typ="safe").load(file)["tests"]:
            for look in case["alert_rule_test"]:
                (raised if look["exp_alerts"] else silent).add(look["alertname"])
    names = {rule["alert"] for rule in alert_rules()}
    assert not names - raised, "add a case to monitoring/prometheus/tests in which it is raised"
    assert not names - silent, "add a moment at which it is silent"


def test_an_alert_with_another_limit_would_be_seen(tmp_path: Path) -> None:
    """The tests of the rules are tried, too."""
    (tmp_path / "tests").mkdir()
    text = RULES.read_text()
    assert "> 300" in text
    (tmp_path / RULES.name).write_text(text.replace("> 300", "> 3000"))
    (file,) = (each for each in RULE_TESTS if each.stem == "ekc-serves-citizens")
    copied = tmp_path / "tests" / file.name
    copied.write_bytes(file.read_bytes())
    assert promtool("test", "rules", copied).returncode != 0
