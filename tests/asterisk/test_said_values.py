"""A citizen hears a script's own words and values, rendered before his call, on a real Asterisk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ekc_telephony.bootstrap.texts import render_missing
from ekc_telephony.core.ivr.texts import text_key
from ekc_telephony.settings.ivr.rendered import wanted_by
from ekc_telephony.settings.library import scripts_on_disk
from ekc_telephony.settings.load import load_settings
from lab.ports import PortBlock
from lab.runtime import PROJECT
from lab.stand import Stand, running_stand
from lab.story_site import write_story_site
from lab.waiting import happens

STATUS = "88001000031"
SCRIPT = """\
entry: status
languages: [ru, en]
variables:
  day: {kind: date, initial: 2026-11-22}
  hour: {kind: time, initial: "09:31"}
nodes:
  status:
    kind: say
    text: "Ваше заявление о назначении пособия рассмотрено. Вас ждут {{ day | date(case='genitive', year=false) }}, {{ hour | time }}."
    next: english
  english: {kind: language, language: en, next: bye}
  bye:
    kind: goodbye
    prompts: [{text: "Благодарим вас за терпение и за внимание, всего вам самого доброго."}]
    outcome: self_served
"""  # noqa: E501 - a text is one line
BEGIN = text_key({"ru": "Ваше заявление о назначении пособия рассмотрено. Вас ждут"})
BYE = text_key({"ru": "Благодарим вас за терпение и за внимание, всего вам самого доброго."})


@pytest.fixture(scope="module")
def module_stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Run a site whose script's words were rendered by RHVoice before the first call."""
    folder = tmp_path_factory.mktemp("said")

    def change(document: dict[str, Any]) -> None:
        document["numbers"].append({"did": STATUS, "script": "status"})

    config = write_story_site(folder, ports=PortBlock.find_free(), change=change)
    (folder / "scripts" / "status.yaml").write_text(SCRIPT, encoding="utf-8")
    settings = load_settings(config)
    wanted = [each for script in scripts_on_disk(settings) for each in wanted_by(script)]
    assert {each.language for each in wanted} == {"ru"}
    assert render_missing(settings, wanted, runtime=PROJECT / ".runtime") > 0
    with running_stand(config) as stand:
        yield stand


async def test_words_and_values_are_heard_in_their_order(stand: Stand) -> None:
    citizen = await stand.call(STATUS)
    await happens(citizen.line.established)

    for key in (BEGIN, "day-of-22", "month-11", "hours-9", "minutes-31"):
        await stand.hears(citizen.line, key)
    # He has chosen English, which these words do not have.
    await stand.hears(citizen.line, BYE)
    await happens(citizen.line.ended)
    assert (await stand.outcome_of(citizen.number)).value == "self_served"


async def test_a_recording_of_the_studio_is_heard_by_the_next_caller(stand: Stand) -> None:
    record_in_the_studio(stand, BEGIN, like="after-hours")

    citizen = await stand.call(STATUS)

    await stand.hears(citizen.line, "after-hours")
    await citizen.line.hang_up()


def record_in_the_studio(stand: Stand, key: str, *, like: str) -> None:
    studio: Path = stand.settings.studio_sounds / "ru"
    studio.mkdir(parents=True, exist_ok=True)
    shutil.copy(PROJECT / "sounds" / "ru" / f"{like}.wav", studio / f"{key}.wav")
