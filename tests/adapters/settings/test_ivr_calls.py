"""Scripts that call others: built in, told apart, bundled; and what cannot be called."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from ekc_telephony.core.ivr.script import KnownNumber, Play
from ekc_telephony.core.ivr.values import VariableKind
from ekc_telephony.core.kernel.ids import NodeId
from ekc_telephony.settings.ivr.load import load_bundle, version_of
from tests.adapters.settings.ivr_files import END, KNOWN, loaded, mistakes

CALLS: Final = f"entry: a\nnodes:\n  a: {{kind: call, script: office, next: end}}\n{END}"
OFFICE: Final = (
    "entry: hello\nnodes:\n"
    "  hello: {kind: play, prompts: [greeting], next: back}\n  back: {kind: return}\n"
)


def test_a_called_script_is_built_in_where_it_is_called(tmp_path: Path) -> None:
    nodes = loaded(tmp_path, CALLS, office=OFFICE).script.nodes
    assert nodes[NodeId("a")] == Play(prompts=(), next=NodeId("a.hello"))
    hello = nodes[NodeId("a.hello")]
    assert isinstance(hello, Play)
    assert hello.next == "end"


def test_a_script_may_be_called_twice_and_by_a_called_one(tmp_path: Path) -> None:
    middle = (
        "entry: m\nnodes:\n  m: {kind: call, script: office, next: back}\n  back: {kind: return}\n"
    )
    text = (
        "entry: a\nnodes:\n  a: {kind: call, script: middle, next: b}\n"
        f"  b: {{kind: call, script: office, next: end}}\n{END}"
    )
    script = loaded(tmp_path, text, middle=middle, office=OFFICE)
    nodes = script.script.nodes
    assert set(nodes) == {"a", "a.m", "a.m.hello", "b", "b.hello", "end"}
    through, second = nodes[NodeId("a.m.hello")], nodes[NodeId("b.hello")]
    assert isinstance(through, Play)
    assert isinstance(second, Play)
    assert (through.next, second.next) == ("b", "end")
    assert script.places[NodeId("a.m.hello")].document.file.name == "office.yaml"
    assert script.places[NodeId("a.m.hello")].location == ("nodes", "hello")


def test_a_script_that_returns_at_once_is_nothing(tmp_path: Path) -> None:
    empty = "entry: back\nnodes:\n  back: {kind: return}\n"
    nodes = loaded(tmp_path, CALLS, office=empty).script.nodes
    assert nodes[NodeId("a")] == Play(prompts=(), next=NodeId("end"))


WAYS: Final = (
    "entry: a\nnodes:\n  a: {kind: call, script: office, next: end, ways: {person: q}}\n"
    f"  q: {{kind: play, prompts: [greeting], next: end}}\n{END}"
)
TWO_WAYS: Final = (
    "entry: hello\nnodes:\n"
    "  hello: {kind: number, known: person, unknown: back}\n"
    "  person: {kind: return, way: person}\n  back: {kind: return}\n"
)


def test_a_return_by_a_way_goes_where_the_call_leads_it(tmp_path: Path) -> None:
    nodes = loaded(tmp_path, WAYS, office=TWO_WAYS).script.nodes
    assert nodes[NodeId("a.hello")] == KnownNumber(known=NodeId("q"), unknown=NodeId("end"))
    assert set(nodes) == {"a", "a.hello", "q", "end"}


def test_each_call_leads_the_ways_of_a_script_elsewhere(tmp_path: Path) -> None:
    middle = (
        "entry: m\nnodes:\n  m: {kind: call, script: office, next: back, ways: {person: out}}\n"
        "  out: {kind: return, way: person}\n  back: {kind: return}\n"
    )
    text = WAYS.replace("script: office", "script: middle")
    nodes = loaded(tmp_path, text, middle=middle, office=TWO_WAYS).script.nodes
    assert nodes[NodeId("a.m.hello")] == KnownNumber(known=NodeId("q"), unknown=NodeId("end"))


def test_a_way_that_the_call_does_not_lead_is_refused(tmp_path: Path) -> None:
    """Who wants a person would hear goodbye otherwise."""
    assert mistakes(tmp_path, CALLS, office=TWO_WAYS) == [
        "3:27 the script office, which may return by the way person"
    ]


def test_a_way_by_which_nobody_returns_is_refused(tmp_path: Path) -> None:
    assert mistakes(tmp_path, WAYS, office=OFFICE) == [
        "3:53 the way person, by which office never returns"
    ]


def test_a_way_to_a_node_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    text = WAYS.replace("person: q", "person: nowhere")
    assert mistakes(tmp_path, text, office=TWO_WAYS) == [
        "3:61 the node nowhere, which does not exist"
    ]


def test_a_circle_of_calls_is_refused(tmp_path: Path) -> None:
    back = f"entry: x\nnodes:\n  x: {{kind: call, script: script, next: end}}\n{END}"
    assert mistakes(tmp_path, CALLS, office=back) == [
        "office.yaml:3:27 a circle of calls: script → office → script"
    ]


def test_a_circle_through_a_call_that_never_waits_is_refused(tmp_path: Path) -> None:
    empty = "entry: back\nnodes:\n  back: {kind: return}\n"
    text = f"entry: a\nnodes:\n  a: {{kind: call, script: office, next: a}}\n{END}"
    assert mistakes(tmp_path, text, office=empty) == ["3:3 a circle of `call` nodes through a"]


def test_what_is_wrong_in_a_called_script_is_told_once_in_its_place(tmp_path: Path) -> None:
    office = "entry: hello\nnodes:\n  hello: {kind: play, prompts: [greting], next: nowhere}\n"
    text = (
        "entry: a\nnodes:\n  a: {kind: call, script: office, next: b}\n"
        f"  b: {{kind: call, script: office, next: end}}\n{END}"
    )
    assert mistakes(tmp_path, text, office=office) == [
        "office.yaml:3:33 the prompt greting, which does not exist",
        "office.yaml:3:49 the node nowhere, which does not exist",
    ]


def test_a_called_script_without_an_entry_is_refused(tmp_path: Path) -> None:
    told = mistakes(tmp_path, CALLS, office="nodes:\n  back: {kind: return}\n")
    assert told == ["office.yaml:1:1 the script without the key entry"]


# --- variables


def _with(variable: str, rest: str) -> str:
    return f"variables: {{x: {variable}}}\n{rest}"


def test_both_scripts_mean_the_same_variable_and_it_is_personal_if_one_says_so(
    tmp_path: Path,
) -> None:
    script = loaded(
        tmp_path,
        _with("{kind: number}", CALLS),
        office=_with("{kind: number, initial: 3, personal: true}", OFFICE),
    ).script
    assert script.variables["x"].kind is VariableKind.NUMBER
    assert script.variables["x"].initial == 3
    assert script.variables["x"].is_personal


@pytest.mark.parametrize(
    ("mine", "theirs", "found"),
    [
        ("{kind: number}", "{kind: text}", "office.yaml:1:13 the variable x as text, which"),
        (
            "{kind: number, initial: 1}",
            "{kind: number, initial: 2}",
            "office.yaml:1:40 another initial value of x",
        ),
    ],
)
def test_variables_that_clash(tmp_path: Path, mine: str, theirs: str, found: str) -> None:
    told = mistakes(tmp_path, _with(mine, CALLS), office=_with(theirs, OFFICE))
    assert len(told) == 1
    assert told[0].startswith(found), told


# --- bundles


@pytest.mark.parametrize("cut", ["", "\n"])
def test_a_bundle_reads_back_as_the_same_script(tmp_path: Path, cut: str) -> None:
    """Whether the files end with a line break or not."""
    first = loaded(tmp_path, CALLS.removesuffix(cut), office=OFFICE.removesuffix(cut))
    again = load_bundle(Path("elsewhere/script.yaml"), first.bundle, known=KNOWN)
    assert again.script == first.script
    assert again.bundle == first.bundle
    assert again.script.version == version_of(first.bundle)


def test_the_bundle_of_a_script_that_calls_none_is_its_text(tmp_path: Path) -> None:
    text = f"entry: end\nnodes:\n{END}".rstrip()
    assert loaded(tmp_path, text).bundle == text


def test_the_version_is_that_of_the_text_with_all_called_ones(tmp_path: Path) -> None:
    before = loaded(tmp_path, CALLS, office=OFFICE).script.version
    assert loaded(tmp_path, CALLS, office=OFFICE).script.version == before
    assert loaded(tmp_path, CALLS, office=f"{OFFICE}# more\n").script.version != before
    assert loaded(tmp_path, f"{CALLS}# more\n", office=OFFICE).script.version != before


def test_no_script_holds_the_line_that_divides_a_bundle(tmp_path: Path) -> None:
    text = f"entry: end\nnodes:\n{END}# -----8<----- script office\n"
    assert mistakes(tmp_path, text) == ["4:1 the line that divides the scripts of a bundle"]
