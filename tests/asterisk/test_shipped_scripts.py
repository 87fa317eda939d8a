"""
The scripts that ship, by telephone: what their test cases rehearse is heard on a real Asterisk.

Here are the cases that come to most of the nodes; `make ivr-walk` walks all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

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


@pytest.mark.timeout(900)
async def test_phones_hear_what_was_rehearsed_and_come_to_the_rehearsed_ends(
    stand: Stand, systems: RehearsedSystems
) -> None:
    walks = Walks(stand=stand, systems=systems)
    await walks.all(covering(errands(), most=CASES), at_once=AT_ONCE)
    assert [each["case"] + ": " + each["failure"] for each in walks.rows if each["failure"]] == []
    assert len(walks.rows) == CASES
