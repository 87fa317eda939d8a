"""What a script needs is known before it is heard, with the place that needs it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.adapters.speech.site import WantedPrompt
from ekc_telephony.core.ivr.script import Play
from ekc_telephony.core.ivr.texts import is_text_key, text_key
from ekc_telephony.core.ivr.utterance import prompts_of
from ekc_telephony.core.ivr.values import Value
from ekc_telephony.core.ivr.ways import utterances_of
from ekc_telephony.core.kernel.ids import NodeId, PromptKey
from ekc_telephony.settings.document import read_document
from ekc_telephony.settings.ivr.load import LoadedScript, load
from ekc_telephony.settings.ivr.rendered import wanted_by
from ekc_telephony.settings.ivr.site import KnownNames

SCRIPT = """\
entry: status
languages: [ru, en]
variables:
  case: {kind: text}
  sum: {kind: money}
  day: {kind: date}
  days: {kind: number}
nodes:
  status:
    kind: say
    text:
      ru: Ваше дело {{ case | digits }} рассмотрено. Выплата {{ sum | money }}.
      en: Your case {{ case | digits }} is decided. You get {{ sum | money }}.
    next: left
  left:
    kind: say
    text:
      ru: Осталось {{ days | count('день', 'дня', 'дней') }}.
      en: It will take {{ days | count('day', 'days') }}.
    next: when
  when:
    kind: play
    prompts:
      - greeting
      - text: Деньги придут {{ day | date(case='genitive') }}, через {{ days | count('день', 'дня', 'дней') }}.
    next: bye
  bye: {kind: goodbye, prompts: [{text: Спасибо!}], outcome: self_served}
"""  # noqa: E501 - a text is one line


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> LoadedScript:
    file = tmp_path_factory.mktemp("scripts") / "status.yaml"
    file.write_text(SCRIPT, encoding="utf-8")
    known = KnownNames(
        queues=frozenset(),
        skills=frozenset(),
        schedules=frozenset(),
        prompts=frozenset({"greeting"}),
        services={"cases": timedelta(seconds=3)},
    )
    return load(read_document(file), known=known)


def wanted_in(loaded: LoadedScript, language: str) -> dict[str, WantedPrompt]:
    return {each.key: each for each in wanted_by(loaded) if each.language == language}


def test_a_text_is_wanted_in_each_of_its_languages_with_its_place(loaded: LoadedScript) -> None:
    both = text_key({"ru": "Ваше дело", "en": "Your case"})
    russian, english = wanted_in(loaded, "ru"), wanted_in(loaded, "en")

    assert (russian[both].text, english[both].text) == ("Ваше дело", "Your case")
    assert russian[both].place.endswith("status.yaml:10:5")
    only_russian = text_key({"ru": "Спасибо!"})
    assert only_russian in russian
    assert only_russian not in english


def test_values_bring_their_pieces_and_named_prompts_bring_nothing(loaded: LoadedScript) -> None:
    russian, english = wanted_in(loaded, "ru"), wanted_in(loaded, "en")

    assert {"key-7", "pause", "roubles-21", "kopecks-2", "day-of-22", "month-11"} <= russian.keys()
    assert any(key.startswith("count-") for key in russian)
    assert "greeting" not in russian
    assert (russian["roubles-1"].text, english["roubles-1"].text) == ("один рубль", "one rouble")


def test_what_is_counted_has_pieces_in_the_languages_that_tell_it(loaded: LoadedScript) -> None:
    russian, english = wanted_in(loaded, "ru"), wanted_in(loaded, "en")
    counted = {key: each.text for key, each in english.items() if key.startswith("count-")}

    assert {"one day", "one days", "two days", "days"} <= set(counted.values())
    assert {russian[key].text for key, text in counted.items() if text == "two days"} == {"два дня"}
    # The other one stands in a text that is Russian only.
    assert [each.text for each in russian.values()].count("два дня") == 2


def test_a_language_that_a_text_lacks_needs_no_pieces_for_it(loaded: LoadedScript) -> None:
    """The date stands in a text that is Russian only; who has chosen English hears it so."""
    assert "month-11" in wanted_in(loaded, "ru")
    assert "month-11" not in wanted_in(loaded, "en")


VALUES = st.fixed_dictionaries(
    {},
    optional={
        "case": st.text(max_size=20),
        "sum": st.integers(-(10**15), 10**15),
        "day": st.dates(),
        "days": st.integers(-(10**15), 10**15),
    },
)


@given(known=VALUES)
def test_whatever_a_caller_s_values_are_every_prompt_of_them_is_wanted(
    loaded: LoadedScript, known: dict[str, Value]
) -> None:
    """Rule 1 of the module: this is why nobody meets silence."""
    wanted = {each.key for each in wanted_by(loaded)} | {PromptKey("greeting")}
    nodes = loaded.script.nodes.values()
    heard = {
        prompt
        for node in nodes
        for utterance in utterances_of(node)
        for prompt in prompts_of(utterance, known)
    }

    assert heard <= wanted
    assert {key for key in wanted if is_text_key(key)} <= heard


def test_every_word_of_a_node_is_looked_through(loaded: LoadedScript) -> None:
    play = loaded.script.nodes[NodeId("when")]
    assert isinstance(play, Play)

    assert list(utterances_of(play)) == [play.prompts]
