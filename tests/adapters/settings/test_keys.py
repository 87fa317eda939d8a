"""What `ekc.yaml` says of the keys that lead out of a queue is taken as meant, or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekc_telephony.core.acd.specs import KeyTarget, OverflowTarget, QueueKey
from ekc_telephony.core.kernel.ids import PromptKey, QueueId
from tests.adapters.settings.test_routing import read, refused, with_pensions


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for file in ("ivr_scripts/hotline.yaml", "sounds/ru/to-first-line.wav"):
        (tmp_path / file).parent.mkdir(parents=True)
        (tmp_path / file).touch()
    return tmp_path


def test_each_key_does_what_stands_beside_it(folder: Path) -> None:
    rules = (
        "    keys:\n"
        "      1: callback\n"
        '      "2": message\n'
        "      3: {queue: first_line}\n"
        "      4: {queue: first_line, say: to-first-line}\n"
    )
    spec = read(folder, with_pensions(rules))[1]
    first_line = QueueId("first_line")
    assert spec.keys == {
        "1": QueueKey(target=KeyTarget.CALLBACK),
        "2": QueueKey(target=KeyTarget.MESSAGE),
        "3": QueueKey(target=KeyTarget.QUEUE, to_queue=first_line),
        "4": QueueKey(
            target=KeyTarget.QUEUE, to_queue=first_line, said_by=PromptKey("to-first-line")
        ),
    }
    assert spec.has_key(KeyTarget.MESSAGE)
    assert spec.offered_later == frozenset()


def test_what_an_overflow_offers_is_told_when_it_does(folder: Path) -> None:
    rules = (
        "    keys: {1: callback, 2: message}\n"
        "    overflow: [{when: waited, after: 60s, to: message}]\n"
    )
    spec = read(folder, with_pensions(rules))[1]
    assert spec.offered_later == {KeyTarget.MESSAGE}
    assert [each.target for each in spec.overflows] == [OverflowTarget.MESSAGE]


def test_keys_may_lead_in_a_circle(folder: Path) -> None:
    there = "    keys: {1: {queue: first_line}}\n"
    back = "    keys: {1: {queue: pensions}}\n"
    assert read(folder, with_pensions(there, first_line=back))


@pytest.mark.parametrize(
    ("keys", "found", "advice"),
    [
        ("{1: {queue: frist_line}}", "the unknown queue frist_line", "did you mean first_line?"),
        ("{1: {queue: pensions}}", "a key that leads from pensions to pensions", "remove the key"),
        ("{1: {queue: first_line, say: to-frist-line}}", "the unknown prompt", "to-first-line?"),
        ('{1: callback, "1": message}', "the key 1 for the second time", "rename one"),
        ("{1: callbak}", "callbak", "callback, message or {queue: <id>, say: <prompt>}"),
        ("{1: {queue: first_line, tell: x}}", "", "callback, message or {queue:"),
        ('{"#": callback}', "#", ""),
    ],
)
def test_a_key_that_cannot_be_right_is_told_with_its_place(
    folder: Path, keys: str, found: str, advice: str
) -> None:
    text = with_pensions(f"    keys: {keys}\n")
    (mistake,) = refused(folder, text)
    line = text[: text.index(f"    keys: {keys}")].count("\n") + 1
    assert f"ekc.yaml:{line}:" in mistake
    assert found in mistake
    assert advice in mistake
