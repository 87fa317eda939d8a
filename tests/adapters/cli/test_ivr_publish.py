"""`ekc ivr publish`, `versions`, `rollback` and `diff` as a person meets them."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner

from ekc_telephony.adapters.clock import SystemClock
from ekc_telephony.bootstrap.full_gate import GATE
from ekc_telephony.bootstrap.gate import Check, Draft, GateRefusedError
from ekc_telephony.bootstrap.publishing import Publisher
from ekc_telephony.cli.root import app
from ekc_telephony.core.ivr.published import Deed, Person
from ekc_telephony.settings.errors import SettingsError
from tests.adapters.cli.publishing_site import HOTLINE, Site

PETROVA: Final = Person(name="petrova", login="ekc")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


# --- publishing


def test_the_first_start_publishes_what_is_on_disk(site: Site) -> None:
    site.starts()
    (first,) = site.store.publications()
    assert (first.number, first.who.name, first.deed) == (1, "first start", Deed.PUBLISHED)
    assert [each.script for each in first.changes] == ["hotline"]
    site.starts()
    assert len(site.store.publications()) == 1


def test_a_start_that_speaks_texts_asks_the_service_manager_to_wait(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All texts of the scripts that ship take longer than systemd gives a start."""
    site.edit("prompts: [greeting]", "prompts: [{text: Проверка связи.}]")
    address = str(site.config.parent / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        site.starts()
        heard = manager.recv(4096).decode()
    assert heard == "EXTEND_TIMEOUT_USEC=30000000\nSTATUS=speaking the texts of scripts: 1 of 1"


def test_editing_a_file_alone_changes_nothing_and_is_said(site: Site) -> None:
    site.starts()
    before = site.live
    site.edit("timeout: 5s", "timeout: 4s")
    site.starts()
    assert site.live == before
    ended = CliRunner().invoke(app, ["conf", "check", "--config", str(site.config)])
    assert ended.exit_code == 0
    said = "hotline differs from the published version; `ekc ivr publish hotline` makes it live"
    assert said in ended.stdout
    assert said in site.ivr("versions").stdout


def test_publishing_shows_what_differs_and_keeps_who_and_why(site: Site) -> None:
    site.starts()
    before = site.live
    site.edit("timeout: 5s", "timeout: 4s")
    ended = site.ivr("publish", "hotline", "--why", "три попытки", "--who", "petrova")
    assert "-    timeout: 5s" in ended.stdout
    assert "+    timeout: 4s" in ended.stdout
    assert "Publication 2 by petrova" in ended.stdout
    assert "The engine does not answer" in ended.stdout
    assert site.live != before
    last = site.told("versions", "hotline")["publications"][0]
    assert (last["number"], last["why"]) == (2, "три попытки")
    assert last["who"]["name"] == "petrova"
    assert last["who"]["login"]
    assert last["gate"] == [each.name for each in GATE]
    assert "+    timeout: 4s" in last["changes"][0]["diff"]
    assert last["changes"][0]["before"] == before


def test_a_script_with_a_mistake_is_refused_with_its_place_and_nothing_changes(site: Site) -> None:
    site.starts()
    before = site.store.present()
    site.edit("next: main_menu", "next: main_men")
    ended = site.ivr("publish", "hotline", "--why", "…", code=1)
    assert "refused, and nothing was changed" in ended.stderr
    assert f"{site.hotline}:" in ended.stderr
    assert "did you mean main_menu?" in ended.stderr
    assert site.store.present() == before
    assert len(site.store.publications()) == 1


def test_a_reason_is_asked_for(site: Site) -> None:
    site.ivr("publish", "hotline", code=2)
    assert "--why: found nothing" in site.ivr("publish", "hotline", "--why", " ", code=2).stderr
    assert site.store.present().number == 0


def test_what_is_published_already_is_not_published_again(site: Site) -> None:
    site.starts()
    ended = site.ivr("publish", "hotline", "--why", "…", code=2)
    assert "found the version that callers meet already" in ended.stderr


def test_a_script_that_is_not_there_is_named(site: Site) -> None:
    assert "no such file" in site.ivr("publish", "hotlin", "--why", "…", code=2).stderr


def test_a_check_of_the_gate_may_refuse(site: Site) -> None:
    site.starts()
    site.edit("timeout: 5s", "timeout: 4s")
    asked: list[Draft] = []

    def objections(draft: Draft) -> list[str]:
        asked.append(draft)
        return ["hotline.yaml:12:5: found a menu that ends in silence; expected a person"]

    publisher = Publisher(
        site.settings,
        site.store,
        clock=SystemClock(),
        gate=[Check(name="proofs", objections=objections)],
    )
    with pytest.raises(GateRefusedError, match="found a menu that ends in silence"):
        publisher.publish([HOTLINE], who=PETROVA, why="…")
    assert [each.script for each in asked[0].bundles] == ["hotline"]
    assert site.store.present().number == 1


def test_several_scripts_are_published_at_once(site: Site) -> None:
    ended = site.ivr("publish", "hotline", "overload", "--why", "…")
    assert "hotline: " in ended.stdout
    assert site.store.present().scripts.keys() == {"hotline", "overload"}
    assert len(site.store.publications()) == 1


# --- going back


def test_rolling_back_makes_the_version_before_live_again_and_leaves_the_file(site: Site) -> None:
    site.starts()
    first = site.live
    site.edit("timeout: 5s", "timeout: 4s")
    site.ivr("publish", "hotline", "--why", "…")
    second = site.live
    ended = site.ivr("rollback", "hotline", "--why", "жалобы")
    assert "+    timeout: 5s" in ended.stdout
    assert site.live == first
    assert "timeout: 4s" in site.hotline.read_text(encoding="utf-8")
    assert site.store.publications()[-1].deed is Deed.ROLLED_BACK
    site.ivr("rollback", "hotline", second[:6], "--why", "всё же")
    assert site.live == second


def test_only_the_publication_that_callers_meet_is_marked(site: Site) -> None:
    """A version that was published twice is met by the last of both."""
    site.starts()
    first = site.live[:8]
    site.edit("timeout: 5s", "timeout: 4s")
    site.ivr("publish", "hotline", "--why", "…")
    second = site.live[:8]
    site.ivr("rollback", "hotline", "--why", "жалобы")
    site.ivr("publish", "overload", "--why", "…")
    marked = [line for line in site.ivr("versions").stdout.splitlines() if "*" in line]
    assert [line.split()[0] for line in marked] == ["4", "3"]
    assert f"rolled back hotline {first} *" in marked[1]
    assert f"published hotline {second} " in site.ivr("versions").stdout


def test_whoever_goes_back_is_not_held_up_by_proofs_and_tests(site: Site) -> None:
    site.edit("      0: to_first_line", "      9: to_first_line")
    site.starts()
    first = site.live
    site.edit("      9: to_first_line", "      0: to_first_line")
    site.ivr("publish", "hotline", "--why", "…")
    site.ivr("rollback", "hotline", "--why", "жалобы")
    assert site.live == first
    assert site.store.publications()[-1].gate == ("loading", "speech")


def test_there_may_be_nothing_to_go_back_to(site: Site) -> None:
    site.starts()
    ended = site.ivr("rollback", "hotline", "--why", "…", code=2)
    assert "found one version only" in ended.stderr
    ended = site.ivr("rollback", "hotline", "ffff", "--why", "…", code=2)
    assert "found no versions that begin with ffff" in ended.stderr
    assert "found no version of it" in site.ivr("rollback", "x", "--why", "…", code=2).stderr


def test_a_version_whose_queue_is_gone_is_not_brought_back(site: Site) -> None:
    site.starts()
    site.edit("queue: pensions", "queue: first_line")
    (site.hotline.parent / "tests" / "hotline.yaml").unlink()  # they want the queue
    site.ivr("publish", "hotline", "--why", "…")
    text = site.config.read_text(encoding="utf-8")
    site.config.write_text(text.replace("id: pensions", "id: pension"), encoding="utf-8")
    ended = site.ivr("rollback", "hotline", "--why", "…", code=1)
    assert "found the queue pensions, which does not exist" in ended.stderr
    assert "published/bundles/hotline@" in ended.stderr


def test_versions_can_be_compared(site: Site) -> None:
    site.starts()
    first = site.live
    assert not site.ivr("diff", "hotline").stdout
    site.edit("timeout: 5s", "timeout: 4s")
    assert "+    timeout: 4s" in site.ivr("diff", "hotline", code=1).stdout
    site.ivr("publish", "hotline", "--why", "…")
    assert not site.ivr("diff", "hotline").stdout
    assert "-    timeout: 4s" in site.ivr("diff", "hotline", site.live, first, code=1).stdout
    assert "+    timeout: 4s" in site.ivr("diff", "hotline", first[:7], code=1).stdout


# --- what the engine meets


def test_an_engine_refuses_to_start_with_a_broken_script_as_ever(site: Site) -> None:
    site.edit("next: main_menu", "next: main_men")
    with pytest.raises(SettingsError, match="found the node main_men"):
        site.starts()
    assert site.store.present().number == 0


def test_a_broken_file_keeps_no_engine_from_what_is_published(site: Site) -> None:
    site.starts()
    site.edit("next: main_menu", "next: main_men")
    site.starts()
