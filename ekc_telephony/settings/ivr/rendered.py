"""
What has to be rendered before a script may be heard: its texts, and the pieces of its values.

Rule 1: what `prompts_of` can ask for on any way through the script is either a prompt that the
script names, or is wanted here, in every language of the script that has words for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from ekc_telephony.adapters.speech.site import Shelves, WantedPrompt, wanted_pieces
from ekc_telephony.core.ivr.spoken import forms_in, pieces_of
from ekc_telephony.core.ivr.utterance import Insert
from ekc_telephony.core.ivr.ways import utterances_of
from ekc_telephony.core.kernel.ids import NodeId, PromptKey
from ekc_telephony.settings.ivr.load import LoadedScript
from ekc_telephony.settings.models import Settings


def shelves_of(settings: Settings) -> Shelves:
    """Return where the prompts of a site are."""
    return Shelves(
        shipped=settings.sounds,
        rendered=settings.rendered_sounds,
        studio=settings.studio_sounds,
    )


def wanted_by(loaded: LoadedScript) -> tuple[WantedPrompt, ...]:
    """Return the prompts that a script needs on the site, with the places that need them."""
    wanted: dict[tuple[str, PromptKey], WantedPrompt] = {}
    for node_id, node in loaded.script.nodes.items():
        place = _place_of(loaded, node_id)
        for utterance in utterances_of(node):
            for part in utterance:
                for each in _wanted(loaded, part, place):
                    wanted.setdefault((each.language, each.key), each)
    return tuple(wanted.values())


def _wanted(loaded: LoadedScript, part: PromptKey | Insert, place: str) -> Iterator[WantedPrompt]:
    for language in loaded.script.languages:
        if isinstance(part, Insert):
            if part.form in forms_in(language):
                pieces = pieces_of(part.form, part.wording, language=language)
                yield from wanted_pieces(pieces, place=place, language=language)
        elif (text := loaded.texts.get(part, {}).get(language)) is not None:
            yield WantedPrompt(key=part, text=text, language=language, place=place)


def _place_of(loaded: LoadedScript, node: NodeId) -> str:
    place = loaded.places[node]
    at = place.document.position(place.location)
    return f"{place.document.file}:{at.line}:{at.column}"
