"""
The process in which RHVoice runs: `python -m ekc_telephony.adapters.speech.rhvoice_worker`.

Its arguments are the paths of library, voices and config, then the libraries to load first. Until
its standard input ends: one JSON line in (`text`, `speaker`, `rate`), one JSON line out, either
`{"error": …}` or `{"sample_rate_hz": …, "bytes": …}` followed by that many bytes of samples.

Rule 1: only replies are written to the channel of replies. Whatever the library prints goes to
standard error, since a stray line would be taken for samples.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from ekc_telephony.adapters.speech.engine import SpeechError
from ekc_telephony.adapters.speech.paths import RhvoicePaths
from ekc_telephony.adapters.speech.rhvoice_library import RhvoiceLibrary


def main() -> None:
    """Serve requests until standard input ends."""
    # Ctrl-C reaches the whole terminal; our parent then closes our input, and that is our end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    library, voices, config, *preload = (Path(argument) for argument in sys.argv[1:])
    paths = RhvoicePaths(library=library, voices=voices, config=config, preload=tuple(preload))
    with _take_standard_output() as replies:
        try:
            engine = RhvoiceLibrary(paths)
        except SpeechError as error:
            _reply(replies, {"error": str(error)})
            return
        for line in sys.stdin.buffer:
            _answer(engine, request=json.loads(line), replies=replies)


def _answer(engine: RhvoiceLibrary, *, request: Mapping[str, object], replies: BinaryIO) -> None:
    try:
        speech = engine.speak(
            str(request["text"]),
            speaker=str(request["speaker"]),
            rate=float(str(request["rate"])),
        )
    except SpeechError as error:
        _reply(replies, {"error": str(error)})
    else:
        head = {"sample_rate_hz": speech.sample_rate_hz, "bytes": len(speech.samples)}
        _reply(replies, head, tail=speech.samples)


def _reply(replies: BinaryIO, head: Mapping[str, object], *, tail: bytes = b"") -> None:
    replies.write(json.dumps(head).encode() + b"\n" + tail)
    replies.flush()


def _take_standard_output() -> BinaryIO:
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return replies


if __name__ == "__main__":
    main()
