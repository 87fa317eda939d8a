"""The rendered files say what was meant, and no value can say more."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from ekc_telephony.adapters.asterisk_conf.conf import (
    Installation,
    InstallationIncompleteError,
    NodeConf,
    PhoneConf,
)
from ekc_telephony.adapters.asterisk_conf.folder import (
    ChangeKind,
    FolderUnusableError,
    differences,
    pending_changes,
    write_folder,
)
from ekc_telephony.adapters.asterisk_conf.render import render
from ekc_telephony.settings.asterisk import golden_conf
from ekc_telephony.settings.load import load_settings

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def conf(tmp_path: Path) -> NodeConf:
    return replace(golden_conf(load_settings(PROJECT / "ekc.yaml")), folder=tmp_path / "node")


def test_the_golden_files_are_what_the_sample_renders_to() -> None:
    golden = golden_conf(load_settings(PROJECT / "ekc.yaml"))
    assert differences(PROJECT / "asterisk_conf" / "golden", render(golden)) == ""


def test_nothing_in_the_dialplan_dials_or_runs_a_program_but_the_fallbacks(
    conf: NodeConf,
) -> None:
    dialplan = render(conf)["extensions.conf"]
    for forbidden in ("Dial(", "System(", "TrySystem(", "SHELL(", "Originate("):
        assert forbidden not in dialplan
    programs = set(re.findall(r"AGI\(([^,)]*)", dialplan))
    assert programs == {"ekc-fallback"}


@pytest.mark.parametrize("context", ["from-trunk", "from-operators"])
def test_the_heartbeat_is_looked_at_before_the_engine_gets_a_call(
    conf: NodeConf, context: str
) -> None:
    extensions = context_of(conf, context).split("exten => ")[1:]
    assert len(extensions) == 3
    for extension in extensions:
        before, engine, after = extension.partition(f"Stasis({conf.app},")
        assert engine
        assert "EKC_ALIVE_AT" in before
        assert "Goto(" in after


def test_the_path_of_an_ordinary_call_has_three_steps(conf: NodeConf) -> None:
    extension = context_of(conf, "from-trunk").split("exten => ")[1]
    assert extension.partition("Stasis(")[0].count("\n") == 2


def test_all_operators_wait_for_callers_of_the_fallback_the_second_line_behind_the_first(
    conf: NodeConf,
) -> None:
    queue = section_of(render(conf)["queues.conf"], "ekc-fallback")
    members = re.findall(r"member => PJSIP/(\w+),(\d+)", queue)
    assert [account for account, _ in members] == [phone.account for phone in conf.phones]
    assert dict(members)["ivanova"] == "0"
    assert dict(members)["orlov"] == "10"


def test_a_caller_of_the_fallback_leaves_the_queue_by_a_key_that_its_context_knows(
    conf: NodeConf,
) -> None:
    assert "context = fallback\n" in section_of(render(conf)["queues.conf"], "ekc-fallback")
    assert re.findall(r"exten => (\w+),1,", context_of(conf, "fallback")) == ["s", "1"]


def test_every_prompt_of_the_dialplan_and_the_queue_is_shipped(conf: NodeConf) -> None:
    files = render(conf)
    named = set(re.findall(r"ekc/([a-z-]+)", files["extensions.conf"] + files["queues.conf"]))
    named -= {conf.folder.name}
    assert named == {
        "fallback-apology",
        "fallback-choice",
        "fallback-hidden",
        "fallback-callback",
        "fallback-no-operator",
        "queue-still-waiting",
        "service-unavailable",
        "technical-failure",
    }
    assert all((PROJECT / "sounds" / "ru" / f"{key}.wav").is_file() for key in named)


def test_the_guard_may_look_redirect_and_hang_up_and_no_more(conf: NodeConf) -> None:
    guard = section_of(render(conf)["manager.conf"], "ekc-guard")
    assert f"secret = {conf.guard_password}\n" in guard
    assert "read =\n" in guard
    assert "write = call,reporting\n" in guard


def test_the_guard_finds_its_access_in_a_file_of_its_own(conf: NodeConf) -> None:
    write_folder(conf, render(conf))
    file = conf.folder / "guard.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_text()) == {
        "host": conf.ami.bind,
        "port": conf.ami.port,
        "user": "ekc-guard",
        "secret": conf.guard_password,
    }


def context_of(conf: NodeConf, name: str) -> str:
    return section_of(render(conf)["extensions.conf"], name)


def section_of(text: str, name: str) -> str:
    return text.partition(f"\n[{name}]\n")[2].partition("\n[")[0]


def test_a_value_that_would_begin_a_new_line_is_refused(conf: NodeConf) -> None:
    for name in ("Иван\nsecret = x", "Иван ; x", "Иван\rx"):
        phone = PhoneConf(account="ivan", name=name, password="p", contact=None, fallback_penalty=0)
        with pytest.raises(ValueError, match="would end its line"):
            render(replace(conf, phones=(phone,)))


def test_a_phone_with_a_fixed_address_is_never_asked_whether_it_is_there(conf: NodeConf) -> None:
    phone = PhoneConf(
        account="ivan", name="Иван", password="p", contact="sip:127.0.0.1:5062", fallback_penalty=0
    )
    text = render(replace(conf, phones=(phone,)))["pjsip.conf"]
    assert "contact = sip:127.0.0.1:5062" in text
    assert text.rindex("qualify_frequency = 0") > text.rindex("contact = sip:")
    assert "qualify_frequency = 60" in text
    assert "qualify_frequency" not in render(replace(conf, qualify_every=None))["pjsip.conf"]


def test_nobody_is_let_in_unknown(conf: NodeConf) -> None:
    files = render(conf)
    assert "anonymous" not in files["pjsip.conf"].replace("no anonymous endpoint", "")
    assert "endpoint_identifier_order = ip,auth_username,username" in files["pjsip.conf"]
    assert "originate" not in files["manager.conf"].split("read = ")[1].split("writetimeout")[0]
    assert "autoload = no" in files["modules.conf"]
    assert "live_dangerously = no" in files["asterisk.conf"]


def test_writing_twice_changes_nothing_the_second_time(conf: NodeConf) -> None:
    files = render(conf)
    assert {change.kind for change in write_folder(conf, files)} == {ChangeKind.CREATED}
    assert write_folder(conf, files) == ()
    assert (conf.folder / "etc" / "pjsip.conf").stat().st_mode & 0o777 == 0o640
    assert differences(conf.folder / "etc", files) == ""


def test_only_what_differs_is_written_and_a_sites_own_files_stay(conf: NodeConf) -> None:
    write_folder(conf, render(conf))
    own = conf.folder / "etc" / "site" / "pjsip-own.conf"
    own.write_text("; ours\n")
    changes = write_folder(conf, render(replace(conf, rtp_last=18_499)))
    assert [(change.path.name, change.kind) for change in changes] == [
        ("rtp.conf", ChangeKind.CHANGED)
    ]
    assert own.read_text() == "; ours\n"
    assert not list((conf.folder / "etc").glob(".*"))


def test_moving_the_sounds_moves_the_links(conf: NodeConf, tmp_path: Path) -> None:
    write_folder(conf, render(conf))
    moved = replace(conf, sounds=tmp_path / "sounds")
    assert {change.path.name for change in write_folder(moved, render(moved))} == {"moh", "ekc"}
    assert (conf.folder / "data" / "moh").readlink() == tmp_path / "sounds" / "moh"


def test_what_would_change_is_told_without_changing_it(conf: NodeConf, tmp_path: Path) -> None:
    files = render(conf)
    due = pending_changes(conf, files)
    assert not conf.folder.exists()
    assert write_folder(conf, files) == due
    assert pending_changes(conf, files) == ()
    (conf.folder / "agi" / "ekc-fallback").write_text("# of an older release\n")
    (conf.folder / "guard.json").unlink()
    moved = replace(conf, studio=tmp_path / "studio")
    links = {
        (conf.folder / "data/sounds" / name / "ekc", ChangeKind.CHANGED)
        for name in ("ru_site_studio", "ru_site_studio_en_site_studio")
    }
    assert {(each.path, each.kind) for each in pending_changes(moved, files)} == links | {
        (conf.folder / "agi/ekc-fallback", ChangeKind.CHANGED),
        (conf.folder / "guard.json", ChangeKind.CREATED),
    }


def test_a_folder_that_asterisk_could_not_live_in_is_refused_in_words(
    conf: NodeConf, tmp_path: Path
) -> None:
    too_deep = replace(conf, folder=tmp_path / ("x" * 100))
    with pytest.raises(FolderUnusableError, match="shorter path"):
        write_folder(too_deep, render(too_deep))
    (conf.folder / "data" / "moh").mkdir(parents=True)
    with pytest.raises(FolderUnusableError, match="Move it away"):
        write_folder(conf, render(conf))


def test_an_installation_is_found_or_its_absence_explained(tmp_path: Path) -> None:
    with pytest.raises(InstallationIncompleteError, match="make setup"):
        Installation.find(tmp_path)
    modules = tmp_path / "usr/lib/x86_64-linux-gnu/asterisk/modules"
    modules.mkdir(parents=True)
    (modules / "res_ari.so").touch()
    with pytest.raises(InstallationIncompleteError, match="rest-api"):
        Installation.find(tmp_path)
    (tmp_path / "usr/share/asterisk/rest-api").mkdir(parents=True)
    assert Installation.find(tmp_path).modules == modules
