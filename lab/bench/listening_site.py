"""
The talks of `make bench-listening`: a node, and SIPp's two roles that both send speech.

The scenarios are those of the peak, with sound: each side repeats a minute of the centre's own
prompts with pauses between them, citizens and operators different ones, so that one often speaks
while the other listens, as people do.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lab.bench.peak_plan import PeakPlan
from lab.bench.peak_sipp import FIRST_NUMBER
from lab.bench.peak_site import DIALLED, write_peak_site
from lab.bench.sipp import SCENARIOS
from lab.bench.site import CALLER_ADDRESS, Ports, SippPorts
from lab.child import running
from lab.hearing import Sound
from lab.runtime import PROJECT, Runtime

CALLS_A_SECOND: Final = 5
_SCRIPT: Final = "entry: wait\nnodes:\n  wait: {kind: enqueue, queue: first_line}\n"
_FIRST_SOUND_PORT: Final = 32000
"""Beyond every block of `lab.ports`, and below the kernel's own choice."""
_PORTS_A_CALL: Final = 4
_PAUSE: Final = timedelta(seconds=3)
"""Longer than the 2.5 s after which Asterisk tells that somebody fell silent."""
_SHORTEST: Final = timedelta(seconds=2)
"""Shorter prompts are single words."""
_MINUTE: Final = timedelta(minutes=1)
_RATE: Final = 8000
_SEGMENT_ENDS: Final = np.array([0x1F, 0x3F, 0x7F, 0xFF, 0x1FF, 0x3FF, 0x7FF])
"""Of G.711's A-law, in 13 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListeningPlan:
    """One run."""

    talks: int = 40
    rounds: int = 24
    phase: timedelta = timedelta(seconds=4)
    """How long each way is measured in a round."""
    is_recorded: bool = True

    @property
    def peak(self) -> PeakPlan:
        """The same as a peak: of two operators one is trained and takes callers at once."""
        return PeakPlan(
            rate=CALLS_A_SECOND,
            operators=2 * self.talks,
            talk=timedelta(hours=1),
            is_recorded=self.is_recorded,
        )


def write_listening_site(folder: Path, plan: ListeningPlan, *, ports: Ports) -> Path:
    """Write the installation, both scenarios and their sound; return its `ekc.yaml`."""
    scripts = folder / "scripts"
    scripts.mkdir(parents=True)
    (scripts / "hotline.yaml").write_text(_SCRIPT, encoding="utf-8")
    prompts = [Sound.read(path) for path in sorted((PROJECT / "sounds" / "ru").glob("*.wav"))]
    long = [each for each in prompts if each.rate == _RATE and each.duration > _SHORTEST]
    for role, own in (("caller", long), ("operator", long[::-1])):
        sound = folder / f"{role}.alaw"
        sound.write_bytes(_a_minute(own))
        text = (SCENARIOS / f"peak_{role}.xml").read_text(encoding="utf-8")
        (folder / f"{role}.xml").write_text(_with_sound(text, sound), encoding="utf-8")
    return write_peak_site(folder, plan.peak, ports=ports, scripts=scripts)


@contextmanager
def talks(runtime: Runtime, folder: Path, plan: ListeningPlan, *, ports: Ports) -> Iterator[None]:
    """Let all talks begin, and go on until the block is left."""
    numbers = folder / "numbers.csv"
    lines = (f"{DIALLED};{FIRST_NUMBER + number}" for number in range(plan.talks))
    numbers.write_text("\n".join(["SEQUENTIAL", *lines]) + "\n", encoding="ascii")
    lasting = str(round(plan.peak.talk.total_seconds() * 1000))
    calling: list[str | Path] = [
        *(f"127.0.0.1:{ports.sip}", "-inf", numbers, "-r", str(CALLS_A_SECOND)),
        *("-m", str(plan.talks), "-l", str(plan.talks)),
    ]
    phones, citizens = ("127.0.0.1", ports.operators), (CALLER_ADDRESS, ports.callers)
    with (
        _sipp(runtime, folder, "operator", at=phones, more=["-d", lasting], plan=plan),
        _sipp(runtime, folder, "caller", at=citizens, more=calling, plan=plan),
    ):
        yield


@contextmanager
def _sipp(
    runtime: Runtime,
    folder: Path,
    role: str,
    *,
    at: tuple[str, SippPorts],
    more: Sequence[str | Path],
    plan: ListeningPlan,
) -> Iterator[subprocess.Popen[bytes]]:
    address, ports = at
    last_port = _FIRST_SOUND_PORT + _PORTS_A_CALL * plan.talks + _PORTS_A_CALL
    own = folder / f"sipp-{role}"
    own.mkdir()
    command: list[str | Path] = [
        *(runtime.sipp, *more, "-sf", folder / f"{role}.xml"),
        *("-i", address, "-bind_local", "-p", str(ports.sip), "-mi", address),
        *("-min_rtp_port", str(_FIRST_SOUND_PORT), "-max_rtp_port", str(last_port)),
        *("-ci", "127.0.0.1", "-cp", str(ports.control), "-nostdin", "-f", "3600"),
        *("-trace_err", "-error_file", "errors.log"),
    ]
    with running(command, folder=own, log=own / "sipp.log") as process:
        yield process


def _with_sound(scenario: str, sound: Path) -> str:
    """Return the scenario in which the sound is repeated from the ACK on."""
    play = f'<nop><action><exec rtp_stream="{sound},-1,8,PCMA/8000"/></action></nop>\n'
    after_ack = '<recv request="ACK"/>\n'
    if after_ack in scenario:
        scenario = scenario.replace(after_ack, after_ack + play)
    else:
        scenario = scenario.replace('<recv request="BYE"/>', play + '<recv request="BYE"/>')
    return scenario.replace("m=audio [media_port]", "m=audio [rtpstream_audio_port]")


def _a_minute(prompts: Sequence[Sound]) -> bytes:
    pause = b"\xd5" * round(_PAUSE.total_seconds() * _RATE)
    spoken = pause.join(a_law(each.samples) for each in prompts)
    return spoken[: round(_MINUTE.total_seconds() * _RATE)]


def a_law(samples: NDArray[np.float32]) -> bytes:
    """Return 16-bit samples as G.711 A-law (ITU-T G.711, table 1a)."""
    value = samples.astype(np.int32) >> 3
    is_negative = value < 0
    value = np.where(is_negative, -value - 1, value)
    segment = np.searchsorted(_SEGMENT_ENDS, value, side="left")
    step = (value >> np.maximum(segment, 1)) & 0xF
    coded = (segment << 4 | step) ^ np.where(is_negative, 0x55, 0xD5)
    return bytes(coded.astype(np.uint8))
