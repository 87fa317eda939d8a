"""A picture shows every node once, no card lies on another, and every way is told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from itertools import combinations
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.ivr.script import Enqueue, Goodbye, Hours, Menu, Node, Play, Script
from ekc_telephony.core.ivr.ways import ways_of
from ekc_telephony.core.kernel.ids import NodeId, PromptKey, QueueId, ScriptId
from ekc_telephony.drawing.cards import Look, Picture, Written, picture_of
from ekc_telephony.drawing.layout import WIDTH, lay_out
from ekc_telephony.drawing.mermaid import mermaid
from ekc_telephony.drawing.svg import svg

WORDS = {PromptKey("hello"): 'Здравствуйте! <Это> "справочная" & что-то очень длинное, ' * 6}


def play(to: str) -> Play:
    return Play(prompts=(PromptKey("hello"),), next=NodeId(to))


def menu(**keys: str) -> Menu:
    return Menu(
        prompts=(PromptKey("hello"),),
        choices={name.removeprefix("key_"): NodeId(to) for name, to in keys.items()},
        timeout=timedelta(seconds=5),
        retries=1,
        invalid_prompts=(),
        timeout_prompts=(),
        exhausted=NodeId("person"),
    )


def picture(nodes: Mapping[str, Node], *, worst: tuple[str, ...] = ()) -> Picture:
    """Return the picture of a script that begins at the first node; `person` is always there."""
    graph = {NodeId(name): node for name, node in nodes.items()}
    graph[NodeId("person")] = Enqueue(queue=QueueId("first"), answers_at_once=True)
    script = Script(script=ScriptId("test"), entry=next(iter(graph)), nodes=graph)
    cards = {node: node.partition(".")[0] for node in graph}
    return picture_of(
        script,
        Written(
            card_of=cards,
            written_at={card: f"test.yaml:{n}" for n, card in enumerate(cards.values(), 1)},
            texts=WORDS,
            worst=[NodeId(each) for each in worst],
        ),
    )


def rows(drawn: Picture, card: str) -> list[tuple[str, str, bool]]:
    return [(row.label, row.to, row.is_drawn_here) for row in drawn.cards[card].rows]


def test_keys_that_lead_to_one_place_are_one_row_and_a_place_is_drawn_once() -> None:
    drawn = picture(
        {
            "hello": play("ask"),
            "ask": menu(key_1="person", key_0="person", key_2="bye", key_9="ask"),
            "bye": Goodbye(prompts=(), outcome=CallOutcome.SELF_SERVED),
        }
    )
    assert rows(drawn, "hello") == [("дальше", "ask", True)]
    assert rows(drawn, "ask") == [
        ("1, 0", "person", True),
        ("2", "bye", True),
        ("9", "ask", False),
        ("молчит или ошибается", "person", False),
    ]
    assert drawn.cards["person"].look is Look.PERSON


def test_the_longest_way_to_a_person_is_marked() -> None:
    drawn = picture(
        {
            "open": Hours(schedule="day", open=NodeId("hello"), closed=NodeId("person")),
            "hello": play("person"),
        },
        worst=("open", "hello", "person"),
    )
    marked = {
        (card.name, row.to) for card in drawn.cards.values() for row in card.rows if row.is_worst
    }
    assert marked == {("open", "hello"), ("hello", "person")}
    assert "#c62828" in svg(drawn, subtitle="")
    assert "linkStyle 0,2 stroke:#c62828" in mermaid(drawn)


def test_what_nobody_comes_to_stands_apart() -> None:
    drawn = picture({"hello": play("person"), "lonely": play("person")})
    assert drawn.apart == ("lonely",)
    assert set(lay_out(drawn).placed) == {"hello", "person", "lonely"}


def test_the_parts_of_a_node_are_one_card() -> None:
    drawn = picture({"who": play("who.ask"), "who.ask": play("person")})
    assert list(drawn.cards) == ["who", "person"]
    assert rows(drawn, "who") == [("дальше", "person", True)]


def test_words_with_mark_up_in_them_are_shown_as_they_are() -> None:
    drawn = picture({"hello": play("person")})
    root = ET.fromstring(svg(drawn, subtitle="<v>"))
    told = "".join(root.itertext())
    assert "«Здравствуйте! <Это>" in told
    assert "<v>" in told
    assert "#34;справочная#34;" in mermaid(drawn)


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, Node]:
    names = [f"n{n}" for n in range(draw(st.integers(1, 25)))]
    target = st.sampled_from([*names, "person"])
    return {
        name: draw(
            st.one_of(
                st.builds(play, target),
                st.builds(
                    lambda keys: menu(**{f"key_{key}": to for key, to in keys.items()}),
                    st.dictionaries(st.sampled_from("123456789"), target, min_size=1),
                ),
            )
        )
        for name in names
    }


@given(graphs())
def test_in_any_script_no_card_lies_on_another_and_every_way_is_told(
    graph: dict[str, Node],
) -> None:
    drawn = picture(graph)
    layout = lay_out(drawn)
    assert set(layout.placed) == {*graph, "person"}
    for one, other in combinations(layout.placed.values(), 2):
        is_beside = abs(one.x - other.x) >= WIDTH
        is_above = one.y + one.height <= other.y or other.y + other.height <= one.y
        assert is_beside or is_above, (one.card.name, other.card.name)
    for placed in layout.placed.values():
        assert placed.x + WIDTH < layout.width
        assert placed.y + placed.height < layout.height
    for name, node in graph.items():
        told = {row.to for row in drawn.cards[name].rows}
        assert {way.to for way in ways_of(node)} - {name} <= told
    ET.fromstring(svg(drawn, subtitle=""))


def test_a_script_of_a_thousand_nodes_in_a_row_is_drawn() -> None:
    graph = {f"n{n}": play(f"n{n + 1}") for n in range(1000)} | {"n1000": play("person")}
    assert len(lay_out(picture(graph)).placed) == 1002
