"""What a caller hears as one file: every prompt in its time, and silence between them."""

from __future__ import annotations

import wave
from datetime import timedelta
from pathlib import Path

import pytest

from ekc_telephony.adapters.speech.call_sound import Passage, Piece, write_call

SECOND = timedelta(seconds=1)
LOUD = b"\x01\x01"


def prompt(folder: Path, seconds: int, *, rate: int = 8000) -> Piece:
    """Return a prompt of so many loud seconds."""
    file = folder / f"{seconds}-{rate}.wav"
    with wave.open(str(file), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(LOUD * (seconds * rate))
    return Piece(file=file, length=seconds * SECOND)


def heard(file: Path) -> str:
    """Return what is in each second of a file: `#` something, `.` nothing."""
    with wave.open(str(file), "rb") as reader:
        assert (reader.getframerate(), reader.getnchannels(), reader.getsampwidth()) == (8000, 1, 2)
        frames = reader.readframes(reader.getnframes())
    seconds = (frames[at : at + 16_000] for at in range(0, len(frames), 16_000))
    return "".join("#" if any(each) else "." for each in seconds)


def passage(begins: int, *pieces: Piece, ends: int | None = None) -> Passage:
    return Passage(
        begins=begins * SECOND, ends=None if ends is None else ends * SECOND, pieces=pieces
    )


def test_prompts_are_heard_in_their_time_with_silence_between(tmp_path: Path) -> None:
    one, two = prompt(tmp_path, 1), prompt(tmp_path, 2)
    file = tmp_path / "call.wav"
    write_call(file, [passage(1, one, two), passage(6, one)], length=8 * SECOND)
    assert heard(file) == ".###..#."


def test_what_was_cut_short_ends_there(tmp_path: Path) -> None:
    file = tmp_path / "call.wav"
    write_call(file, [passage(0, prompt(tmp_path, 4), ends=2)], length=3 * SECOND)
    assert heard(file) == "##."


def test_a_prompt_that_outlasts_the_call_is_written_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "call.wav"
    write_call(file, [passage(1, prompt(tmp_path, 3))], length=SECOND)
    assert heard(file) == ".###"


@pytest.mark.parametrize("unusable", ["missing", "torn", "of another rate"])
def test_a_prompt_that_cannot_be_played_is_silence_of_its_length(
    tmp_path: Path, unusable: str
) -> None:
    file = tmp_path / "torn.wav"
    file.write_bytes(b"RIFF")
    piece = {
        "missing": Piece(file=None, length=2 * SECOND),
        "torn": Piece(file=file, length=2 * SECOND),
        "of another rate": prompt(tmp_path, 2, rate=16_000),
    }[unusable]
    call = tmp_path / "call.wav"
    write_call(call, [passage(0, piece, prompt(tmp_path, 1))], length=SECOND)
    assert heard(call) == "..#"
