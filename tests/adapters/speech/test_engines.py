"""The engines speak, or say what to do. RHVoice is the real one of `.runtime/`."""

from __future__ import annotations

import asyncio
import json
import signal
import wave
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ekc_telephony.adapters.speech.engine import EngineMissingError, Speech, SpeechError
from ekc_telephony.adapters.speech.espeak import EspeakEngine
from ekc_telephony.adapters.speech.manifest import EngineName
from ekc_telephony.adapters.speech.paths import RUNTIME as INSTALLED
from ekc_telephony.adapters.speech.paths import RhvoicePaths, read_rhvoice_paths
from ekc_telephony.adapters.speech.rendering import installed_engine
from ekc_telephony.adapters.speech.rhvoice import RhvoiceEngine

RUNTIME = Path(__file__).parents[3] / ".runtime"


@pytest.fixture
def rhvoice_paths() -> RhvoicePaths:
    return read_rhvoice_paths(RUNTIME)


def _speak_all(engine: RhvoiceEngine, *texts: str, speaker: str = "irina") -> list[Speech]:
    async def speak() -> list[Speech]:
        try:
            return [await engine.synthesize(text, speaker=speaker, rate=1.0) for text in texts]
        finally:
            await engine.aclose()

    return asyncio.run(speak())


def test_rhvoice_speaks_text_after_text_from_one_process(rhvoice_paths: RhvoicePaths) -> None:
    short, long, again = _speak_all(RhvoiceEngine(rhvoice_paths), "да", "добрый вечер", "да")

    assert short.sample_rate_hz == 24_000
    assert len(long.samples) > len(short.samples) > 0
    assert again == short


def test_rhvoice_speaks_slower_at_a_lower_rate(rhvoice_paths: RhvoicePaths) -> None:
    engine = RhvoiceEngine(rhvoice_paths)

    async def speak() -> list[int]:
        try:
            spoken = [
                await engine.synthesize("добрый вечер", speaker="irina", rate=rate)
                for rate in (1.0, 0.7)
            ]
        finally:
            await engine.aclose()
        return [len(each.samples) for each in spoken]

    normal, slow = asyncio.run(speak())
    assert slow > 1.2 * normal


def test_an_unknown_speaker_is_named_in_the_error(rhvoice_paths: RhvoicePaths) -> None:
    with pytest.raises(SpeechError, match="'nobody'"):
        _speak_all(RhvoiceEngine(rhvoice_paths), "да", speaker="nobody")


def test_a_text_without_sound_is_an_error(rhvoice_paths: RhvoicePaths) -> None:
    with pytest.raises(SpeechError, match="made no sound"):
        _speak_all(RhvoiceEngine(rhvoice_paths), " ")


def test_a_library_that_is_none_is_told_with_advice(
    rhvoice_paths: RhvoicePaths, tmp_path: Path
) -> None:
    broken = tmp_path / "libRHVoice.so.5"
    broken.write_bytes(b"not a library")

    with pytest.raises(SpeechError, match="make setup-speech"):
        _speak_all(RhvoiceEngine(replace(rhvoice_paths, library=broken)), "да")


def test_a_worker_that_died_is_told_and_replaced(rhvoice_paths: RhvoicePaths) -> None:
    engine = RhvoiceEngine(rhvoice_paths)

    async def speak() -> Speech:
        try:
            await engine.synthesize("да", speaker="irina", rate=1.0)
            assert engine._worker is not None
            engine._worker.kill()
            await engine._worker.wait()
            with pytest.raises(SpeechError, match="died"):
                await engine.synthesize("да", speaker="irina", rate=1.0)
            return await engine.synthesize("да", speaker="irina", rate=1.0)
        finally:
            await engine.aclose()

    assert asyncio.run(speak()).samples


def test_a_worker_that_hangs_is_told_and_ended(rhvoice_paths: RhvoicePaths) -> None:
    engine = RhvoiceEngine(rhvoice_paths, patience=timedelta(seconds=6))

    async def speak() -> None:
        await engine.synthesize("да", speaker="irina", rate=1.0)
        assert engine._worker is not None
        worker = engine._worker
        worker.send_signal(signal.SIGSTOP)
        with pytest.raises(SpeechError, match="still busy with 'нет'"):
            await engine.synthesize("нет", speaker="irina", rate=1.0)
        assert worker.returncode == -signal.SIGKILL

    asyncio.run(speak())


def test_closing_in_the_middle_of_a_long_text_does_not_hang(rhvoice_paths: RhvoicePaths) -> None:
    """What Ctrl-C does: the text is cancelled while more is unread than a pipe's buffer takes."""
    engine = RhvoiceEngine(rhvoice_paths)
    long_text = "Благодарим за ожидание, вы не потеряли своё место в очереди. " * 4

    async def speak() -> None:
        await engine.synthesize("да", speaker="irina", rate=1.0)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await engine.synthesize(long_text, speaker="irina", rate=1.0)
        async with asyncio.timeout(60):
            await engine.aclose()

    asyncio.run(speak())


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (None, "found nothing"),
        ("{", "not valid JSON"),
        ("[]", "no JSON object"),
        ("{}", "names no 'library'"),
        (json.dumps({"library": "nowhere.so"}), "there is nothing"),
    ],
)
def test_a_missing_rhvoice_is_told_with_what_to_run(
    tmp_path: Path, content: str | None, found: str
) -> None:
    if content is not None:
        (tmp_path / "speech").mkdir()
        (tmp_path / "speech" / "paths.json").write_text(content, encoding="utf-8")

    with pytest.raises(EngineMissingError, match=found) as caught:
        installed_engine(EngineName.RHVOICE, runtime=tmp_path)
    assert "make setup-speech" in str(caught.value)


def test_rhvoice_is_looked_for_beside_the_program_and_not_where_somebody_stands() -> None:
    """Services of systemd stand in the state folder, programs of the image in /etc/ekc."""
    assert INSTALLED.is_absolute()
    assert INSTALLED == RUNTIME


def test_a_missing_espeak_is_told_with_what_to_install() -> None:
    with pytest.raises(EngineMissingError, match="Install Debian's package espeak-ng"):
        asyncio.run(EspeakEngine("no-such-espeak").synthesize("да", speaker="ru", rate=1.0))


ESPEAK_STAND_IN = """\
#!/bin/sh
# Takes espeak-ng's place: notes what it was asked, copies a ready file to where -w says.
cat > "{folder}/text"
echo "$@" > "{folder}/arguments"
[ "$2" = nobody ] && {{ echo 'The specified espeak-ng voice does not exist.' >&2; exit 1; }}
cp "{folder}/ready.wav" "$6"
"""


@pytest.fixture
def espeak(tmp_path: Path) -> EspeakEngine:
    """Stand-in for the program; the real one is no part of the embedded runtime."""
    with wave.open(str(tmp_path / "ready.wav"), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(22_050)
        writer.writeframes(b"\x01\x00" * 100)
    program = tmp_path / "espeak-ng"
    program.write_text(ESPEAK_STAND_IN.format(folder=tmp_path))
    program.chmod(0o755)
    return EspeakEngine(str(program))


def test_espeak_is_given_voice_pace_and_text(espeak: EspeakEngine, tmp_path: Path) -> None:
    speech = asyncio.run(espeak.synthesize("добрый вечер", speaker="ru", rate=0.9))

    assert speech == Speech(samples=b"\x01\x00" * 100, sample_rate_hz=22_050)
    assert (tmp_path / "text").read_text(encoding="utf-8") == "добрый вечер"
    assert (tmp_path / "arguments").read_text().startswith("-v ru -s 144 -w ")


def test_a_complaint_of_espeak_is_passed_on(espeak: EspeakEngine) -> None:
    with pytest.raises(SpeechError, match="voice does not exist"):
        asyncio.run(espeak.synthesize("да", speaker="nobody", rate=1.0))
