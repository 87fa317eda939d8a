"""`ekc ivr import freepbx` as an admin meets it: files, snippets, refusals."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner, Result

from ekc_telephony.cli.root import app
from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.values import HolidayCalendar

PROJECT: Final = Path(__file__).parents[3]
DUMP: Final = PROJECT / "tests/adapters/importing/office.sql"
REGIONAL: Final = PROJECT / "tests/adapters/importing/regional.sql"
CALLED: Final = frozenset({"adresa_i_chasy.yaml"})
"""Calls do not begin in it."""


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
    told = {each["row"] for each in tree["remarks"] if each["weight"] != "check"}
    assert "ivr_entries[1, 12]" in told
    assert len(told | set(tree["carried"])) == tree["rows"]


def test_an_export_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("a,b\n1,2\n", encoding="utf-8")
    refused = run(tmp_path / "notes.txt", "--into", tmp_path / "out")
    assert refused.exit_code == 2
    assert "notes.txt: no table of FreePBX that we know" in refused.output
    assert not (tmp_path / "out").exists()


def pasted(folder: Path, dump: Path) -> Path:
    """Return the sample configuration of a site with the imported snippets pasted into it."""
    shutil.copytree(PROJECT / "ivr_scripts", scripts := folder / "ivr_scripts")
    done = run(dump, "--into", scripts)
    assert done.exit_code == 0, done.output
    report = (scripts / "IMPORT.md").read_text(encoding="utf-8")
    sample = (PROJECT / "ekc.yaml").read_text(encoding="utf-8")
    for snippet in re.findall(r"```yaml\n(.*?)\n```", report, re.DOTALL):
        heading, lines = snippet.split("\n", 1)
        sample = sample.replace(f"\n{heading} []", f"\n{heading}\n#")
        assert f"\n{heading}\n" in sample
        sample = sample.replace(f"\n{heading}\n", f"\n{heading}\n{lines}\n", 1)
    sample = sample.replace("state: .runtime/state", "state: state")
    sample = sample.replace("sounds: sounds ", f"sounds: {PROJECT / 'sounds'} ")
    config = folder / "ekc.yaml"
    config.write_text(sample, encoding="utf-8")
    return config


def test_the_snippets_are_words_of_ekc_yaml(tmp_path: Path) -> None:
    """The sample configuration with the snippets pasted into it is in order."""
    settings = load_settings(pasted(tmp_path, DUMP))
    assert settings.schedules["rabochie_chasy"].holidays is HolidayCalendar.NONE
    assert {"spravochnaya", "pensii"} <= {queue.id for queue in settings.queues}


@pytest.mark.parametrize("dump", [DUMP, REGIONAL])
def test_whatever_the_check_refuses_is_said_in_the_script_and_in_the_report(
    tmp_path: Path, dump: Path
) -> None:
    """The admin has followed the report, and recorded all that it names."""
    config = pasted(tmp_path, dump)
    report = (tmp_path / "ivr_scripts" / "IMPORT.md").read_text(encoding="utf-8")
    scripts = re.findall(r"^\| (\w+\.yaml) \|", report, re.MULTILINE)
    prompts = re.findall(r"^\| (freepbx-[\w-]+) \|", report, re.MULTILINE)
    shipped = sorted((PROJECT / "sounds" / "ru").glob("*.wav"))
    for language in ("ru", "en"):
        (studio := tmp_path / "state" / "studio" / language).mkdir(parents=True)
        for key in [*prompts, *(each.stem for each in shipped if language != "ru")]:
            shutil.copyfile(PROJECT / "sounds" / "ru" / "key-1.wav", studio / f"{key}.wav")
    files = [str(tmp_path / "ivr_scripts" / each) for each in scripts if each not in CALLED]
    told = CliRunner().invoke(app, ["ivr", "check", *files, "--config", str(config), "--json"])
    errors = [
        (Path(finding["file"]), finding["line"], finding["code"])
        for judgement in json.loads(told.stdout)
        for finding in judgement["findings"]
        if finding["severity"] == "error"
    ]
    assert errors
    for file, line, code in errors:
        assert f"# ekc ivr check, {code}: " in comments_above(file, line)
        assert f"| {code} |" in report


def comments_above(file: Path, line: int) -> str:
    """Return the comments of the node in which a line is."""
    lines = file.read_text(encoding="utf-8").splitlines()[:line]
    while not re.fullmatch(r"  [\w-]+:", lines[-1]):
        lines.pop()
    said = []
    while lines[-2].startswith("  #"):
        said.append(lines.pop(-2))
    return "\n".join(said)


def test_imported_scripts_tell_editors_their_schema(tmp_path: Path) -> None:
    run(REGIONAL, "--into", tmp_path)
    first = {file.read_text(encoding="utf-8").splitlines()[0] for file in tmp_path.glob("*.yaml")}
    shipped = (PROJECT / "ivr_scripts" / "hotline.yaml").read_text(encoding="utf-8")
    assert first == {shipped.splitlines()[0]}
