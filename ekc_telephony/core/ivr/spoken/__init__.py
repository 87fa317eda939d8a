"""
Numbers, dates, times and money as a caller hears them: a value becomes a sequence of prompts.

Speech glued from single words sounds like a station loudspeaker, so a sequence is as short as it
can be, and whatever agrees with something else lies inside one prompt: the Russian noun agrees
with the last words of its number only ("сто" + "двадцать одна минута"), which are one phrase.
That is why gluing never breaks the grammar.

- `russian`: the words, as text; it knows nothing of prompts.
- `english`: what the same pieces say to callers who have chosen English.
- `pieces`: the prompts that are glued, each with its text: a *piece*.
- `forms`: a value in one of the forms a script can name → its pieces.
- `waiting`: what the engine itself says to those who wait; these few pieces are recordings that
  come with us. All others are rendered on the site, ahead of the first call that needs them.

Rule 1: every key that can be asked for is enumerable (`every_spoken_key`, `pieces_of`), so that a
check can prove beforehand that no prompt is missing.
Rule 2: a value of the right type is always said. What no words are kept for (a number beyond
`LARGEST_NUMBER`, a phone of an unheard-of length) is said digit by digit.
"""

from ekc_telephony.core.ivr.spoken.english import ENGLISH
from ekc_telephony.core.ivr.spoken.forms import (
    LARGEST_NUMBER,
    PLAIN,
    Form,
    Value,
    Wording,
    every_spoken_key,
    has_words,
    pieces_of,
    speak,
    without_values,
)
from ekc_telephony.core.ivr.spoken.pieces import PAUSE, Noun
from ekc_telephony.core.ivr.spoken.russian import Agreement, Case, Gender, agreement_of, plural
from ekc_telephony.core.ivr.spoken.waiting import (
    LARGEST_SPOKEN,
    LARGEST_WHOLE_PHRASE,
    WaitRange,
    every_waiting_key,
    spoken_key,
    spoken_minutes,
    spoken_position,
    spoken_wait,
)

__all__ = [
    "ENGLISH",
    "LARGEST_NUMBER",
    "LARGEST_SPOKEN",
    "LARGEST_WHOLE_PHRASE",
    "PAUSE",
    "PLAIN",
    "Agreement",
    "Case",
    "Form",
    "Gender",
    "Noun",
    "Value",
    "WaitRange",
    "Wording",
    "agreement_of",
    "every_spoken_key",
    "every_waiting_key",
    "has_words",
    "pieces_of",
    "plural",
    "speak",
    "spoken_key",
    "spoken_minutes",
    "spoken_position",
    "spoken_wait",
    "without_values",
]
