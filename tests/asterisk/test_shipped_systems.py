"""The scripts that ship, by telephone, with the made-up information systems of the lab."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from ekc_telephony.core.call.facts import CallOutcome
from lab.information_systems.server import InformationSystems, running_information_systems
from lab.ports import PortBlock
from lab.stand import Citizen, Stand, running_stand
from lab.waiting import happens
from lab.walk.site import did_of, prompt_saying, speak, write_walk_site

ANNA: Final = "11223344595"


@pytest.fixture(scope="module")
def systems() -> Iterator[InformationSystems]:
    with running_information_systems() as running:
        yield running


@pytest.fixture(scope="module")
def module_stand(
    tmp_path_factory: pytest.TempPathFactory, systems: InformationSystems
) -> Iterator[Stand]:
    folder = tmp_path_factory.mktemp("stand")

    config = write_walk_site(folder, ports=PortBlock.find_free(), url_of=systems.url_of)
    with running_stand(config, prepare=speak) as stand:
        yield stand


async def hears_and_presses(stand: Stand, citizen: Citizen, *turns: tuple[str, str]) -> None:
    for beginning, keys in turns:
        await stand.hears(citizen.line, prompt_saying(beginning))
        if keys:
            await citizen.line.press(keys)


async def test_a_doctors_appointment_is_made_at_night_without_an_operator(
    stand: Stand, systems: InformationSystems
) -> None:
    citizen = await stand.call(did_of("regional_122", is_open=False))
    await hears_and_presses(
        stand,
        citizen,
        ("Чтобы записаться к врачу", "1"),
        ("Чтобы записаться к терапевту", "1"),
        ("Чтобы записаться на это время", "1"),
        ("Наберите одиннадцать цифр СНИЛС того", ANNA),
        ("Чтобы услышать ещё раз", "2"),
    )
    await happens(citizen.line.ended)
    assert await stand.outcome_of(citizen.number) is CallOutcome.SELF_SERVED
    assert systems.registry.booked == {"101": ANNA}


async def test_an_application_is_found_by_its_number_and_date(stand: Stand) -> None:
    citizen = await stand.call(did_of("federal", is_open=True))
    await hears_and_presses(
        stand,
        citizen,
        ("Чтобы узнать, как решается", "1"),
        ("Наберите номер вашего заявления", "1000002"),
        ("Теперь наберите дату", "13012026"),
        ("Решение положительное", ""),
        ("Чтобы услышать ещё раз", "2"),
    )
    await happens(citizen.line.ended)
    assert await stand.outcome_of(citizen.number) is CallOutcome.SELF_SERVED


async def test_a_doctor_comes_home_to_whoever_is_known(
    stand: Stand, systems: InformationSystems
) -> None:
    citizen = await stand.call(did_of("regional_122", is_open=True))
    await hears_and_presses(
        stand,
        citizen,
        ("Чтобы записаться к врачу", "2"),
        ("Наберите одиннадцать цифр СНИЛС того", ANNA),
        ("Врач придёт", ""),
        ("Чтобы услышать ещё раз", "2"),
    )
    await happens(citizen.line.ended)
    assert [each["snils"] for each in systems.registry.visits] == [ANNA]
