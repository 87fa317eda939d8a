"""
Stories on a real Asterisk: one node for each module, and tests that are coroutines.

Tests of the adapters alone take `asterisk`, a small one without an engine.
A test that takes `stand` and is an `async def` runs on that stand's loop, where the phones live.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Final

import pytest

from lab.ports import PortBlock
from lab.stand import Stand, running_stand
from lab.story_site import write_story_site
from tests.adapters.ari.asterisk_rig import AsteriskRig, running_asterisk


@pytest.fixture(scope="module")
def module_stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Run a node with phones around it; a module that needs another one makes its own."""
    folder = tmp_path_factory.mktemp("stand")
    with running_stand(write_story_site(folder, ports=PortBlock.find_free())) as stand:
        yield stand


@pytest.fixture
def stand(module_stand: Stand) -> Iterator[Stand]:
    """Lend the module's node to one test; afterwards nobody calls and nobody is signed in."""
    yield module_stand
    module_stand.run(module_stand.clear())


@pytest.fixture(scope="module")
def module_asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AsteriskRig]:
    """Run an Asterisk that nobody serves yet."""
    with running_asterisk(tmp_path_factory.mktemp("asterisk")) as rig:
        yield rig


@pytest.fixture
def asterisk(module_asterisk: AsteriskRig) -> AsteriskRig:
    """Lend the module's Asterisk to one test; it runs, whatever the one before did to it."""
    module_asterisk.revive()
    return module_asterisk


LONGEST: Final = (
    "test_shipped_scripts",
    "test_shipped_systems",
    "test_ivr_replay",
    "test_messages",
    "test_clock_set",
    "test_published",
    "test_queue_log",
)
"""Files that take long, the longest first: begun late, they alone would run at the end."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the files that take longest come first; xdist keeps to that order, file by file."""
    rank = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine on the loop of its stand."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    stand = pyfuncitem.funcargs["stand"]
    assert isinstance(stand, Stand)
    wanted = inspect.signature(pyfuncitem.obj).parameters
    stand.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in wanted}))
    return True
