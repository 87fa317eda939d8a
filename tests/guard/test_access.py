"""`guard.json`, and what is said about one that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ekc_telephony.adapters.ami.client import AmiAccess
from ekc_telephony.guard.access import AccessFileError, read_access

RIGHT = {"host": "127.0.0.1", "port": 5038, "user": "ekc-guard", "secret": "s3cret"}


def test_the_rendered_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "guard.json"
    path.write_text(json.dumps(RIGHT))
    assert read_access(path) == AmiAccess(
        host="127.0.0.1", port=5038, user="ekc-guard", secret="s3cret"
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{", "is no JSON"),
        ("\ud800".encode("utf-16", "surrogatepass").decode("latin-1"), "is no JSON"),
        ("[]", "found list"),
        ("{}", "found []"),
        (json.dumps(RIGHT | {"realm": "s3cret"}), "'realm'"),
        (json.dumps(RIGHT | {"port": "5038"}), "port is str; expected int"),
        (json.dumps(RIGHT | {"port": True}), "port is bool; expected int"),
        (json.dumps(RIGHT | {"secret": None}), "secret is NoneType; expected str"),
    ],
)
def test_a_mistake_in_it_is_told_with_its_place_and_the_remedy(
    tmp_path: Path, text: str, found: str
) -> None:
    path = tmp_path / "guard.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(AccessFileError) as caught:
        read_access(path)
    assert str(path) in str(caught.value)
    assert found in str(caught.value)
    assert "ekc conf render" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_missing_file_is_told_in_the_same_way(tmp_path: Path) -> None:
    with pytest.raises(AccessFileError, match=r"guard\.json: cannot be read \(No such file"):
        read_access(tmp_path / "guard.json")
