"""
RHVoice: the default engine, natural enough for a voice menu, about 60 times faster than speech.

The library itself runs in a worker process, started at the first text and kept until `aclose`.
The protocol is told in `rhvoice_worker`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ekc_telephony.adapters.speech.engine import Speech, SpeechError

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from asyncio.subprocess import Process

    from ekc_telephony.adapters.speech.paths import RhvoicePaths

PATIENCE: Final = timedelta(seconds=30)
"""How long one text may take; a sentence needs 0.1-0.2 s on a slow core."""

_WORKER: Final = "ekc_telephony.adapters.speech.rhvoice_worker"


class RhvoiceEngine:
    """`TtsEngine` over RHVoice in a worker process."""

    def __init__(self, paths: RhvoicePaths, *, patience: timedelta = PATIENCE) -> None:
        """Remember where RHVoice is; nothing is started yet."""
        self._paths = paths
        self._patience = patience
        self._worker: Process | None = None

    async def synthesize(self, text: str, *, speaker: str, rate: float) -> Speech:
        """
        Speak a text.

        Raises:
            SpeechError: RHVoice refused the text or the speaker, died, or lost our patience.
        """
        requests, replies = await self._streams()
        line = json.dumps({"text": text, "speaker": speaker, "rate": rate}).encode() + b"\n"
        try:
            async with asyncio.timeout(self._patience.total_seconds()):
                requests.write(line)
                await requests.drain()
                return await _read_reply(replies)
        except TimeoutError as error:
            # A late reply would be taken for the answer to the next text.
            await self._kill()
            message = f"RHVoice was still busy with {text!r} after {self._patience}"
            raise SpeechError(message) from error
        except (OSError, EOFError) as error:
            await self._kill()
            message = f"RHVoice's process died while speaking {text!r}. Its last words are above."
            raise SpeechError(message) from error

    async def aclose(self) -> None:
        """End the worker process by closing its input, and wait for it."""
        worker, self._worker = self._worker, None
        if worker is not None and worker.stdin is not None:
            worker.stdin.close()
            await _drain_and_wait(worker)

    async def _kill(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            if worker.returncode is None:
                worker.kill()
            await _drain_and_wait(worker)

    async def _streams(self) -> tuple[StreamWriter, StreamReader]:
        if self._worker is None:
            paths = self._paths
            places = (paths.library, paths.voices, paths.config, *paths.preload)
            self._worker = await asyncio.create_subprocess_exec(
                sys.executable, "-m", _WORKER, *map(str, places), stdin=PIPE, stdout=PIPE
            )
        if self._worker.stdin is None or self._worker.stdout is None:
            message = "RHVoice's process was started without pipes"
            raise SpeechError(message)
        return self._worker.stdin, self._worker.stdout


async def _drain_and_wait(worker: Process) -> None:
    # asyncio's `wait` returns only after every pipe is at its end, and a pipe with more unread
    # samples than its buffer takes (an interrupted text) never gets there by itself.
    await worker.communicate()


async def _read_reply(replies: StreamReader) -> Speech:
    line = await replies.readline()
    if not line:
        raise EOFError
    head = json.loads(line)
    if "error" in head:
        raise SpeechError(head["error"])
    samples = await replies.readexactly(head["bytes"])
    return Speech(samples=samples, sample_rate_hz=head["sample_rate_hz"])
