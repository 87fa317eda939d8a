"""What `ekc.yaml` says of the ways that callers go is taken as meant, or refused with its place."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from ekc_telephony.core.acd.specs import (
    Absence,
    AgentChoice,
    AgentRules,
    KeyTarget,
    Line,
    Need,
    Overflow,
    OverflowCause,
    OverflowTarget,
    QueueKey,
    QueueSpec,
)
from ekc_telephony.core.kernel.ids import QueueId, SkillId
from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.routing import acd_of, agent_rules, queue_specs

SAMPLE = (Path(__file__).parents[3] / "ekc.yaml").read_text(encoding="utf-8")
PENSIONS = SkillId("pensions")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    script = tmp_path / "ivr_scripts" / "hotline.yaml"
    script.parent.mkdir()
    script.touch()
    return tmp_path


def with_pensions(rules: str, *, first_line: str = "") -> str:
    """Return the sample with these lines in the queue «pensions», and in «first_line»."""
    text = SAMPLE.replace("    when_no_agents: inform\n", f"    when_no_agents: inform\n{rules}", 1)
    return text.replace("    when_no_agents: wait\n", f"    when_no_agents: wait\n{first_line}", 1)


def with_routing(rules: str) -> str:
    """Return the sample with these rules for all queues and operators."""
    before, after = SAMPLE.index("routing:\n"), SAMPLE.index("# admission:")
    return f"{SAMPLE[:before]}routing: {rules}\n{SAMPLE[after:]}"


def read(folder: Path, text: str) -> list[QueueSpec]:
    file = folder / "ekc.yaml"
    file.write_text(text, encoding="utf-8")
    return queue_specs(load_settings(file))


def refused(folder: Path, text: str) -> list[str]:
    with pytest.raises(SettingsError) as error:
        read(folder, text)
    return [str(mistake) for mistake in error.value.mistakes]


def test_easings_say_only_what_changes(folder: Path) -> None:
    rules = (
        "    ease:\n"
        "      - {after: 1m, skills: {pensions: 3}}\n"
        "      - {after: 2m, line: any}\n"
        "      - {after: 3m, queues: [first_line]}\n"
    )
    eased = read(folder, with_pensions(rules))[1].easings
    assert [each.after for each in eased] == [timedelta(minutes=count) for count in (1, 2, 3)]
    assert eased[0].needs == (Need(line=Line.SECOND, skills={PENSIONS: 3}),)
    assert eased[1].needs == (Need(line=None, skills={PENSIONS: 3}),)
    assert eased[2].needs == (
        *eased[1].needs,
        Need(line=Line.FIRST, skills={SkillId("general"): 1}),
    )


def test_everything_else_is_what_it_is_called(folder: Path) -> None:
    rules = (
        "    choose: least_loaded\n    priority: 2\n    spare: 30s\n    prefer_known: 15s\n"
        '    keep_place: 3m\n    keys: {"1": callback}\n    announce_wait: true\n    overflow:\n'
        "      - {when: line_too_long, length: 50, to: first_line}\n"
        "      - {when: waited, after: 5m, to: callback}\n"
    )
    spec = read(folder, with_pensions(rules))[1]
    assert (spec.choice, spec.priority) == (AgentChoice.LEAST_LOADED, 2)
    assert spec.spared_for == timedelta(seconds=30)
    assert spec.prefers_for == timedelta(seconds=15)
    assert spec.keeps_place_for == timedelta(minutes=3)
    assert spec.keys == {"1": QueueKey(target=KeyTarget.CALLBACK)}
    assert spec.announces_wait
    assert spec.overflows == (
        Overflow(
            cause=OverflowCause.LINE_TOO_LONG,
            length=50,
            target=OverflowTarget.QUEUE,
            to_queue=QueueId("first_line"),
        ),
        Overflow(
            cause=OverflowCause.WAITED, after=timedelta(minutes=5), target=OverflowTarget.CALLBACK
        ),
    )


def test_a_priority_is_worth_what_the_file_says(folder: Path) -> None:
    file = folder / "ekc.yaml"
    file.write_text(with_routing("{priority_worth: 90s}"), encoding="utf-8")
    settings = load_settings(file)
    assert settings.routing.priority_worth == timedelta(seconds=90)
    assert set(acd_of(settings).queues) >= {"first_line", "pensions"}


EXPECTED = "    overflow: [{when: expected_wait, longer_than: 10m, "
EASE = "    ease: [{after: 60s, "
OVERFLOW = "    overflow: [{when: waited, after: 60s, "


@pytest.mark.parametrize(
    ("rules", "found", "advice"),
    [
        (f"{EASE}skills: {{pensions: 6}}}}]\n", "asks for more than before: pensions", "or ask"),
        (f"{EASE}skills: {{benefits: 1}}}}]\n", "asks for more than before: benefits", "or ask"),
        (f"{EASE}line: first}}]\n", "asks for more than before: the line", "or ask"),
        (f"{EASE}skills: {{pensions: 5}}}}]\n", "changes nothing", "or remove the easing"),
        (f"{EASE}line: any}}, {{after: 60s, skills: {{}}}}]\n", "does not come after", "in order"),
        (f"{EASE}queues: [first]}}]\n", "the unknown queue first", "did you mean first_line?"),
        (f"{OVERFLOW}to: frist_line}}]\n", "the unknown queue frist_line", "did you mean"),
        (f"{OVERFLOW}to: callback}}]\n", "without a key to accept it", 'keys: {"1": callback}'),
        (f"{OVERFLOW}to: message}}]\n", "an offer to take a message", 'keys: {"1": message}'),
        (f"{OVERFLOW}to: pensions}}]\n", "from pensions back to pensions", "remove one"),
        (f"{OVERFLOW}length: 3, to: first_line}}]\n", "length", "write"),
        ("    overflow: [{when: line_too_long, to: first_line}]\n", "", "write"),
        ("    overflow: [{when: expected_wait, to: first_line}]\n", "", "write"),
        (f"{OVERFLOW}longer_than: 1m, to: first_line}}]\n", "", "write"),
        (f"{OVERFLOW}to: outside}}]\n", "", "write"),
        (f'{OVERFLOW}number: "112", to: first_line}}]\n', "", "write"),
        (f"{EXPECTED}to: pensions}}]\n", "from pensions back to pensions", "remove one"),
    ],
)
def test_a_way_that_cannot_be_right_is_told_with_its_place(
    folder: Path, rules: str, found: str, advice: str
) -> None:
    text = with_pensions(rules)
    (mistake,) = refused(folder, text)
    line = text[: text.index(rules)].count("\n") + 1
    assert f"ekc.yaml:{line}:" in mistake
    assert found in mistake
    assert advice in mistake


ALLOWED = 'outside: [{number: "112", trunk: city}]'


def test_an_expected_wait_and_a_number_outside_are_meant_as_written(folder: Path) -> None:
    rules = (
        f'{EXPECTED}to: first_line}}, {{when: waited, after: 5m, to: outside, number: "112"}}]\n'
    )
    text = with_pensions(rules).replace("outside: []", ALLOWED)
    assert read(folder, text)[1].overflows == (
        Overflow(
            cause=OverflowCause.EXPECTED_WAIT,
            longer_than=timedelta(minutes=10),
            target=OverflowTarget.QUEUE,
            to_queue=QueueId("first_line"),
        ),
        Overflow(
            cause=OverflowCause.WAITED,
            after=timedelta(minutes=5),
            target=OverflowTarget.OUTSIDE,
            number="112",
        ),
    )


def test_a_number_outside_must_be_allowed_and_is_rung_once(folder: Path) -> None:
    once = '{when: waited, after: 60s, to: outside, number: "113"}'
    twice = once.replace("113", "112")
    text = with_pensions(f"    overflow: [{once}]\n").replace("outside: []", ALLOWED)
    (told,) = refused(folder, text)
    assert "the number 113, which nobody may be sent to" in told
    assert "did you mean 112?" in told
    text = with_pensions(f"    overflow: [{twice}, {twice}]\n").replace("outside: []", ALLOWED)
    (told,) = refused(folder, text)
    assert "a second number outside" in told


@pytest.mark.parametrize("name", ["callback", "outside", "message"])
def test_no_queue_is_called_what_overflows_use_otherwise(folder: Path, name: str) -> None:
    named = f"{SAMPLE[: SAMPLE.index('operators:')]}  - id: {name}\n" + LAST_QUEUE
    told = refused(folder, named + SAMPLE[SAMPLE.index("operators:") :])
    assert any(f"a queue with the name {name}" in each for each in told)


LAST_QUEUE = """    title: Ещё одна
    line: first
    skills: {general: 1}
    ring_time: 20s
    wrap_up: 30s
    after_refusal: 5s
    announce_every: null
    record: true
    when_no_agents: wait

"""


def test_an_overflow_that_may_never_happen_is_no_way_out(folder: Path) -> None:
    for rules in (
        f"{EXPECTED}to: first_line}}]\n",
        "    overflow: [{when: line_too_long, length: 1, to: first_line}]\n",
    ):
        text = with_pensions(rules).replace("skills: {pensions: 5}", "skills: {pensions: 10}", 1)
        (told,) = refused(folder, text)
        assert "certain to happen" in told


def test_what_holds_for_all_operators_is_written_under_routing(folder: Path) -> None:
    file = folder / "ekc.yaml"
    rules = "{after_no_answer: 2m, extend_wrap_up: {by: 60s, at_most: 3}}"
    file.write_text(with_routing(rules), encoding="utf-8")
    assert agent_rules(load_settings(file)) == AgentRules(
        after_no_answer=timedelta(minutes=2),
        extends_wrap_up_by=timedelta(minutes=1),
        extensions=3,
    )
    rules = "{after_no_answer: until_declared, extend_wrap_up: null}"
    file.write_text(with_routing(rules), encoding="utf-8")
    assert agent_rules(load_settings(file)) == AgentRules()


def test_a_queue_says_itself_how_long_who_did_not_answer_is_away_or_leaves_it_to_routing(
    folder: Path,
) -> None:
    file = folder / "ekc.yaml"
    found = []
    for rule in ("", "    after_no_answer: 30s\n", "    after_no_answer: until_declared\n"):
        file.write_text(with_pensions(rule), encoding="utf-8")
        (pensions,) = (e for e in queue_specs(load_settings(file)) if e.queue == "pensions")
        found.append(pensions.absence)
    assert found == [None, Absence(lasting=timedelta(seconds=30)), Absence(lasting=None)]


def test_a_time_after_no_answer_that_is_none_says_what_may_stand_there(folder: Path) -> None:
    (told,) = refused(folder, with_routing("{after_no_answer: soon}"))
    assert "until_declared" in told


ADMISSION = "# admission: {most_calls: 200, script: overload}"


def test_whoever_comes_beyond_needs_a_leg_and_a_script(folder: Path) -> None:
    (folder / "ivr_scripts" / "overload.yaml").write_text("", encoding="utf-8")
    for count, script, found in (
        (500, "overload", "500 callers at once, with RTP ports for 500 legs"),
        (200, "overlaod", "the unknown script overlaod"),
    ):
        written = f"admission: {{most_calls: {count}, script: {script}}}"
        (told,) = refused(folder, SAMPLE.replace(ADMISSION, written))
        assert found in told
    file = folder / "ekc.yaml"
    file.write_text(SAMPLE.replace(ADMISSION, ADMISSION[2:]), encoding="utf-8")
    admission = load_settings(file).admission
    assert admission is not None
    assert (admission.most_calls, admission.script) == (200, "overload")


def test_a_wrong_key_in_a_block_that_may_be_left_out_is_suggested(folder: Path) -> None:
    wrong = "admission: {most_calls: 200, scrpt: overload}"
    told = refused(folder, SAMPLE.replace(ADMISSION, wrong))
    assert any("did you mean script?" in each for each in told)
    told = refused(folder, with_routing("{extend_wrap_up: {by: 60s, at_moist: 2}}"))
    assert any("did you mean at_most?" in each for each in told)


def test_from_how_many_callers_on_a_lamp_blinks_is_the_queues(folder: Path) -> None:
    file = folder / "ekc.yaml"
    file.write_text(with_pensions("    lamp_overloaded: 25\n"), encoding="utf-8")
    assert [each.lamp_overloaded for each in load_settings(file).queues][:2] == [10, 25]


def test_a_circle_of_two_is_found_from_both_ends(folder: Path) -> None:
    there = f"{OVERFLOW}to: first_line}}]\n"
    back = f"{OVERFLOW}to: pensions}}]\n"
    told = refused(folder, with_pensions(there, first_line=back))
    assert ["back to first_line" in told[0], "back to pensions" in told[1]] == [True, True]


def test_a_queue_that_nobody_can_ever_serve_is_refused(folder: Path) -> None:
    too_much = SAMPLE.replace("skills: {pensions: 5}", "skills: {pensions: 10}", 1)
    (told,) = refused(folder, too_much)
    assert "the queue pensions, which no operator can ever serve" in told
    assert "`ease:`" in told
    line = too_much[: too_much.index("{pensions: 10}")].count("\n") + 1
    assert f"ekc.yaml:{line}:" in told


def test_an_easing_or_an_overflow_lets_such_a_queue_be_served(folder: Path) -> None:
    for rules in (f"{EASE}skills: {{}}}}]\n", f"{OVERFLOW}to: first_line}}]\n"):
        text = with_pensions(rules).replace("skills: {pensions: 5}", "skills: {pensions: 10}", 1)
        assert read(folder, text)
