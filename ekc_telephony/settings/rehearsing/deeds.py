"""
What a caller, and the world around him, does in a rehearsal, as a person writes it: `2,#,t`.

| written | what happens |
| --- | --- |
| `2`, `0715#` | Hears all that is said until he is asked, then presses these keys. |
| `!2` | Presses the key at once, while something is said. |
| `l` | Listens to the end of what is being said. |
| `t` | Is silent until the patience is over (timeout). |
| `h` | Hangs up. |
| `o` | His operator answers, talks and hangs up. |
| `n` | Nobody answers at the number outside. |
| `m` | Leaves no message after the tone. |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ekc_telephony.core.ivr.rehearsal import NotNowError, Rehearsal

EXPECTED: Final = (
    "deeds with commas between them: keys such as 2 or 0715#, !2 (at once), l (listen), "
    "t (silence), h (hang up), o (the operator hangs up), n (nobody answers outside), "
    "m (no message)"
)
_KEYS: Final = re.compile(r"!?[0-9*#]+")


@dataclass(frozen=True, slots=True)
class Deed:
    """One of them."""

    written: str

    def happen(self, call: Rehearsal) -> None:
        """
        Let it happen.

        Raises:
            NotNowError: It cannot happen at this moment of the call.
        """
        if (play := _PLAYED.get(self.written)) is not None:
            play(call)
            return
        is_at_once = self.written.startswith("!")
        for key in self.written.removeprefix("!"):
            if not is_at_once and not call.listen_on():
                raise NotNowError(f"the script goes on talking at {call.node}, and asks for no key")
            call.press(key)


_PLAYED: Final[Mapping[str, Callable[[Rehearsal], None]]] = {
    "l": Rehearsal.listen,
    "t": Rehearsal.wait,
    "h": Rehearsal.hang_up,
    "o": Rehearsal.agent_hangs_up,
    "n": Rehearsal.nobody_answers_outside,
    "m": Rehearsal.leaves_no_message,
}


def read_deeds(written: str) -> tuple[Deed, ...]:
    """
    Read deeds with commas between them.

    Raises:
        ValueError: One of them is none; the text says what is expected.
    """
    words = [each.strip() for each in written.split(",") if each.strip()]
    for word in words:
        if word not in _PLAYED and not _KEYS.fullmatch(word):
            raise ValueError(EXPECTED)
    return tuple(Deed(word) for word in words)


def act(call: Rehearsal, deeds: tuple[Deed, ...]) -> str | None:
    """Let all happen, and listen on; return what could not be, or None when all could."""
    for number, deed in enumerate(deeds, start=1):
        try:
            if deed.written in {"o", "n", "m"}:
                call.listen_on()
            deed.happen(call)
        except NotNowError as refused:
            return f"{deed.written} (number {number} of {len(deeds)}): {refused}"
    if not call.listen_on():
        return f"the script goes on talking at {call.node}, and asks for no key"
    return None
