"""
Stories on a real Asterisk: one node for each module, and tests that are coroutines.

A test that takes `stand` and is an `async def` runs on that stand's loop, where the phones live.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import pytest

from lab.node import PortBlock
from lab.stand import Stand, running_stand
from lab.story_site import write_story_site


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
