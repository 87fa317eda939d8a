"""`ekc serve` that cannot or must not run: it ends, says why, and harms nobody who does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from lab.runtime import PROJECT
from lab.stand import Stand, happens, told
from lab.story_site import NIGHT


def serve(config: Path) -> subprocess.CompletedProcess[str]:
    """Run `ekc serve` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "ekc_telephony", "serve", "--config", str(config)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


async def test_a_mistake_in_the_configuration_is_told_with_its_place(
    stand: Stand, tmp_path: Path
) -> None:
    text = stand.config.read_text(encoding="utf-8")
    wrong = tmp_path / "ekc.yaml"
    wrong.write_text(text.replace("ring_time: 3s", "ring_time: soon"), encoding="utf-8")
    line = text[: text.index("ring_time: 3s")].count("\n") + 1
    ended = serve(wrong)
    assert ended.returncode == 1
    assert f"ekc.yaml:{line}:" in ended.stderr
    assert "soon" in ended.stderr
    assert "Traceback" not in ended.stderr


async def test_a_second_engine_ends_itself_and_the_first_one_serves_on(stand: Stand) -> None:
    ended = serve(stand.config)
    assert ended.returncode == 1
    assert "is another engine running?" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert stand.engine.poll() is None
    citizen = await stand.call(NIGHT)
    await stand.hears(citizen.line, "after-hours")
    await happens(citizen.line.ended)
    assert told(await stand.history(citizen.number)) == ["ivr completed"]
