"""
What scripts say besides the shipped prompts, spoken by RHVoice once for this clone.

    speak_texts(settings, scripts_on_disk(settings))    # the node has every sound it needs
    saying("Чтобы узнать", scripts)                     # the key of a text, by how it begins

Rule 1: a text's key is a checksum of it, so what was spoken once is good for every node of the lab.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from ekc_telephony.bootstrap.texts import Tell, render_missing, tell_nobody
from ekc_telephony.core.kernel.ids import PromptKey
from ekc_telephony.settings.ivr.load import LoadedScript
from ekc_telephony.settings.ivr.rendered import wanted_by
from ekc_telephony.settings.models import Settings
from lab.runtime import PROJECT

VOICES: Final = PROJECT / ".runtime" / "voices"
"""What was spoken for nodes of this clone before."""


def speak_texts(
    settings: Settings, scripts: Iterable[LoadedScript], *, tell: Tell = tell_nobody
) -> None:
    """
    Put what scripts say besides the shipped prompts on the site's shelf.

    Args:
        settings: The node, rendered.
        scripts: Its scripts, with all that they call.
        tell: Told of every prompt that had to be spoken.

    Raises:
        SpeechError: There is no engine, or it refuses a text.
    """
    shelf = settings.rendered_sounds
    wanted = [prompt for each in scripts for prompt in wanted_by(each)]
    with _one_at_a_time():
        if VOICES.is_dir():
            shutil.copytree(VOICES, shelf, dirs_exist_ok=True)
        if render_missing(settings, wanted, runtime=PROJECT / ".runtime", tell=tell):
            shutil.copytree(shelf, VOICES, dirs_exist_ok=True)


def saying(beginning: str, scripts: Iterable[LoadedScript]) -> PromptKey:
    """
    Return the prompt of scripts whose text begins so.

    Raises:
        ValueError: There is none, or more than one.
    """
    texts = {key: said["ru"] for each in scripts for key, said in each.texts.items()}
    found = [key for key, said in texts.items() if said.startswith(beginning)]
    if len(found) != 1:
        raise ValueError(f"found {len(found)} texts that begin with «{beginning}»; expected one")
    return found[0]


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Let no other process speak meanwhile: it would do the same, or find half a voice."""
    with VOICES.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
