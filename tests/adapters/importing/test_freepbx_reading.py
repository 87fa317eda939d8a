"""Exports as admins make them become the same tables, and what cannot be read is refused."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Final

import pytest

from ekc_telephony.importing.freepbx import Source, SourceError, read_tables
from ekc_telephony.importing.freepbx.source.reading import decoded
from ekc_telephony.importing.freepbx.source.tables import SHAPES, Tables

DUMP: Final = Path(__file__).with_name("office.sql").read_text(encoding="utf-8")


def read(*sources: tuple[str, str]) -> Tables:
    return read_tables(Source(name=name, text=text) for name, text in sources)


@pytest.fixture(scope="module")
def tables() -> Tables:
    return read(("office.sql", DUMP))


def rows(tables: Tables, table: str) -> list[dict[str, str]]:
    return [dict(row.values) for row in tables.of(table)]


def test_a_dump_gives_every_row_of_the_tables_we_know_and_no_other(tables: Tables) -> None:
    assert {table: len(tables.of(table)) for table in SHAPES if table in tables.present} == {
        "ivr_details": 4,
        "ivr_entries": 17,
        "incoming": 4,
        "recordings": 6,
        "announcement": 3,
        "timeconditions": 2,
        "timegroups_details": 4,
        "timegroups_groups": 2,
        "queues_config": 3,
        "ringgroups": 1,
        "miscdests": 1,
        "callback": 1,
    }


def test_quotes_null_binary_and_hexadecimal_values_are_understood(tables: Tables) -> None:
    menus, recordings = tables.of("ivr_details"), tables.of("recordings")
    assert menus[0]["description"] == "Приветствие; дальше 'по клавишам'"
    assert menus[3]["announcement"] == ""
    assert recordings[0]["filename"] == "custom/privet&custom/menu"
    assert recordings[0]["description"] == 'Диктор: "Ирина"'
    assert recordings[2]["filename"] == "custom/adresa"
    assert recordings[5]["description"] == "C:\\new\\n"


def test_columns_may_be_named_in_the_insert_as_phpmyadmin_does() -> None:
    details = (
        "INSERT INTO `ivr_details` (`id`, `name`) VALUES\n(1, 'a;\\nb'),\n(2, 'c');\n"
        "INSERT INTO asterisk.ivr_entries (ivr_id, selection, dest, ivr_ret) VALUES"
        " (1, '1', 'ivr-2,s,1', 0);\n"
    )
    found = read(("export.sql", details))
    assert rows(found, "ivr_details") == [{"id": "1", "name": "a;\nb"}, {"id": "2", "name": "c"}]


def test_csv_tsv_and_json_give_the_same_rows_as_the_dump(tables: Tables) -> None:
    as_json = {table: rows(tables, table) for table in sorted(tables.present)}
    phpmyadmin = [{"type": "header", "version": "5.2.1"}] + [
        {"type": "table", "name": table, "data": found} for table, found in as_json.items()
    ]
    forms = {
        "json": [("export.json", json.dumps(as_json))],
        "phpmyadmin": [("export.json", json.dumps(phpmyadmin))],
        "json by table": [(f"{table}.json", json.dumps(found)) for table, found in as_json.items()],
        "csv": [(f"{table}.csv", to_csv(found, ",")) for table, found in as_json.items()],
        "semicolons": [(f"{table}.csv", to_csv(found, ";")) for table, found in as_json.items()],
        "tsv": [(f"{table}.tsv", to_tsv(found)) for table, found in as_json.items()],
    }
    for form, sources in forms.items():
        found = read(*sources)
        assert {table: rows(found, table) for table in sorted(found.present)} == as_json, form


def to_csv(found: list[dict[str, str]], delimiter: str) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(found[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(found)
    return text.getvalue()


def to_tsv(found: list[dict[str, str]]) -> str:
    def escaped(value: str) -> str:
        plain = value.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")
        return plain or "NULL"

    lines = [list(found[0]), *([escaped(value) for value in row.values()] for row in found)]
    return "\n".join("\t".join(line) for line in lines) + "\n"


def test_a_table_without_a_name_is_known_by_its_columns() -> None:
    found = read(
        ("a.txt", "ivr_id\tselection\tdest\tivr_ret\n1\t1\tivr-1,s,1\t0\n"),
        ("b.txt", "id,name,announcement,invalid_destination,timeout_destination\n1,a,1,,\n"),
    )
    assert found.present == {"ivr_entries", "ivr_details"}


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.sql", DUMP[:-3000], "no end"),
        ("a.sql", "INSERT INTO ivr_details VALUES (1,'a');\n", "--complete-insert"),
        ("a.sql", "INSERT INTO ivr_details VALUES (1,,'a';\n", "no SQL of MySQL"),
        ("a.csv", "colour,size\nred,1\n", "no table of FreePBX that we know"),
        ("ivr_entries.csv", "ivr_id,selection,dest\n1,2\n", "row 2: 2 fields"),
        ("ivr_entries.csv", 'ivr_id,selection,dest\n1,"2\n', "no readable CSV"),
        ("a.json", "[{", "no JSON"),
        ("a.json", '{"ivr_details": 5}', "no list of rows"),
        ("a.sql", "  \n", "an empty file"),
        ("recordings.json", "[]", "the table ivr_details is in none of the files"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place_and_advice(
    name: str, text: str, told: str
) -> None:
    with pytest.raises(SourceError) as refused:
        read((name, text))
    assert told in str(refused.value)


def test_an_export_in_another_encoding_is_refused() -> None:
    with pytest.raises(SourceError, match="utf8mb4"):
        decoded("a.sql", "Главное".encode("cp1251"))
