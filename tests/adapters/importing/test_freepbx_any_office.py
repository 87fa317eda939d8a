"""Whatever the tables hold, the import goes through, loses nobody and tells everything."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.cli.ivr.import_menus import read_scripts, texts_of
from ekc_telephony.cli.ivr.import_proving import proved
from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.kernel.ids import NodeId
from ekc_telephony.importing.freepbx import carry_over
from ekc_telephony.importing.freepbx.source.tables import SHAPES, Tables, tables_of
from ekc_telephony.importing.freepbx.writing.ledger import Weight
from ekc_telephony.importing.freepbx.writing.report import as_markdown
from tests.adapters.importing.freepbx_office import drawn_office, loaded

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
NUMBERS = st.sampled_from(["1", "2", "3", "03", "4", "99", "", "x", "-1", "9" * 50])
DESTINATIONS = st.one_of(
    st.sampled_from(
        ["", "dynroute-1", "app-blackhole,hangup,1", "ext-local,vmu1,1", "ext-queues,1,1"]
    ),
    st.builds(
        str.format,
        st.sampled_from(
            [
                "ivr-{},s,1",
                "timeconditions,{},1",
                "app-announcement-{},s,1",
                "app-daynight,{},1",
                "app-languages,{},1",
                "ext-group,{},1",
                "callback,{},1",
                "ext-miscdests,{},1",
                "from-did-direct,{},1",
            ]
        ),
        NUMBERS,
    ),
    st.text(max_size=12),
)
LOOPS = st.sampled_from(["", "0", "1", "3", "20", "disabled", "-2", "x", "9" * 50])
RECORDINGS = st.sampled_from(["", "0", "1", "2", "default", "99", "x"])
SELECTIONS = st.one_of(
    st.sampled_from(["0", "1", "2", "*", "#", "t", "i", "12", "_X", "_[1-3]", "_[3-1]", "_1X", ""]),
    st.text(max_size=3),
)
FLAGS = st.sampled_from(["", "0", "1"])
TIMES = st.one_of(
    st.sampled_from(["09:00-17:59|mon-fri|*|*", "*|*|*|*", "*|*|1|jan", "22:00-06:00|sat-mon|*|*"]),
    st.text("0159:-|*,monfri", max_size=24),
)
TEXT = st.text(max_size=10)

COLUMNS = {
    "ivr_details": {
        "id": NUMBERS,
        "name": TEXT,
        "description": TEXT,
        "announcement": RECORDINGS,
        "directdial": TEXT,
        "invalid_loops": LOOPS,
        "invalid_destination": DESTINATIONS,
        "invalid_recording": RECORDINGS,
        "invalid_retry_recording": RECORDINGS,
        "timeout_loops": LOOPS,
        "timeout_destination": DESTINATIONS,
        "timeout_recording": RECORDINGS,
        "timeout_time": LOOPS,
        "timeout_ivr_ret": FLAGS,
    },
    "ivr_entries": {
        "ivr_id": NUMBERS,
        "selection": SELECTIONS,
        "dest": DESTINATIONS,
        "ivr_ret": FLAGS,
    },
    "incoming": {
        "extension": NUMBERS,
        "cidnum": FLAGS,
        "destination": DESTINATIONS,
        "description": TEXT,
    },
    "announcement": {
        "announcement_id": NUMBERS,
        "description": TEXT,
        "recording_id": RECORDINGS,
        "post_dest": DESTINATIONS,
        "return_ivr": FLAGS,
    },
    "timeconditions": {
        "timeconditions_id": NUMBERS,
        "displayname": TEXT,
        "time": NUMBERS,
        "truegoto": DESTINATIONS,
        "falsegoto": DESTINATIONS,
        "mode": st.sampled_from(["", "time-group", "calendar-group"]),
    },
    "timegroups_details": {"id": NUMBERS, "timegroupid": NUMBERS, "time": TIMES},
    "timegroups_groups": {"id": NUMBERS, "description": TEXT},
    "queues_config": {"extension": NUMBERS, "descr": TEXT},
    "ringgroups": {"grpnum": NUMBERS, "description": TEXT, "grplist": TEXT},
    "recordings": {"id": NUMBERS, "displayname": TEXT, "filename": TEXT},
    "daynight": {"ext": NUMBERS, "dmode": st.sampled_from(["day", "night"]), "dest": DESTINATIONS},
    "languages": {
        "language_id": NUMBERS,
        "lang_code": st.sampled_from(["", "en", "en_GB", "english", "x"]),
        "dest": DESTINATIONS,
    },
    "miscdests": {"id": NUMBERS, "destdial": st.sampled_from(["", "*97", "201", "84990000004"])},
}


@st.composite
def offices(draw: st.DrawFn) -> Tables:
    """Return tables with any rows whatever, some columns missing."""
    found = []
    for table, columns in COLUMNS.items():
        some = st.lists(st.fixed_dictionaries({}, optional=columns), max_size=4)
        found.append((table, draw(some)))
    assert {table for table, _ in found} <= set(SHAPES)
    return tables_of(found)


@given(offices())
def test_every_script_loads_and_every_row_is_carried_over_or_told(tables: Tables) -> None:
    imported = carry_over(tables)
    loaded(imported)
    told = {each.row for each in imported.remarks}
    assert [row.name for row in tables.rows if row.name not in imported.carried | told] == []
    page = as_markdown(imported)
    assert all(each.what.splitlines() == [each.what] for each in imported.remarks)
    assert page


@given(offices())
def test_every_menu_is_in_a_script_and_every_caller_who_does_nothing_comes_to_an_end(
    tables: Tables,
) -> None:
    scripts = loaded(imported := carry_over(tables))
    assert {row.name for row in tables.of("ivr_details")} <= imported.carried | {
        each.row
        for each in imported.remarks
        if "уже занят" in each.what or "id – не число" in each.what
    }
    for script in scripts.values():
        assert [name for name in script.nodes if not comes_to_an_end(script, name)] == []


@given(st.integers(0, 2**32).map(drawn_office))
def test_menus_that_call_and_return_lose_nobody_either(tables: Tables) -> None:
    imported = carry_over(tables)
    read = read_scripts(imported, texts_of(imported), Path())
    for each in read:
        nodes = each.script.nodes
        assert [name for name in nodes if not comes_to_an_end(each.script, name)] == []
    told = proved(imported, read, now=NOW)
    assert {each.row for each in told.remarks}.isdisjoint({"IVR101", "IVR102"})
    numbers = [number for script in imported.scripts for number in script.numbers]
    assert not any(each.numbers for each in imported.scripts if each.is_called)
    assert len(numbers) == len(set(numbers))


def comes_to_an_end(script: core.Script, start: NodeId) -> bool:
    """Return whether nobody who presses no key is led past a node twice, on any side of hours."""
    return _ends(script, start, frozenset())


def _ends(script: core.Script, name: NodeId, passed: frozenset[NodeId]) -> bool:
    if name in passed:
        return False
    match script.nodes[name]:
        case core.Play(next=target) | core.Menu(exhausted=target):
            following = [target]
        case core.SetLanguage(next=target) | core.Transfer(otherwise=target):
            following = [target]
        case core.Hours(open=opened, closed=closed):
            following = [opened, closed]
        case core.Message(otherwise=target) | core.Callback(without_number=target):
            following = [target]
        case _:
            following = []
    return all(_ends(script, each, passed | {name}) for each in following)


@given(offices())
def test_what_the_proofs_refuse_is_told_at_its_node_and_the_scripts_still_load(
    tables: Tables,
) -> None:
    imported = carry_over(tables)
    told = proved(imported, read_scripts(imported, texts_of(imported), Path()), now=NOW)
    loaded(told)
    comments = "".join(texts_of(told).values())
    for each in told.remarks:
        if each.weight is Weight.CHECK and "(предупреждение)" not in each.what:
            assert f"# ekc ivr check, {each.row}: " in comments


@given(offices())
def test_the_same_tables_give_the_same_import(tables: Tables) -> None:
    assert carry_over(tables) == carry_over(tables)
