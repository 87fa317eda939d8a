"""
What is heard in a rehearsed call, for ears: one WAV file, or the sound card of this machine.

Rule 1: what nobody has rendered yet is rendered on the site's shelf when it is to be heard.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from ekc_telephony.adapters.speech.call_sound import Passage, Piece, write_call
from ekc_telephony.adapters.speech.site import WantedPrompt
from ekc_telephony.bootstrap.texts import speak_missing
from ekc_telephony.core.engine.course import TONE
from ekc_telephony.core.ivr.rehearsal import Rehearsal
from ekc_telephony.core.ivr.rehearsal_log import Ended, EndKind, Heard, Silenced, Step
from ekc_telephony.core.kernel.ids import PromptKey
from ekc_telephony.settings.ivr.load import LoadedScript
from ekc_telephony.settings.models import Settings
from ekc_telephony.settings.rehearsing.phrasebook import Phrasebook

_PLAYERS: Final = (
    ("aplay", "-q"),
    ("paplay",),
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "error"),
    ("play", "-q"),
)
"""Programs that play a WAV file: ALSA, PulseAudio, FFmpeg, SoX."""
_OBEYS_WITHIN_S: Final = 2.0
"""A player that is told to end and does not, waits for a sound card that is stuck."""


class Voice:
    """
    Renders what a script says and nobody has rendered yet.

    Args:
        settings: Where the prompts are.
        phrasebook: What they say.
        runtime: Where `make setup-speech` put the engines.
    """

    def __init__(self, settings: Settings, phrasebook: Phrasebook, *, runtime: Path) -> None:
        self._settings = settings
        self._phrasebook = phrasebook
        self._runtime = runtime

    def speak_texts(self, loaded: LoadedScript) -> None:
        """
        Render all texts of a script.

        Raises:
            SpeechError: There is no engine, or it refuses a text.
            OSError: A file cannot be written.
        """
        wanted = (
            self._phrasebook.wanted(key, language)
            for key, said in loaded.texts.items()
            for language in said
        )
        self._speak(each for each in wanted if each is not None)

    def speak_heard(self, log: Iterable[Step]) -> None:
        """
        Render all that was heard in a call.

        Raises:
            SpeechError: There is no engine, or it refuses a text.
            OSError: A file cannot be written.
        """
        heard = [step for step in log if isinstance(step, Heard)]
        wanted = (self._missing(key, s.language) for s in heard for key in s.prompts)
        self._speak(each for each in wanted if each is not None)

    def length(self, key: PromptKey, language: str) -> timedelta:
        """
        Return how long a prompt lasts, which is rendered first if it must be.

        Raises:
            SpeechError: There is no engine, or it refuses a text.
            OSError: A file cannot be written.
        """
        if (wanted := self._missing(key, language)) is not None:
            self._speak([wanted])
        return self._phrasebook.length(key, language)

    def _missing(self, key: PromptKey, language: str) -> WantedPrompt | None:
        if self._phrasebook.file(key, language) is not None:
            return None
        return self._phrasebook.wanted(key, language) or self._phrasebook.wanted(key)

    def _speak(self, wanted: Iterable[WantedPrompt]) -> None:
        speak_missing(self._settings, wanted, runtime=self._runtime)


def write_heard(file: Path, call: Rehearsal, phrasebook: Phrasebook) -> timedelta:
    """
    Write what the caller hears from ring to goodbye; return how long that is.

    Raises:
        OSError: It cannot be written.
    """
    began_at = call.log[0].at if call.log else call.now
    length = call.now - began_at
    write_call(file, _passages(call.log, phrasebook, since=began_at), length=length)
    return length


def _passages(log: Sequence[Step], phrasebook: Phrasebook, *, since: datetime) -> Iterator[Passage]:
    for number, step in enumerate(log):
        match step:
            case Heard(prompts=prompts, language=language):
                cut = next((s for s in log[number + 1 :] if isinstance(s, Silenced | Heard)), None)
                yield Passage(
                    begins=step.at - since,
                    ends=cut.at - since if isinstance(cut, Silenced) else None,
                    pieces=[_piece(key, language, phrasebook) for key in prompts],
                )
            case Ended(kind=EndKind.MESSAGE):
                tone = _piece(TONE, "", phrasebook)
                yield Passage(begins=step.at - since, ends=None, pieces=[tone])
            case _:
                pass


def _piece(key: PromptKey, language: str, phrasebook: Phrasebook) -> Piece:
    file, length = phrasebook.file(key, language), phrasebook.length(key, language)
    return Piece(file=file, length=length)


def find_player() -> tuple[str, ...] | None:
    """Return a program of this machine that plays WAV files; None without one."""
    return next((each for each in _PLAYERS if shutil.which(each[0])), None)


class Loudspeaker:
    """
    Plays what is heard, one passage after another; the next one cuts the last one short.

    Args:
        player: The program, as `find_player` returns it.
        phrasebook: Which files prompts are.

    Attributes:
        trouble: Why something was not heard, in words; None when the player never complained.
    """

    def __init__(self, player: tuple[str, ...], phrasebook: Phrasebook) -> None:
        self._player = player
        self._phrasebook = phrasebook
        self._folder = tempfile.TemporaryDirectory(prefix="ekc-rehearsal-")
        self._playing: subprocess.Popen[bytes] | None = None
        self.trouble: str | None = None

    def play(self, heard: Sequence[Step]) -> None:
        """
        Begin to play steps of a call, from the first on.

        Raises:
            OSError: The player does not start.
        """
        self.hush()
        passages = list(_passages(heard, self._phrasebook, since=heard[0].at)) if heard else []
        if not passages:
            return
        file = Path(self._folder.name, "heard.wav")
        write_call(file, passages, length=timedelta())
        self._playing = subprocess.Popen(  # noqa: S603 one of _PLAYERS
            [*self._player, str(file)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )

    def wait(self) -> None:
        """Wait until all was played."""
        if self._playing is not None:
            self._playing.wait()
            self._note_trouble(self._playing)

    def hush(self) -> None:
        """Stop playing."""
        playing, self._playing = self._playing, None
        if playing is None:
            return
        if playing.poll() is not None:
            self._note_trouble(playing)
            return
        playing.terminate()
        try:
            playing.wait(_OBEYS_WITHIN_S)
        except subprocess.TimeoutExpired:
            playing.kill()
            playing.wait()

    def _note_trouble(self, ended: subprocess.Popen[bytes]) -> None:
        """Take note of a player that has ended by itself, if not well."""
        if ended.returncode:
            self.trouble = f"{self._player[0]} ended with {ended.returncode}"

    def close(self) -> None:
        """Stop playing, and clear up."""
        self.hush()
        self._folder.cleanup()
