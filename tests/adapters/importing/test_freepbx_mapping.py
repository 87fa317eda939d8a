"""What each column and destination of FreePBX becomes, and what the report says of the rest."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from ekc_telephony.cli.ivr.import_menus import texts_of
from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.kernel.ids import NodeId, PromptKey, QueueId
from ekc_telephony.importing.freepbx import Imported, Source, carry_over, read_tables
from ekc_telephony.importing.freepbx.growth.schedules import read_line, week_of
from ekc_telephony.importing.freepbx.writing.ledger import Weight
from ekc_telephony.importing.freepbx.writing.names import slug
from ekc_telephony.importing.freepbx.writing.report import as_markdown
from tests.adapters.importing.freepbx_office import MENU, loaded, office, one_script, told

DUMP: Final = Path(__file__).with_name("office.sql").read_text(encoding="utf-8")
QUEUE: Final = "ext-queues,600,1"


def menu_of(script: core.Script, name: str = "menyu") -> core.Menu:
    node = script.nodes[NodeId(name)]
    assert isinstance(node, core.Menu)
    return node


def behind(script: core.Script, key: str) -> core.Node:
    return script.nodes[menu_of(script).choices[key]]


def waiting(queue: str) -> core.Enqueue:
    return core.Enqueue(queue=QueueId(queue), answers_at_once=True)


def of_key(destination: str, **tables: list[dict[str, str]]) -> tuple[core.Node, str]:
    """Return what key 1 of a menu leads to, and what is said of it."""
    keys = {"1": {"1": destination, "0": QUEUE}}
    script, imported = one_script(office(menus={"1": {}}, keys=keys, **tables))
    return behind(script, "1"), told(imported, "ivr_entries[1, 1]")


def test_the_hotline_of_the_dump_becomes_one_script_with_its_hours_and_submenus() -> None:
    imported = carry_over(read_tables([Source(name="office.sql", text=DUMP)]))
    scripts = loaded(imported)
    assert list(scripts) == ["goryachaya_liniya", "zagotovka_test"]
    line = scripts["goryachaya_liniya"]
    assert line.nodes[line.entry] == core.Hours(
        schedule="rabochie_chasy", open=NodeId("glavnoe_menyu"), closed=NodeId("nerabochee_vremya")
    )
    menu = menu_of(line, "glavnoe_menyu")
    assert menu.choices == {
        "1": "pensii_i_vyplaty",
        "2": "kak_oformit_posobie",
        "3": "adresa",
        "4": "message_201",
        "5": "vnutrenniy_nomer_201",
        "6": "rostrud",
        "*": "glavnoe_menyu",
        "0": "spravochnaya",
    }
    assert (menu.retries, menu.timeout) == (3, timedelta(seconds=5))
    assert imported.scripts[0].numbers == ("88003000001", "74950000002")


def test_different_loops_become_the_smaller_and_are_told() -> None:
    tables = office(
        menus={"1": {"invalid_loops": "4", "timeout_loops": "2"}}, keys={"1": {"0": QUEUE}}
    )
    script, imported = one_script(tables)
    assert menu_of(script).retries == 2
    assert "взято меньшее: 2" in told(imported, "ivr_details[1]")


def test_of_two_ways_out_the_one_to_a_person_is_taken_and_the_other_told() -> None:
    more = {"timeout_destination": "ivr-1,s,1", "invalid_destination": QUEUE}
    script, imported = one_script(office(menus={"1": more}, keys={"1": {"0": QUEUE}}))
    assert isinstance(script.nodes[menu_of(script).exhausted], core.Enqueue)
    assert "не перенесено timeout_destination" in told(imported, "ivr_details[1]")


@pytest.mark.parametrize(
    "more",
    [
        {"timeout_destination": "app-blackhole,hangup,1", "invalid_destination": ""},
        {"timeout_loops": "disabled", "invalid_loops": "disabled"},
    ],
)
def test_nobody_who_failed_is_hung_up_on(more: dict[str, str]) -> None:
    script, imported = one_script(office(menus={"1": more}, keys={"1": {"0": QUEUE}}))
    out = script.nodes[menu_of(script).exhausted]
    assert out == waiting("first_line")
    assert "здесь он попадает к оператору" in told(imported, "ivr_details[1]")


def test_keys_t_and_i_count_only_where_loops_are_disabled() -> None:
    disabled = {"timeout_loops": "disabled", "invalid_loops": "disabled"}
    keys = {"1": {"0": QUEUE, "t": "ext-queues,601,1"}}
    script, _ = one_script(office(menus={"1": disabled}, keys=keys))
    assert script.nodes[menu_of(script).exhausted] == waiting("queue_601")
    script, imported = one_script(office(menus={"1": {}}, keys=keys))
    assert script.nodes[menu_of(script).exhausted] == waiting("queue_600")
    assert "не слушает" in told(imported, "ivr_entries[1, t]")


def test_retry_recordings_are_said_after_a_wrong_key_and_after_silence() -> None:
    more = {
        "invalid_retry_recording": "2",
        "timeout_retry_recording": "default",
        "timeout_recording": "default",
    }
    recordings = [
        {"id": "1", "displayname": "Меню", "filename": "custom/menu"},
        {"id": "2", "displayname": "Не та клавиша", "filename": "custom/a&custom/b"},
    ]
    tables = office(menus={"1": more}, keys={"1": {"0": QUEUE}}, recordings=recordings)
    script, imported = one_script(tables)
    menu = menu_of(script)
    assert menu.invalid_prompts == ("freepbx-ne-ta-klavisha", "freepbx-ne-ta-klavisha-2")
    assert menu.timeout_prompts == ("menu-silence",)
    assert script.nodes[menu.exhausted] == core.Play(
        prompts=(PromptKey("menu-goodbye"),), next=menu.choices["0"]
    )
    assert {each.key: each.file for each in imported.prompts} == {
        "freepbx-menyu": "custom/menu",
        "freepbx-ne-ta-klavisha": "custom/a",
        "freepbx-ne-ta-klavisha-2": "custom/b",
    }


def test_a_ring_group_becomes_a_queue_and_its_phones_are_told() -> None:
    group = {"grpnum": "650", "description": "Льготы", "grplist": "201-202", "strategy": "hunt"}
    keys = {"1": {"1": "ext-group,650,1", "0": QUEUE}}
    script, imported = one_script(office(menus={"1": {}}, keys=keys, ringgroups=[group]))
    assert behind(script, "1") == waiting("lgoty")
    assert "grplist = 201-202, strategy = hunt" in told(imported, "ringgroups[650]")


def test_an_extension_leads_to_a_person_under_its_own_name() -> None:
    keys = {"1": {"1": "from-did-direct,201,1", "0": QUEUE}}
    script, imported = one_script(office(menus={"1": {}}, keys=keys))
    assert menu_of(script).choices["1"] == "vnutrenniy_nomer_201"
    assert behind(script, "1") == waiting("first_line")
    assert "внутренний номер 201" in told(imported, "ivr_entries[1, 1]")


@pytest.mark.parametrize("mailbox", ["vmu201", "vmb201", "vms201", "vmi201"])
def test_voicemail_becomes_a_message(mailbox: str) -> None:
    node, what = of_key(f"ext-local,{mailbox},1")
    assert isinstance(node, core.Message)
    assert "голосовая почта 201" in what


def test_a_callback_becomes_a_promise_of_ours() -> None:
    node, _ = of_key("callback,1,1", callback=[{"callback_id": "1", "description": "Перезвон"}])
    assert node == core.Callback(
        prompts=(PromptKey("callback-promised"),), without_number=NodeId("to_a_person")
    )


def test_a_number_outside_becomes_a_transfer_and_is_to_be_allowed() -> None:
    row = {"id": "1", "description": "Роструд", "destdial": "84990000004"}
    keys = {"1": {"1": "ext-miscdests,1,1", "0": QUEUE}}
    script, imported = one_script(office(menus={"1": {}}, keys=keys, miscdests=[row]))
    assert behind(script, "1") == core.Transfer(
        number="84990000004", otherwise=NodeId("to_a_person")
    )
    assert [each.number for each in imported.outside] == ["84990000004"]
    short, _ = of_key("ext-miscdests,1,1", miscdests=[{**row, "destdial": "*97"}])
    assert short == waiting("first_line")


def test_a_change_of_language_is_a_node_and_a_language_of_the_script() -> None:
    row = {"language_id": "1", "lang_code": "en_GB", "description": "English", "dest": QUEUE}
    keys = {"1": {"1": "app-languages,1,1", "0": QUEUE}}
    script, _ = one_script(office(menus={"1": {}}, keys=keys, languages=[row]))
    assert behind(script, "1") == core.SetLanguage(language="en", next=NodeId("queue_600"))
    assert script.languages == ("ru", "en")


def test_hanging_up_on_purpose_is_a_goodbye() -> None:
    node, what = of_key("app-blackhole,hangup,1")
    assert isinstance(node, core.Goodbye)
    assert node.outcome is CallOutcome.SELF_SERVED
    assert what == ""
    _, what = of_key("app-blackhole,congestion,1")
    assert "прощание" in what


@pytest.mark.parametrize(
    ("destination", "tables"),
    [
        ("app-setcid,1,1", {"setcid": [{"cid_id": "1", "dest": QUEUE}]}),
        ("app-queueprio,1,1", {"queueprio": [{"queueprio_id": "1", "dest": QUEUE}]}),
        (
            "app-daynight,3,1",
            {
                "daynight": [
                    {"ext": "3", "dmode": "day", "dest": QUEUE},
                    {"ext": "3", "dmode": "night", "dest": "app-blackhole,hangup,1"},
                ]
            },
        ),
    ],
)
def test_what_only_changes_a_call_is_passed_by_and_told(
    destination: str, tables: dict[str, list[dict[str, str]]]
) -> None:
    keys = {"1": {"1": destination, "0": QUEUE}}
    script, imported = one_script(office(menus={"1": {}}, keys=keys, **tables))
    assert behind(script, "1") == waiting("queue_600")
    table = next(iter(tables))
    weights = {each.weight for each in imported.remarks if each.row.startswith(table)}
    assert weights == {Weight.DECIDE}


@pytest.mark.parametrize(
    "destination",
    ["dynroute-1", "disa,1,1", "ext-meetme,8000,1", "ivr-99,s,1", "timeconditions,9,1", "", "😀[]"],
)
def test_what_we_cannot_do_leads_to_a_person_and_is_told(destination: str) -> None:
    node, what = of_key(destination)
    assert node == waiting("first_line")
    assert "не перенесено" in what


def test_return_goes_back_to_the_menu_before() -> None:
    tables = office(
        menus={"1": {"name": "Первое"}, "2": {"name": "Второе"}},
        keys={"1": {"1": "ivr-2,s,1", "0": QUEUE}, "2": {"0": QUEUE}},
    )
    back = {"ivr_id": "2", "selection": "9", "dest": QUEUE, "ivr_ret": "1"}
    rows = [dict(row.values) for row in tables.of("ivr_entries")]
    menus = {"1": {"name": "Первое"}, "2": {"name": "Второе"}}
    script, _ = one_script(office(menus=menus, keys={}, ivr_entries=[*rows, back]))
    assert menu_of(script, "vtoroe").choices["9"] == "pervoe"


def entry(ivr: str, selection: str, dest: str, *, returns: bool = False) -> dict[str, str]:
    return {
        "ivr_id": ivr,
        "selection": selection,
        "dest": dest,
        "ivr_ret": "1" if returns else "0",
    }


def with_addresses(*more: dict[str, str], **tables: list[dict[str, str]]) -> Imported:
    """Import two lines that both lead to a menu of addresses, out of which 9 goes back."""
    names = {"1": "Пенсии", "2": "Льготы", "3": "Адреса"}
    entries = [
        *(entry(line, "3", "ivr-3,s,1") for line in "12"),
        *(entry(menu, "0", QUEUE) for menu in "123"),
        entry("3", "9", QUEUE, returns=True),
        *more,
    ]
    incoming = [{"extension": f"8800{line}", "destination": f"ivr-{line},s,1"} for line in "12"]
    return carry_over(
        office(
            menus={number: {"name": name} for number, name in names.items()},
            keys={},
            **{"ivr_entries": entries, "incoming": incoming, **tables},
        )
    )


def test_a_menu_of_several_lines_is_a_script_that_they_call_and_return_goes_back() -> None:
    imported = with_addresses()
    assert [(each.name, each.is_called) for each in imported.scripts] == [
        ("pensii", False),
        ("adresa", True),
        ("lgoty", False),
    ]
    scripts = loaded(imported)
    for line in ("pensii", "lgoty"):
        inner = menu_of(scripts[line], "adresa.adresa")
        assert inner.choices["9"] == line
    texts = texts_of(imported)
    assert "kind: return" in texts["adresa.yaml"]
    assert "    kind: call\n    script: adresa\n    next: pensii\n" in texts["pensii.yaml"]


def test_a_line_that_begins_in_a_shared_menu_has_nothing_to_return_to() -> None:
    imported = with_addresses(
        incoming=[{"extension": f"8800{line}", "destination": f"ivr-{line},s,1"} for line in "123"]
    )
    own = next(each for each in imported.scripts if each.numbers == ("88003",))
    script = loaded(imported)[own.name]
    assert script.nodes[menu_of(script, "adresa").choices["9"]] == waiting("queue_600")


def test_menus_that_lead_to_one_another_are_nodes_of_each_script() -> None:
    imported = with_addresses(entry("3", "1", "ivr-1,s,1"), entry("3", "2", "ivr-2,s,1"))
    assert not any(each.is_called for each in imported.scripts)
    assert not any(each.calls for each in imported.scripts)


def test_a_language_chosen_in_a_called_script_is_one_of_its_callers() -> None:
    languages = [{"language_id": "1", "lang_code": "en", "dest": QUEUE}]
    imported = with_addresses(entry("3", "4", "app-languages,1,1"), languages=languages)
    assert all(each.languages == ("en",) for each in imported.scripts)
    assert all(each.languages == ("ru", "en") for each in loaded(imported).values())


def test_whoever_fails_where_failing_returns_is_not_sent_round_in_silence() -> None:
    """Menu 1 leads who fails to the addresses, and they lead who fails back to it."""
    names = {"1": "Пенсии", "2": "Льготы", "3": "Адреса"}
    out = {"timeout_destination": "ivr-3,s,1", "invalid_destination": "ivr-3,s,1"}
    menus: dict[str, dict[str, str]] = {n: {"name": name} for n, name in names.items()}
    menus["1"] |= out
    menus["3"]["timeout_ivr_ret"] = "1"
    entries = [entry("2", "3", "ivr-3,s,1"), *(entry(menu, "0", QUEUE) for menu in "123")]
    imported = carry_over(office(menus=menus, keys={}, ivr_entries=entries))
    assert "ходил по кругу" in told(imported, "ivr_details[1]")
    script = loaded(imported)["pensii"]
    assert script.nodes[menu_of(script, "pensii").exhausted] == waiting("first_line")


def test_the_directory_leads_to_a_person_and_is_called_by_its_name() -> None:
    node, what = of_key("directory,1,1")
    assert node == waiting("first_line")
    assert "справочник сотрудников (Directory) 1" in what


def test_an_announcement_may_return_to_its_menu() -> None:
    row = {
        "announcement_id": "7",
        "description": "Справка",
        "recording_id": "1",
        "post_dest": "app-blackhole,hangup,1",
        "return_ivr": "1",
    }
    node, _ = of_key("app-announcement-7,s,1", announcement=[row])
    assert node == core.Play(prompts=(PromptKey("freepbx-zapis"),), next=NodeId("menyu"))


def test_a_pattern_of_one_key_is_spread_over_the_keys_that_are_free() -> None:
    keys = {"1": {"_[1-3]": "ext-queues,601,1", "2": QUEUE, "0": QUEUE}}
    script, _ = one_script(office(menus={"1": {}}, keys=keys))
    assert behind(script, "1") == behind(script, "3") == waiting("queue_601")
    assert behind(script, "2") == waiting("queue_600")


@pytest.mark.parametrize("selection", ["12", "_1X", "s", "", "A", "hang"])
def test_a_selection_that_is_no_key_is_told(selection: str) -> None:
    tables = office(menus={"1": {}}, keys={"1": {selection: QUEUE, "0": QUEUE}})
    script, imported = one_script(tables)
    assert set(menu_of(script).choices) == {"0"}
    (row,) = (row for row in tables.rows if row.values.get("selection") == selection)
    assert "не одна клавиша" in told(imported, row.name)


@pytest.mark.parametrize("keys", [{"1": QUEUE}, {"0": "ivr-1,s,1"}])
def test_a_menu_without_zero_gets_it_as_a_suggestion_only(keys: dict[str, str]) -> None:
    tables = office(menus={"1": {}}, keys={"1": keys})
    _, imported = one_script(tables)
    assert "G2" in told(imported, "ivr_details[1]")
    text = texts_of(imported)["menyu.yaml"]
    assert "      # 0: to_a_person" in text
    assert "  # to_a_person:" in text


def test_somebody_silent_never_goes_round_for_ever() -> None:
    out = {"timeout_destination": "ivr-{},s,1", "invalid_destination": "ivr-{},s,1"}
    menus = {
        number: {key: value.format(other) for key, value in out.items()}
        for number, other in (("1", "2"), ("2", "1"))
    }
    script, imported = one_script(office(menus=menus, keys={"1": {"0": QUEUE}, "2": {"0": QUEUE}}))
    outs = [
        script.nodes[node.exhausted]
        for node in script.nodes.values()
        if isinstance(node, core.Menu)
    ]
    assert waiting("first_line") in outs
    assert "ходил по кругу" in told(imported, "ivr_details[1]")


def test_conditions_and_announcements_that_lead_to_themselves_are_cut() -> None:
    conditions = [
        {
            "timeconditions_id": "1",
            "displayname": "Т",
            "time": "1",
            "truegoto": "ivr-1,s,1",
            "falsegoto": "timeconditions,1,1",
        }
    ]
    lines = [{"id": "1", "timegroupid": "1", "time": "09:00-18:00|mon-fri|*|*"}]
    tables = office(
        menus={"1": {}},
        keys={"1": {"0": QUEUE}},
        timeconditions=conditions,
        timegroups_details=lines,
    )
    _, imported = one_script(tables)
    assert "круг без выбора" in told(imported, "timeconditions[1]")


def test_features_that_menus_of_ours_lack_are_told() -> None:
    more = {"directdial": "ext-local", "alertinfo": "ring2", "retvm": "on", "rvolume": "5"}
    _, imported = one_script(office(menus={"1": more}, keys={"1": {"0": QUEUE}}))
    what = told(imported, "ivr_details[1]")
    for word in ("внутренний номер", "Alert-Info (ring2)", "голосовой почты", "громкость"):
        assert word in what


@pytest.mark.parametrize(
    ("lines", "week"),
    [
        (["09:00-17:59|mon-fri|*|*"], (("mon-fri", ("09:00-18:00",)),)),
        (["09:00-17:00|mon-fri|*|*"], (("mon-fri", ("09:00-17:00",)),)),
        (["09:00-12:59|mon|*|*", "12:00-17:59|mon|*|*"], (("mon", ("09:00-18:00",)),)),
        (["*|*|*|*"], (("mon-sun", ("00:00-24:00",)),)),
        (["*|sat-mon|*|*"], (("mon", ("00:00-24:00",)), ("sat-sun", ("00:00-24:00",)))),
        (["22:00-06:00|fri|*|*"], (("fri", ("00:00-06:00", "22:00-24:00")),)),
        (["22:00-00:00|fri|*|*"], (("fri", ("22:00-24:00",)),)),
        (["00:00-23:59,mon,*,*"], (("mon", ("00:00-24:00",)),)),
    ],
)
def test_time_groups_become_weeks(
    lines: list[str], week: tuple[tuple[str, tuple[str, ...]], ...]
) -> None:
    read = [line for each in lines if (line := read_line(each))]
    assert week_of(read) == week


@pytest.mark.parametrize(
    "line", ["*|*|1|jan", "*|*|*|may", "abc", "", "25:00-26:00|*|*|*", "*|пн|*|*"]
)
def test_dates_and_nonsense_are_no_week(line: str) -> None:
    assert read_line(line) is None


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Главное меню", "glavnoe_menyu"),
        ("Ещё, щётки & подъезд №5", "eshche_shchetki_podezd_5"),
        ("112", "ivr_112"),
        ("null", "ivr_null"),
        ("😀", "ivr_3"),
        ("Café—Zürich", "cafe_zurich"),
        ("я" * 60, ("ya" * 20)),
    ],
)
def test_names_are_readable_and_legal(written: str, name: str) -> None:
    assert slug(written, otherwise="ivr_3") == name


def test_the_report_cannot_be_broken_by_what_people_wrote() -> None:
    evil = "|x| ```\n# y <b>`z`"
    tables = office(
        menus={"1": {**MENU, "name": evil, "directdial": evil}}, keys={"1": {"1": evil}}
    )
    _, imported = one_script(tables)
    page = as_markdown(imported)
    rows = [line for line in page.splitlines() if line.startswith("| IVR 1")]
    assert rows
    assert all(line.replace("\\|", "").count("|") == 5 for line in rows)


def test_numbers_longer_than_any_name_still_give_legal_names() -> None:
    node, _ = of_key(f"ext-group,{'9' * 5000},1")
    assert isinstance(node, core.Enqueue)
    script, _ = one_script(
        office(menus={"1": {"timeout_loops": "9" * 5000}}, keys={"1": {"0": QUEUE}})
    )
    assert menu_of(script).retries == 0
