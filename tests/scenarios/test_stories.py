"""Every story in this folder is played on a real engine; README.md tells how to write one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.stage import Stage, read_story

STORIES = sorted(Path(__file__).parent.glob("*.yaml"))


def test_there_are_stories() -> None:
    assert STORIES


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_the_engine_behaves_as_the_story_tells(path: Path) -> None:
    story = read_story(path)
    stage = Stage(story)
    for step in story.steps:
        stage.play(step)
