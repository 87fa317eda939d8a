"""`ekc.yaml` is taken as a whole or refused with every mistake in its place."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.core.acd.specs import Line
from ekc_telephony.core.call.presence import NotReadyReason, Presence
from ekc_telephony.settings.errors import Mistake, SettingsError
from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.models import Settings
from ekc_telephony.settings.values import Interval, read_duration, read_interval

PROJECT = Path(__file__).parents[3]
SAMPLE = (PROJECT / "ekc.yaml").read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    script = tmp_path / "ivr_scripts" / "hotline.yaml"
    script.parent.mkdir()
    script.touch()
    return tmp_path


def written(folder: Path, text: str) -> Path:
    file = folder / "ekc.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def changed(old: str, new: str) -> str:
    assert old in SAMPLE, old
    return SAMPLE.replace(old, new, 1)


def mistakes(folder: Path, text: str) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        load_settings(written(folder, text))
    return [str(mistake) for mistake in refused.value.mistakes]


def test_the_sample_in_the_project_is_in_order() -> None:
    settings = load_settings(PROJECT / "ekc.yaml")
    assert settings.node == "ekc"
    assert all(any(o.may_serve(queue) for o in settings.operators) for queue in settings.queues)


def test_values_are_read_as_a_person_means_them(folder: Path) -> None:
    settings: Settings = load_settings(written(folder, SAMPLE))
    regional = settings.schedules["regional"]
    morning = Interval(opens=timedelta(hours=9), closes=timedelta(hours=13))
    assert regional.hours_of(4)[0] == morning
    assert regional.hours_of(5) == ()
    assert regional.open == {date(2026, 12, 30): (morning,)}
    assert settings.queues[0].ring_time == timedelta(seconds=20)
    assert settings.operators[0].initial_presence is Presence.SIGNED_OUT
    assert settings.feature_codes.not_ready_codes()["*462"] is NotReadyReason.LUNCH
    assert settings.asterisk_folder == folder / ".runtime/state/asterisk"
    assert settings.store_url == f"sqlite:///{folder}/.runtime/state/ekc.sqlite"


def test_a_number_without_quotes_keeps_its_spelling(folder: Path) -> None:
    settings = load_settings(written(folder, changed('did: "88001000001"', "did: +78001000001")))
    assert settings.numbers[0].did == "+78001000001"


def test_an_operator_serves_the_queues_of_his_line_whose_skills_he_has(folder: Path) -> None:
    settings = load_settings(written(folder, SAMPLE))
    first, pensions = settings.queues[:2]
    by_account = {operator.account: operator for operator in settings.operators}
    assert by_account["ivanova"].may_serve(first)
    assert not by_account["ivanova"].may_serve(pensions)
    assert by_account["orlov"].may_serve(pensions)
    assert by_account["orlov"].line is Line.SECOND


@pytest.mark.parametrize(
    ("old", "new", "expected", "advice"),
    [
        ("wrap_up: 30s", "wrap_up: 30", "a duration with its unit", "30s, 30m or 30ms"),
        ("wrap_up: 30s", "wrap_up: 25h", "at most 24h", "write what is expected"),
        ("ring_time: 20s", "ring_time: 0s", "longer than nothing", "write what is expected"),
        ("record: true", "record: maybe", "true or false", "write what is expected"),
        ("line: second", "line: secnd", "one of: first, second", "did you mean second?"),
        ("{general: 8}", "{genral: 8}", "a skill that exists", "did you mean general?"),
        ("{general: 8}", "{general: 11}", "not above 10", "write what is expected"),
        ("{general: 8}", "{general: true}", "a whole number", "write what is expected"),
        ("script: hotline", "script: hotlin", "a script that exists", "did you mean hotline?"),
        (
            "outside: []",
            "outside: [{number: 112, trunk: ciyt}]",
            "a trunk that",
            "did you mean city?",
        ),
        (
            "{account: ivanova,",
            (
                "{account: iva, extension: 101, name: И, line: first}\n"
                "  - {extension: 101, account: ivanova,"
            ),
            "every extension once",
            "rename or remove",
        ),
        ("script: hotline", "script: zz", "a script that exists", "write ivr_scripts/zz.yaml"),
        ("Asia/Barnaul", "Asia/Barnal", "an IANA time zone", "did you mean Asia/Barnaul?"),
        ("node: ekc ", "node: e/k ", "a name of Latin letters", "write what is expected"),
        ("node: ekc ", "nodes: ekc\nnode: x ", "one of:", "did you mean node?"),
        ("account: petrov", "account: ivanova", "every account once", "rename or remove"),
        ("account: petrov", "account: city", "every account once", "rename or remove"),
        ("port: 18080", "port: 18088", "a TCP port of its own", "choose another port"),
        ("port: 18080", "port: 80", "a number not below 1024", "write what is expected"),
        ("port: 15060", "port: 18010", "a UDP port of its own", "move the port"),
        ("first: 18000", "first: 18001", "an even port", "write 18002"),
        ("last: 18999", "last: 17000", "a last port above the first", "two ports"),
        ("ari: {bind: 127.0.0.1", "ari: {bind: 0.0.0.0", "a loopback address", "write"),
        ("[127.0.0.2]", "[127.0.0.x]", "address", "write what is expected"),
        ('"14:00-18:00"', '"12:00-18:00"', "that do not overlap", "sort them"),
        ('"14:00-18:00"', '"18:00-14:00"', "ends after it begins", "write"),
        ('"14:00-18:00"', '"14:00-18:70"', "an interval of one day", "write"),
        ("mon-thu", "mon-fri", "every day once", "split the span"),
        ("mon-sun", "mon-sunday", "a day or a span of days", "write"),
        ("mon-sun", "sat-mon", "does not run past Sunday", "write"),
        ("2026-12-30:", "2026-13-30:", "a date as 2026-12-31", "write"),
        ('signed_out: "*47"', 'signed_out: "*461"', "every code once", "choose another code"),
        ('hand_over: "*71"', 'hand_over: "*701"', "no other code that begins so", "choose another"),
        ('conference: "*73"', 'conference: "*71"', "every code once", "choose another code"),
        ("4: other", "4: no_answer", "a reason a person can give", "write"),
        ("when_no_agents: wait", "when_no_agents: wait\n    music: jazz", "a music class", "jazz"),
        ("store: {}", "store: {url: postgresql+asyncpg://e:pw@h/e}", "without a password", "write"),
        ("service_level:", "service_level:\nservice_level:", "every key once", "remove or rename"),
        (
            "line: second, skills: {pensions: 6, labour: 8}",
            "line: second, contact: x",
            "a SIP address",
            "wr",
        ),
        ("record: true", "record: true\n    briefing: bell", "a prompt that exists", "add it to"),
        ("{general: 8}", "{general: 8}, auto_answer: true", "`phone:` beside", "write"),
        ("{general: 8}", "{general: 8}, phone: yealnk", "one of: yealink", "did you mean yealink?"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_to_do(
    folder: Path, old: str, new: str, expected: str, advice: str
) -> None:
    found = mistakes(folder, changed(old, new))
    assert len(found) == 1 or old == "mon-thu", found
    first = SAMPLE[: SAMPLE.index(old)].count("\n") + 1
    assert any(f"ekc.yaml:{line}:" in found[0] for line in range(first, first + 3)), found[0]
    assert expected in found[0]
    assert advice in found[0]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(folder: Path) -> None:
    text = changed("wrap_up: 30s", "wrap_up: 30").replace("{general: 8}", "{genral: 8}")
    text = text.replace("node: ekc ", "node: e/k ").replace("target: 20s", "tarqet: 20s")
    found = mistakes(folder, text)
    lines = [int(text.split(":")[1]) for text in found]
    assert len(found) == 5
    assert lines == sorted(lines)


def test_a_missing_block_is_told_where_it_should_stand(folder: Path) -> None:
    text = SAMPLE.replace("    ring_time: 20s\n", "", 1)
    assert "`queues.1` without the key ring_time" in mistakes(folder, text)[0]


def test_a_password_in_the_store_url_is_not_repeated_in_the_message(folder: Path) -> None:
    text = changed("store: {}", "store: {url: postgresql+asyncpg://ekc:hush@db/ekc}")
    assert "hush" not in mistakes(folder, text)[0]


def test_broken_yaml_is_told_with_its_place(folder: Path) -> None:
    assert "ekc.yaml:2:" in mistakes(folder, "node: ekc\n\tstate: x\n")[0]
    assert "every key once" in mistakes(folder, "node: a\nnode: b\n")[0]
    assert "keys such as" in mistakes(folder, "- a list\n")[0]
    assert "at most 20 levels" in mistakes(folder, "a: &a {b: *a}\n")[0]


def test_a_file_that_is_not_there_or_no_text_is_told(folder: Path) -> None:
    with pytest.raises(SettingsError, match="no such file"):
        load_settings(folder / "nowhere.yaml")
    (folder / "ekc.yaml").write_bytes(b"node: \xff\n")
    with pytest.raises(SettingsError, match=r"no UTF-8 \(0xff\)"):
        load_settings(folder / "ekc.yaml")
    with pytest.raises(SettingsError, match="directory"):
        load_settings(folder)


def mistakes_in(file: Path) -> tuple[Mistake, ...]:
    try:
        load_settings(file)
    except SettingsError as refused:
        return refused.mistakes
    return ()


@given(position=st.integers(0, len(SAMPLE)), removed=st.integers(0, 40), added=st.text(max_size=8))
def test_whatever_is_done_to_the_file_it_is_read_or_refused_with_a_place(
    tmp_path_factory: pytest.TempPathFactory, position: int, removed: int, added: str
) -> None:
    text = SAMPLE[:position] + added + SAMPLE[position + removed :]
    file = tmp_path_factory.mktemp("fuzz") / "ekc.yaml"
    file.write_bytes(text.encode("utf-8", errors="surrogatepass"))
    for mistake in mistakes_in(file):
        assert mistake.line >= 1
        assert mistake.column >= 1
        assert mistake.found
        assert mistake.expected
        assert mistake.advice


@given(hours=st.integers(0, 22), minutes=st.integers(0, 59), seconds=st.integers(0, 59))
def test_a_duration_means_the_sum_of_its_parts(hours: int, minutes: int, seconds: int) -> None:
    duration = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    assert read_duration(f"{hours}h{minutes}m{seconds}s") == duration
    assert read_duration(f"{seconds}s500ms") == timedelta(seconds=seconds, milliseconds=500)


@given(st.text(alphabet="0123456789:- ", max_size=12))
def test_an_interval_is_read_only_when_it_lies_in_one_day(text: str) -> None:
    try:
        interval = read_interval(text)
    except ValueError:
        return
    assert timedelta() <= interval.opens < interval.closes <= timedelta(hours=24)
