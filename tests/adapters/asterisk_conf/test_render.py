"""The rendered files say what was meant, and no value can say more."""

from __future__ import annotations

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


def test_every_dialplan_context_of_ours_ends_in_the_engine_or_the_fallback(conf: NodeConf) -> None:
    dialplan = render(conf)["extensions.conf"]
    assert "Dial(" not in dialplan
    assert "System(" not in dialplan
    for line in dialplan.splitlines():
        if line.startswith("exten => ") and "Answer" not in line:
            assert f",1,Stasis({conf.app}," in line


def test_a_value_that_would_begin_a_new_line_is_refused(conf: NodeConf) -> None:
    for name in ("Иван\nsecret = x", "Иван ; x", "Иван\rx"):
        phone = PhoneConf(account="ivan", name=name, password="p", contact=None)
        with pytest.raises(ValueError, match="would end its line"):
            render(replace(conf, phones=(phone,)))


def test_a_phone_with_a_fixed_address_is_never_asked_whether_it_is_there(conf: NodeConf) -> None:
    phone = PhoneConf(account="ivan", name="Иван", password="p", contact="sip:127.0.0.1:5062")
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
