"""
What has to be rendered before a script may be heard: its texts, and the pieces of its values.

Rule 1: what `prompts_of` can ask for on any way through the script is either a prompt that the
script names, or is wanted here, in every language of the script that has words for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from ekc_telephony.adapters.speech.site import WantedPrompt, wanted_pieces
from ekc_telephony.core.ivr.spoken import has_words, pieces_of
from ekc_telephony.core.ivr.utterance import Insert, Utterance
from ekc_telephony.core.ivr.ways import utterances_of
from ekc_telephony.core.kernel.ids import NodeId, PromptKey
from ekc_telephony.settings.ivr.load import LoadedScript


def wanted_by(loaded: LoadedScript) -> tuple[WantedPrompt, ...]:
    """Return the prompts that a script needs on the site, with the places that need them."""
    wanted: dict[tuple[str, PromptKey], WantedPrompt] = {}
    for node_id, node in loaded.script.nodes.items():
        place = _place_of(loaded, node_id)
        for utterance in utterances_of(node):
            for language in _languages_of(utterance, loaded):
                for part in utterance:
                    for each in _wanted(loaded, part, language, place):
                        wanted.setdefault((language, each.key), each)
    return tuple(wanted.values())


def _languages_of(utterance: Utterance, loaded: LoadedScript) -> Iterator[str]:
    """Yield the languages that words are there for; the others hear all of it in Russian."""
    prompts = (part for part in utterance if not isinstance(part, Insert))
    texts = [loaded.texts[prompt] for prompt in prompts if prompt in loaded.texts]
    for language in loaded.script.languages:
        if not texts or any(language in text for text in texts):
            yield language


def _wanted(
    loaded: LoadedScript, part: PromptKey | Insert, language: str, place: str
) -> Iterator[WantedPrompt]:
    if isinstance(part, Insert):
        if has_words(part.form, part.wording, language=language):
            pieces = pieces_of(part.form, part.wording, language=language)
            yield from wanted_pieces(pieces, place=place, language=language)
    elif (text := loaded.texts.get(part, {}).get(language)) is not None:
        yield WantedPrompt(key=part, text=text, language=language, place=place)


def _place_of(loaded: LoadedScript, node: NodeId) -> str:
    place = loaded.places[node]
    at = place.document.position(place.location)
    return f"{place.document.file}:{at.line}:{at.column}"
