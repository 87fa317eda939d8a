"""Rendering is incremental, survives a failure, and knows what is not as it should be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from ekc_telephony.adapters.speech.engine import SpeechError, TtsEngine
from ekc_telephony.adapters.speech.library import Problem, SoundLibrary
from ekc_telephony.adapters.speech.manifest import EngineName
from ekc_telephony.adapters.speech.rendering import render_what_is_not_fresh
from ekc_telephony.adapters.speech.telephone_sound import measure, read_wav
from tests.adapters.speech.tone_engine import ToneEngine


def _render(folder: Path, engine: TtsEngine) -> list[str]:
    def open_engine(_name: EngineName) -> TtsEngine:
        return engine

    async def collect() -> list[str]:
        sounds = render_what_is_not_fresh(SoundLibrary(folder), open_engine)
        return [sound.key async for sound in sounds]

    return asyncio.run(collect())


def _problems(folder: Path) -> dict[str, Problem]:
    return {finding.key: finding.problem for finding in SoundLibrary(folder).findings()}


def test_the_first_run_renders_everything_and_closes_the_engine(
    folder: Path, tone_engine: ToneEngine
) -> None:
    assert set(_problems(folder).values()) == {Problem.NEVER_RENDERED}

    assert _render(folder, tone_engine) == ["hello", "bye", "calm"]

    assert _problems(folder) == {}
    assert not tone_engine.is_open
    sound = measure(read_wav((folder / "ru" / "hello.wav").read_bytes()))
    assert sound.peak_dbfs == pytest.approx(-3, abs=0.1)
    assert sound.duration.total_seconds() == pytest.approx(
        0.1 * len("Здравствуйте") + 0.22, abs=0.02
    )


def test_a_second_run_renders_nothing_and_opens_no_engine(
    folder: Path, tone_engine: ToneEngine
) -> None:
    _render(folder, tone_engine)
    before = (folder / "manifest.yaml").read_bytes()
    tone_engine.spoken.clear()

    assert _render(folder, tone_engine) == []

    assert tone_engine.spoken == []
    assert (folder / "manifest.yaml").read_bytes() == before


def _change_text(folder: Path) -> None:
    manifest = folder / "manifest.yaml"
    text = manifest.read_text(encoding="utf-8").replace("Здравствуйте", "Добрый день")
    manifest.write_text(text, encoding="utf-8")


def _change_pace(folder: Path) -> None:
    manifest = folder / "manifest.yaml"
    text = manifest.read_text(encoding="utf-8").replace("rate: 0.9", "rate: 1.0")
    manifest.write_text(text, encoding="utf-8")


def _delete_file(folder: Path) -> None:
    (folder / "ru" / "hello.wav").unlink()


def _damage_file(folder: Path) -> None:
    (folder / "ru" / "hello.wav").write_bytes(b"RIFF")


def _add_file(folder: Path) -> None:
    (folder / "ru" / "stray.wav").write_bytes(b"RIFF")


def _add_a_huge_file(folder: Path) -> None:
    with (folder / "ru" / "hello.wav").open("ab") as file:
        file.truncate(11 * 1024 * 1024)


@pytest.mark.parametrize(
    ("happens", "problems"),
    [
        (_change_text, {"hello": Problem.STALE}),
        (_change_pace, {"hello": Problem.STALE, "bye": Problem.STALE}),
        (_delete_file, {"hello": Problem.MISSING}),
        (_damage_file, {"hello": Problem.ALTERED}),
        (_add_file, {"stray": Problem.UNLISTED}),
        (_add_a_huge_file, {"hello": Problem.ALTERED, "*": Problem.TOO_LARGE}),
    ],
)
def test_what_is_not_as_the_manifest_says_is_found_and_only_that_is_rendered(
    folder: Path,
    tone_engine: ToneEngine,
    happens: Callable[[Path], None],
    problems: dict[str, Problem],
) -> None:
    _render(folder, tone_engine)
    happens(folder)

    assert _problems(folder) == problems
    assert _render(folder, tone_engine) == [key for key in ("hello", "bye") if key in problems]


def test_what_was_rendered_before_a_failure_is_kept(
    folder: Path, refusing_engine: ToneEngine
) -> None:
    with pytest.raises(SpeechError, match="irina refuses"):
        _render(folder, refusing_engine)

    assert not refusing_engine.is_open
    assert _problems(folder) == {"bye": Problem.NEVER_RENDERED, "calm": Problem.NEVER_RENDERED}
