"""Whatever stands in a script's file: it becomes a script, or its mistakes are told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.settings.errors import Mistake, SettingsError
from ekc_telephony.settings.ivr.load import load_bundle
from tests.adapters.settings.ivr_files import KNOWN

KINDS: Final = (
    "play", "say", "menu", "collect", "hours", "branch", "set", "lookup", "identify", "enqueue",
    "callback", "message", "transfer", "rate", "survey", "language", "number", "limit", "call",
    "return", "goodbye", "menue",
)  # fmt: skip
NAMES: Final = ("a", "b", "c", "d.e", "", "больше", "x" * 41)
KEYS: Final = (
    "prompts", "text", "keys", "into", "format", "timeout", "retries", "invalid_prompts",
    "timeout_prompts", "next", "exhausted", "otherwise", "cases", "values", "service", "fields",
    "not_found", "fallback", "by", "attempts", "identified", "queue", "after", "skills", "number",
    "name", "questions", "language", "known", "unknown", "times", "script", "outcome", "schedule",
    "open", "closed", "min_length", "max_length", "least", "most", "side", "without_number", "way",
    "ways",
)  # fmt: skip

_TEXTS: Final = st.sampled_from(
    [
        "a", "b", "greeting", "first_line", "federal", "cases", "112", "5s", "snils", "number",
        "number > 1", "{{ number | number }}", "Дело {{ who | digits }}.", "{{", "{% if a %}",
        "{{ number | count('день', 'дня', 'дней') }}", "{{ number | count(number) }}", "10:30",
        "{{ 99999999999999999999 | number }}", "{{ day | date(case='genitive') }}", "self_served",
        "past", "ru", "tt", "script", "rating", "number is defined", "5 in [number]", "-", "*", "0",
        "number // 0", "number % number", "who | upper in 'A'", "{{ number // number | number }}",
        "{{ number | count('day', 'days') }}", "{{ number | number(gender='feminine', case=1) }}",
        "{{ number | count('дня', 'дней', 'дней', case='genitive') }}",
    ]
)  # fmt: skip
_JUNK: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXTS | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from((*KEYS, *NAMES, "when", "text", "ru", "1", "*")), inner)
    ),
    max_leaves=6,
)
_NODE: Final = st.builds(
    lambda kind, rest: {"kind": kind, **rest},
    st.sampled_from(KINDS),
    st.dictionaries(st.sampled_from(KEYS), _JUNK, max_size=9),
)
_VARIABLE: Final = st.fixed_dictionaries(
    {"kind": st.sampled_from(["text", "number", "flag", "date", "time", "money", "word"])},
    optional={"initial": _JUNK, "personal": st.booleans() | _JUNK},
)
FILES: Final = st.fixed_dictionaries(
    {},
    optional={
        "entry": st.sampled_from(NAMES) | _JUNK,
        "nodes": st.dictionaries(st.sampled_from(NAMES), _NODE | _JUNK, max_size=4) | _JUNK,
        "variables": st.dictionaries(st.sampled_from(["number", "who", "day", "x.y"]), _VARIABLE)
        | _JUNK,
        "languages": st.lists(_TEXTS, max_size=2) | _JUNK,
        "time_zone": st.sampled_from(["Asia/Omsk", "Europe/Nowhere", "../x", ""]) | _JUNK,
        "max_time_to_human": _JUNK,
        "max_keys_to_human": _JUNK,
        "x": _JUNK,
    },
)


def read(text: str) -> None:
    """Read a script; its mistakes are sentences with a place."""
    found: Sequence[Mistake] | None = None
    try:
        load_bundle(Path("script.yaml"), text, known=KNOWN)
    except SettingsError as error:
        found = error.mistakes
    assert found is None or found
    assert all(each.found and each.expected and each.advice for each in found or ())


@given(FILES)
def test_whatever_is_written_its_mistakes_are_told(written: dict[str, object]) -> None:
    read(json.dumps(written, ensure_ascii=False))


@given(st.text(max_size=60))
def test_whatever_text_it_is(text: str) -> None:
    read(text)
    read(f"entry: a\nnodes:\n  a: {text}\n")


@given(st.text("{}%|()'\"[]a1.+-_ \\\n=<>", max_size=30))
def test_whatever_stands_in_a_text_and_in_a_condition(text: str) -> None:
    written = json.dumps(text)
    read(f"entry: a\nnodes:\n  a: {{kind: say, next: a, text: {written}}}\n")
    read(
        f"entry: a\nvariables: {{a: {{kind: flag}}}}\nnodes:\n"
        f"  a: {{kind: branch, otherwise: b, cases: [{{when: {written}, next: b}}]}}\n"
        "  b: {kind: goodbye, prompts: [], outcome: self_served}\n"
    )
