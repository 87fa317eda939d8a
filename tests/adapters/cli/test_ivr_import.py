"""`ekc ivr import freepbx` as an admin meets it: files, snippets, refusals."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Final

from typer.testing import CliRunner, Result

from ekc_telephony.cli.root import app
from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.values import HolidayCalendar

PROJECT: Final = Path(__file__).parents[3]
DUMP: Final = PROJECT / "tests/adapters/importing/office.sql"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["ivr", "import", "freepbx", *map(str, arguments)])


def files_of(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()}


def test_scripts_and_report_are_written_and_the_snippets_shown(tmp_path: Path) -> None:
    done = run(DUMP, "--into", tmp_path / "new" / "folder")
    assert done.exit_code == 0, done.output
    files = files_of(tmp_path / "new" / "folder")
    assert set(files) == {"goryachaya_liniya.yaml", "zagotovka_test.yaml", "IMPORT.md"}
    assert '{did: "88003000001", script: goryachaya_liniya}' in done.output
    assert "| IVR 1 «Главное меню», клавиша 12 |" in files["IMPORT.md"]
    assert "custom/privet" in files["IMPORT.md"]


def test_importing_again_changes_nothing_and_needs_no_force(tmp_path: Path) -> None:
    run(DUMP, "--into", tmp_path)
    before = files_of(tmp_path)
    assert run(DUMP, "--into", tmp_path).exit_code == 0
    assert files_of(tmp_path) == before


def test_what_an_admin_edited_is_overwritten_only_by_force_and_nothing_by_half(
    tmp_path: Path,
) -> None:
    run(DUMP, "--into", tmp_path)
    edited = tmp_path / "goryachaya_liniya.yaml"
    edited.write_text("# mine\n", encoding="utf-8")
    (tmp_path / "IMPORT.md").unlink()
    refused = run(DUMP, "--into", tmp_path)
    assert refused.exit_code == 1
    assert "goryachaya_liniya.yaml would be overwritten" in refused.output
    assert set(files_of(tmp_path)) == {"goryachaya_liniya.yaml", "zagotovka_test.yaml"}
    assert run(DUMP, "--into", tmp_path, "--force").exit_code == 0
    assert edited.read_text(encoding="utf-8") != "# mine\n"


def test_the_answer_for_programs_names_scripts_remarks_and_rows(tmp_path: Path) -> None:
    done = run(DUMP, "--into", tmp_path, "--json")
    tree = json.loads(done.output)
    assert [each["file"] for each in tree["scripts"]] == [
        "goryachaya_liniya.yaml",
        "zagotovka_test.yaml",
    ]
    told = {each["row"] for each in tree["remarks"]}
    assert "ivr_entries[1, 12]" in told
    assert len(told | set(tree["carried"])) == tree["rows"]


def test_an_export_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("a,b\n1,2\n", encoding="utf-8")
    refused = run(tmp_path / "notes.txt", "--into", tmp_path / "out")
    assert refused.exit_code == 2
    assert "notes.txt: no table of FreePBX that we know" in refused.output
    assert not (tmp_path / "out").exists()


def test_the_snippets_are_words_of_ekc_yaml(tmp_path: Path) -> None:
    """The sample configuration with the snippets pasted into it is in order."""
    shutil.copytree(PROJECT / "ivr_scripts", scripts := tmp_path / "ivr_scripts")
    run(DUMP, "--into", scripts)
    report = (scripts / "IMPORT.md").read_text(encoding="utf-8")
    sample = (PROJECT / "ekc.yaml").read_text(encoding="utf-8")
    for snippet in re.findall(r"```yaml\n(.*?)\n```", report, re.DOTALL):
        heading, lines = snippet.split("\n", 1)
        sample = sample.replace(f"\n{heading} []", f"\n{heading}\n#")
        assert f"\n{heading}\n" in sample
        sample = sample.replace(f"\n{heading}\n", f"\n{heading}\n{lines}\n", 1)
    settings = load_settings(tmp_path / "ekc.yaml", text=sample)
    assert settings.schedules["rabochie_chasy"].holidays is HolidayCalendar.NONE
    assert {"spravochnaya", "pensii"} <= {queue.id for queue in settings.queues}
