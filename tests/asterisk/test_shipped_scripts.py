"""
The scripts that ship, by telephone: what their test cases rehearse is heard on a real Asterisk.

Here are the cases that come to most of the nodes; `make ivr-walk` walks all of them. Afterwards
their calls are taken from the journal, and walked again through the same scripts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

import pytest
from typer.testing import CliRunner

from ekc_telephony.adapters.asterisk_conf.secrets import load_or_create_secrets
from ekc_telephony.cli.ivr.past import Past
from ekc_telephony.cli.root import app
from ekc_telephony.core.ivr.retelling.recorded import Pressed, RecordedCall
from lab.ports import PortBlock
from lab.stand import Stand, running_stand
from lab.walk.site import covering, errands, speak, write_walk_site
from lab.walk.systems import RehearsedSystems, rehearsed_systems
from lab.walk.together import AT_ONCE, Walks

CASES: Final = 4


@pytest.fixture(scope="module")
def systems() -> Iterator[RehearsedSystems]:
    with rehearsed_systems() as running:
        yield running


@pytest.fixture(scope="module")
def module_stand(
    tmp_path_factory: pytest.TempPathFactory, systems: RehearsedSystems
) -> Iterator[Stand]:
    folder = tmp_path_factory.mktemp("stand")
    config = write_walk_site(folder, ports=PortBlock.find_free(), url_of=systems.url_of)
    with running_stand(config, prepare=speak) as stand:
        yield stand


@pytest.fixture(scope="module")
def walks(module_stand: Stand, systems: RehearsedSystems) -> Walks:
    """Walk once for all tests."""
    walks = Walks(stand=module_stand, systems=systems)
    module_stand.run(walks.all(covering(errands(), most=CASES), at_once=AT_ONCE))
    module_stand.run(module_stand.clear())
    return walks


@pytest.mark.timeout(900)
def test_phones_hear_what_was_rehearsed_and_come_to_the_rehearsed_ends(walks: Walks) -> None:
    assert [each["case"] + ": " + each["failure"] for each in walks.rows if each["failure"]] == []
    assert len(walks.rows) == CASES


@pytest.mark.timeout(900)
def test_walked_again_from_the_journal_nothing_changes_and_nothing_personal_is_told(
    walks: Walks,
) -> None:
    settings = walks.stand.settings
    key = load_or_create_secrets(settings.secrets_file, settings.accounts).journal
    past = Past(settings.journal_folder, key=key, config=walks.stand.config)
    calls = list(past.calls())
    assert len(calls) == CASES
    secret = {each for call in calls for each in _personal(call)}
    # A СНИЛС, a code word of digits, numbers of callers.
    assert {len(each) for each in secret if each.isdecimal()} >= {4, 11}
    for script in sorted({each.script.script for each in calls}):
        ids = [each.call for each in calls if each.script.script == script]
        summary = json.loads(_replayed(walks.stand, script, "--json"))
        assert (summary["calls"], summary["same"]) == (len(ids), len(ids)), summary
        told = [_replayed(walks.stand, script, *each) for each in (["--all"], ["--all", "--json"])]
        told += [_replayed(walks.stand, script, "--call", each) for each in ids]
        spoken = "".join(_PUBLIC.sub("", each) for each in told)
        assert not [each for each in secret if each in spoken]
        assert not re.findall(r"\d{4,}", spoken)


_PUBLIC: Final = re.compile(
    r"ekc-\d+\.\d+|\b8800\d+|\d{4}-\d\d-\d\d|\.\d+\+00:00|\b(text-)?[0-9a-f]{16}\b|: \d+\.\d+"
)
"""Calls, our own numbers, moments, versions of scripts and their texts, seconds."""


def _personal(call: RecordedCall) -> Iterator[str]:
    """Yield what was typed, asked and dialled from; a short one may be anything."""
    typed = [[act.key for act in stay.acts if isinstance(act, Pressed)] for stay in call.stays]
    yield from (whole for each in typed if len(whole := "".join(each).rstrip("#")) >= _LONG)
    asked = (value for each in call.lookups for value in each.fields.values())
    yield from (each for each in asked if len(each) >= _LONG and each.isdecimal())
    if call.number is not None:
        yield call.number.lstrip("+")


_LONG: Final = 4


def _replayed(stand: Stand, script: str, *options: str) -> str:
    file = stand.settings.scripts / f"{script}.yaml"
    command = ["ivr", "replay", str(file), *options, "--config", str(stand.config)]
    ended = CliRunner().invoke(app, command)
    assert ended.exit_code == 0, ended.stderr
    return ended.stdout
