"""Passwords are made once, kept to their owner, and never shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ekc_telephony.adapters.asterisk_conf.secrets import (
    SecretsError,
    keep_service_secret,
    load_or_create_secrets,
)


def test_secrets_are_made_once_and_are_all_different(tmp_path: Path) -> None:
    file = tmp_path / "state" / "secrets.json"
    made = load_or_create_secrets(file, ["ivanova", "petrov"])
    assert load_or_create_secrets(file, ["ivanova", "petrov"]) == made
    passwords = {made.ari, made.ami, made.guard, *made.operators.values()}
    assert len(passwords) == 5
    assert all(len(word) >= 32 for word in passwords)
    assert len(made.journal) == 32
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_new_operator_gets_a_password_and_nobody_elses_changes(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    before = load_or_create_secrets(file, ["ivanova"])
    after = load_or_create_secrets(file, ["ivanova", "petrov"])
    assert (after.ari, after.ami) == (before.ari, before.ami)
    assert after.operators["ivanova"] == before.operators["ivanova"]
    assert set(after.operators) == {"ivanova", "petrov"}


def test_a_file_of_an_older_version_is_completed_and_nothing_in_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    old = {"ari": "a", "ami": "b", "operators": {"ivanova": "c"}}
    file.touch(mode=0o600)
    file.write_text(json.dumps(old))
    made = load_or_create_secrets(file, ["ivanova"])
    assert (made.ari, made.ami, dict(made.operators)) == ("a", "b", {"ivanova": "c"})
    assert len(made.guard) >= 32
    assert len(made.journal) == 32
    assert load_or_create_secrets(file, ["ivanova"]) == made
    assert json.loads(file.read_text()).items() >= old.items()


def test_an_operator_who_comes_back_gets_a_new_password(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    before = load_or_create_secrets(file, ["ivanova", "petrov"])
    load_or_create_secrets(file, ["ivanova"])
    again = load_or_create_secrets(file, ["ivanova", "petrov"])
    assert again.operators["petrov"] != before.operators["petrov"]


def test_a_file_open_to_others_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    load_or_create_secrets(file, ["ivanova"])
    file.chmod(0o644)
    with pytest.raises(SecretsError, match="chmod 600"):
        load_or_create_secrets(file, ["ivanova"])


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"ari": 1, "ami": "", "operators": {}}',
        '{"ari": "a", "ami": "b", "operators": {}, "guard": 7}',
        '{"ari": "a", "ami": "b", "operators": {}, "journal": "c2hvcnQ="}',
        '{"ari": "a", "ami": "b", "operators": {}, "journal": "no key!"}',
        "\0",
    ],
)
def test_a_damaged_file_is_refused_and_left_alone(tmp_path: Path, content: str) -> None:
    file = tmp_path / "secrets.json"
    file.write_text(content)
    file.chmod(0o600)
    with pytest.raises(SecretsError, match="backup"):
        load_or_create_secrets(file, ["ivanova"])
    assert file.read_text() == content


def test_secrets_do_not_show_in_a_log(tmp_path: Path) -> None:
    made = load_or_create_secrets(tmp_path / "secrets.json", ["ivanova"])
    assert made.ari not in repr(made)
    assert made.guard not in repr(made)
    assert repr(made.journal) not in repr(made)
    assert made.operators["ivanova"] not in repr(made)


def test_what_information_systems_know_us_by_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    before = load_or_create_secrets(file, ["ivanova"])
    keep_service_secret(file, ["ivanova"], service="status", secret="Bearer x")
    keep_service_secret(file, ["ivanova"], service="offices", secret="y")
    after = load_or_create_secrets(file, ["ivanova", "petrov"])
    assert after.services == {"status": "Bearer x", "offices": "y"}
    assert (after.ari, after.journal) == (before.ari, before.journal)
    assert "Bearer" not in repr(after)
    assert file.stat().st_mode & 0o777 == 0o600
