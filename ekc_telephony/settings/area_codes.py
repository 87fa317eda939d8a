"""
The time zone of every area code of Russia.

A code stands for a region (the numbering plan of Russia, order of the Ministry of Information
Technologies and Communications of 17 November 2006, no. 142), and a region for a time zone (law
107-ФЗ of 3 June 2011, article 5). The zone is told by its IANA name, so that the system's tzdata
knows what the law is at each moment.

The package `phonenumbers` (9.0.43) was tried and not taken: it takes 48 MB. It agrees with this
table in all codes but two, where it is wrong: Moscow for Saratov, where it is an hour later since
2016, and Bucharest, which has summer time, for Kaliningrad. For a mobile number it says Moscow.

Rule 1: where a region has more than one zone (Yakutia, Sakhalin), the code has that of its capital.
Rule 2: codes of mobile (9…) and of free numbers (800 …) are not here: they have no region.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

AREA_CODES: Final[Mapping[str, str]] = {
    "Europe/Kaliningrad": "401",
    "Europe/Moscow": (
        "471 472 473 474 475 481 482 483 484 485 486 487 491 492 493 494 495 496 498 499 "
        "811 812 813 814 815 816 817 818 820 821 831 834 835 836 841 843 847 855 856 857 "
        "861 862 863 865 866 867 871 872 873 877 878 879"
    ),
    "Europe/Kirov": "833",
    "Europe/Simferopol": "365 869",
    "Europe/Volgograd": "844",
    "Europe/Astrakhan": "851",
    "Europe/Samara": "341 846 848",
    "Europe/Saratov": "845",
    "Europe/Ulyanovsk": "842",
    "Asia/Yekaterinburg": "342 343 345 346 347 349 351 352 353",
    "Asia/Omsk": "381",
    "Asia/Barnaul": "385 388",
    "Asia/Krasnoyarsk": "390 391 394",
    "Asia/Novokuznetsk": "384",
    "Asia/Novosibirsk": "383",
    "Asia/Tomsk": "382",
    "Asia/Irkutsk": "301 395",
    "Asia/Chita": "302",
    "Asia/Yakutsk": "411 416",
    "Asia/Vladivostok": "421 423 426",
    "Asia/Magadan": "413",
    "Asia/Sakhalin": "424",
    "Asia/Anadyr": "427",
    "Asia/Kamchatka": "415",
}
"""Zone → its codes."""


@cache
def zones_by_area_code() -> Mapping[str, ZoneInfo]:
    """Return the zone of every code, read from the system's tzdata or Python's."""
    return {code: ZoneInfo(zone) for zone, codes in AREA_CODES.items() for code in codes.split()}
