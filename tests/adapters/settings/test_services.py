"""What `ekc.yaml` says of information systems is taken as meant, or refused in its place."""

from __future__ import annotations

import re
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from ekc_telephony.adapters.services.spec import BreakerRule, Method, ServiceSpec
from ekc_telephony.core.kernel.ids import ServiceId
from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.services import (
    SecretMissingError,
    ServiceMethod,
    ServiceSettings,
    service_specs,
)
from tests.adapters.settings.test_load import SAMPLE, mistakes, written

SAMPLE_WITHOUT = re.sub(r"^services:.*?(?=^schedules:)", "", SAMPLE, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    script = tmp_path / "ivr_scripts" / "hotline.yaml"
    script.parent.mkdir()
    script.touch()
    return tmp_path


def with_service(keys: str) -> str:
    head, schedules, rest = SAMPLE_WITHOUT.partition("schedules:\n")
    assert rest
    return f"{head}services:\n  - {keys}\n{schedules}{rest}"


def read(folder: Path, keys: str) -> ServiceSettings:
    (service,) = load_settings(written(folder, with_service(keys))).services
    return service


def test_a_service_is_asked_by_post_with_patience_and_care_unless_told_otherwise(
    folder: Path,
) -> None:
    service = read(folder, "{id: status, url: https://is.example/status}")
    assert service_specs([service], {}) == (
        ServiceSpec(
            service=ServiceId("status"),
            method=Method.POST,
            url="https://is.example/status",
            headers={},
            patience=timedelta(seconds=3),
            retries=0,
            is_safe=False,
            at_once=20,
            breaker=BreakerRule(failures=5, pause=timedelta(seconds=30)),
            found_by=None,
            secret=None,
            ca_file=None,
        ),
    )


def test_every_key_means_what_it_says(folder: Path) -> None:
    service = read(
        folder,
        "{id: offices, url: 'https://is.example/{region}?q={q}', public: [region, q], safe: true,"
        " headers: {X-Code: code}, timeout: 2s, retries: 2, at_once: 3,"
        " breaker: {failures: 2, pause: 10s}, found: {field: result.offices},"
        " secret_header: Authorization}",
    )
    (spec,) = service_specs([service], {"offices": "Bearer x"})
    assert spec == ServiceSpec(
        service=ServiceId("offices"),
        method=Method.POST,
        url="https://is.example/{region}?q={q}",
        headers={"X-Code": "code"},
        patience=timedelta(seconds=2),
        retries=2,
        is_safe=True,
        at_once=3,
        breaker=BreakerRule(failures=2, pause=timedelta(seconds=10)),
        found_by=("result", "offices"),
        secret=("Authorization", "Bearer x"),
        ca_file=None,
    )
    assert "Bearer" not in repr(spec)


def test_asking_again_is_usual_where_it_does_no_harm(folder: Path) -> None:
    service = read(folder, "{id: a, url: https://is.example, method: GET}")
    assert service.method is ServiceMethod.GET
    assert service_specs([service], {})[0].retries == 1


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080/a", "http://[::1]/a", "http://localhost/a", "https://10.0.0.1"]
)
def test_plain_http_does_not_leave_the_machine(folder: Path, url: str) -> None:
    assert read(folder, f"{{id: a, url: '{url}'}}").url == url


def test_plain_http_leaves_the_machine_when_it_is_told_to(folder: Path) -> None:
    assert read(folder, "{id: a, url: 'http://10.0.0.1/a', insecure: true}").insecure


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("url: http://10.0.0.1/a", "insecure: true"),
        ("url: ftp://is.example/a", "a URL such as"),
        ("url: 'https://is.example:port/'", "a URL such as"),
        ("url: https:///a", "a URL such as"),
        ("url: https://ekc@is.example/a", "a URL such as"),
        ("url: 'https://is.example/a#b'", "a URL such as"),
        ("url: 'https://is.example/a b'", "a URL such as"),
        ("url: https://is.example/путь", "a URL such as"),
        ("url: 'https://{host}/a', public: [host]", "a URL such as"),
        ("url: 'https://is.example/{A}'", "a URL such as"),
        ("url: 'https://is.example/}'", "a URL such as"),
        ("url: 'https://is.example/{snils}'", "`snils` in the body or in a header"),
        ("url: https://is.example, retries: 1", "`safe: true` with `retries`"),
        ("url: https://is.example, timeout: 1m", "at most 30s"),
        ("url: https://is.example, timeout: 3", "a duration with its unit"),
        ("url: https://is.example, method: PUT", "one of: POST, GET"),
        ("url: https://is.example, headers: {Cookie: a}", "written by the engine"),
        ("url: https://is.example, headers: {'X A': a}", "the name of an HTTP header"),
        ("url: https://is.example, headers: {X-A: Ф}", "a field's name"),
        ("url: https://is.example, headers: {x-a: a}, secret_header: X-A", "every header once"),
        ("url: https://is.example, found: {field: a..b}", "a place in the answer"),
        ("url: https://is.example, found: {feild: a}", "one of: field"),
        ("url: https://is.example, breaker: {failures: 0}", "not below 1"),
        ("url: 'http://127.0.0.1/', ca_file: ca.pem", "https with `ca_file`"),
        ("url: https://is.example, ca_file: ca.pem", "certificates in PEM"),
        ("url: https://is.example, timout: 3s", "one of: at_once"),
    ],
)
def test_what_cannot_be_right_is_told_with_its_place(
    folder: Path, keys: str, expected: str
) -> None:
    text = with_service(f"{{id: a, {keys}}}")
    (mistake,) = mistakes(folder, text)
    line = text[: text.index("- {id: a")].count("\n") + 1
    assert f"ekc.yaml:{line}:" in mistake
    assert expected in mistake


def test_a_password_in_a_url_is_refused_without_being_shown(folder: Path) -> None:
    (mistake,) = mistakes(folder, with_service("{id: a, url: 'https://ekc:hunter2@is.example'}"))
    assert "hunter2" not in mistake


def test_an_id_is_given_once(folder: Path) -> None:
    twice = "{id: a, url: https://is.example}\n  - {id: a, url: https://is.example}"
    (mistake,) = mistakes(folder, with_service(twice))
    assert "the service a for the second time" in mistake


def test_a_file_without_certificates_is_refused(folder: Path) -> None:
    (folder / "ca.pem").write_text("no certificate")
    keys = "{id: a, url: https://is.example, ca_file: ca.pem}"
    (mistake,) = mistakes(folder, with_service(keys))
    assert "found a file without certificates" in mistake


def test_certificates_are_read(folder: Path) -> None:
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=ca"
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "ca.pem")]
    subprocess.run([*make.split(), *files], check=True, capture_output=True)
    service = read(folder, "{id: a, url: https://is.example, ca_file: ca.pem}")
    assert service.ca_file == folder / "ca.pem"


def test_a_secret_that_is_not_known_is_asked_for(folder: Path) -> None:
    service = read(folder, "{id: a, url: https://is.example, secret_header: X-Key}")
    with pytest.raises(SecretMissingError, match="ekc services secret a"):
        service_specs([service], {"b": "x"})


@pytest.mark.parametrize(
    ("keys", "fields", "personal", "trouble"),
    [
        ("", ["snils", "code"], ["snils"], None),
        ("", [], [], None),
        (", method: GET", ["snils"], [], "no place for `snils`"),
        (", method: GET, headers: {X-Snils: snils}", ["snils"], ["snils"], None),
        (", headers: {X-Snils: snils}", [], [], "needs `snils`"),
    ],
)
def test_whether_a_lookup_fits_is_known_before_it_is_asked(
    folder: Path, keys: str, fields: list[str], personal: list[str], trouble: str | None
) -> None:
    found = read(folder, f"{{id: a, url: https://is.example{keys}}}").misfit(
        fields, personal=personal
    )
    assert (found is None) if trouble is None else (trouble in (found or ""))


def test_what_is_personal_is_kept_out_of_urls_whatever_is_called_public(folder: Path) -> None:
    service = read(folder, "{id: a, url: 'https://is.example/{region}', public: [region]}")
    assert service.misfit(["region"]) is None
    assert "would stand in the URL" in (service.misfit(["region"], personal=["region"]) or "")
