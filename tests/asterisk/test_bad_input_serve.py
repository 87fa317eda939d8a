"""`ekc serve` that cannot or must not run: it ends, says why, and harms nobody who does."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from lab.onlooker import told
from lab.runtime import PROJECT
from lab.stand import Stand
from lab.story_site import NIGHT
from lab.waiting import PATIENCE, happens


def serve(config: Path) -> subprocess.CompletedProcess[str]:
    """Run `ekc serve` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "ekc_telephony", "serve", "--config", str(config)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=PATIENCE.total_seconds(),
        check=False,
    )


async def test_a_mistake_in_the_configuration_is_told_with_its_place(
    stand: Stand, tmp_path: Path
) -> None:
    text = stand.config.read_text(encoding="utf-8")
    wrong = tmp_path / "ekc.yaml"
    wrong.write_text(text.replace("ring_time: 60s", "ring_time: soon"), encoding="utf-8")
    line = text[: text.index("ring_time: 60s")].count("\n") + 1
    ended = serve(wrong)
    assert ended.returncode == 1
    assert f"ekc.yaml:{line}:" in ended.stderr
    assert "soon" in ended.stderr
    assert "Traceback" not in ended.stderr


async def test_a_second_engine_ends_itself_and_the_first_one_serves_on(stand: Stand) -> None:
    ended = serve(stand.config)
    assert ended.returncode == 1
    assert "found another engine on this state folder" in ended.stderr
    assert "Traceback" not in ended.stderr
    await serves_on(stand)


async def test_a_second_engine_with_a_state_of_its_own_leaves_the_first_one_undisturbed(
    stand: Stand, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    shutil.copy(stand.settings.secrets_file, state / "secrets.json")
    text = stand.config.read_text(encoding="utf-8")
    http = stand.settings.http.port
    text = text.replace("state: state", f"state: {state}").replace(str(http), str(http + 1))
    second = stand.config.with_name("second.yaml")
    second.write_text(text, encoding="utf-8")
    ended = serve(second)
    assert ended.returncode == 1
    assert "Another engine (" in ended.stderr
    assert "it was left undisturbed" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert await stand.metric("ekc_ari_connections") == 1
    await serves_on(stand)


async def serves_on(stand: Stand) -> None:
    assert stand.engine.poll() is None
    citizen = await stand.call(NIGHT)
    await stand.hears(citizen.line, "after-hours")
    await happens(citizen.line.ended)
    assert told(await stand.history(citizen.number)) == ["ivr completed"]
