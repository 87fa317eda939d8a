"""
espeak-ng: the emergency engine. Robotic, but one small package and 300 times faster than speech.

A voice of the manifest with `engine: espeak` uses the `espeak-ng` program found on the PATH.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import wave
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from typing import Final

from ekc_telephony.adapters.speech.engine import EngineMissingError, Speech, SpeechError

WORDS_PER_MINUTE: Final = 160
"""The pace that `rate` 1.0 stands for; espeak-ng's own default, 175, is hard to follow by phone."""


class EspeakEngine:
    """`TtsEngine` over the espeak-ng program, one run per text."""

    def __init__(self, program: str = "espeak-ng") -> None:
        """Name the program, by its name on the PATH or by its whole path."""
        self._program = program

    async def synthesize(self, text: str, *, speaker: str, rate: float) -> Speech:
        """
        Speak a text.

        Raises:
            EngineMissingError: There is no espeak-ng on this machine.
            SpeechError: espeak-ng refused the text or the speaker.
        """
        program = shutil.which(self._program)
        if program is None:
            message = (
                f"The program {self._program} was not found. Install Debian's package espeak-ng,"
                " or name a voice with `engine: rhvoice` and run `make setup-speech`."
            )
            raise EngineMissingError(message)
        pace = str(round(WORDS_PER_MINUTE * rate))
        with tempfile.TemporaryDirectory() as folder:
            # To a file and not to a pipe: into a pipe it writes a header with a false length.
            file = Path(folder, "speech.wav")
            await _run(program, "-v", speaker, "-s", pace, "-w", str(file), "--stdin", text=text)
            return _read_wav(file)

    async def aclose(self) -> None:
        """Nothing is kept open."""


async def _run(program: str, *arguments: str, text: str) -> None:
    process = await asyncio.create_subprocess_exec(
        program, *arguments, stdin=PIPE, stdout=DEVNULL, stderr=PIPE
    )
    _, complaint = await process.communicate(text.encode())
    if process.returncode != 0:
        message = f"{program} could not speak {text!r}: {complaint.decode(errors='replace')}"
        raise SpeechError(message)


def _read_wav(file: Path) -> Speech:
    with wave.open(str(file), "rb") as reader:
        samples = reader.readframes(reader.getnframes())
        return Speech(samples=samples, sample_rate_hz=reader.getframerate())
