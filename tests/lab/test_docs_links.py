"""
What the documentation points at exists: files, headings, functions, verbs, targets, metrics.

A document may point in three ways, and each is checked:

- a relative link, with or without the anchor of a heading;
- a link to a Python file whose text is a name in code, `[`Session.start`](…/session.py)`: the file
  must define that name;
- a path in code that begins in one of the project's folders, alone or with a name behind it:
  `ekc_telephony/core/engine/session.py:Session.start`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from typer.core import TyperGroup
from typer.main import get_group

PROJECT: Final = Path(__file__).resolve().parents[2]
PAGES: Final = sorted(
    [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *PROJECT.glob("docs/**/*.md")]
)
FENCE: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK: Final = re.compile(r"\[(?P<text>[^\]]+)\]\((?P<target>[^)\s]+)\)")
VERBS: Final = re.compile(r"(?:^|/)ekc ([a-z]+)(?: ([a-z]+(?:-[a-z]+)*))?", re.MULTILINE)
CODE: Final = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
PATH: Final = re.compile(
    r"(?P<path>(?:ekc_telephony|lab|tests|docs|dialplan|ivr_scripts|asterisk_conf|sounds|changelog\.d)"
    r"/[\w./-]+\.\w+)(?::(?P<name>[A-Za-z_][\w.]*))?"
)
NAME: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def links(page: Path) -> Iterator[tuple[str, Path, str]]:
    """Yield text, file and anchor of each link that does not leave the project."""
    for found in LINK.finditer(prose(page)):
        path, _, anchor = found["target"].partition("#")
        if "://" not in path and not path.startswith("mailto:"):
            yield found["text"], (page.parent / path).resolve() if path else page, anchor


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub and GitLab give to the headings."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


@cache
def names_in(file: Path) -> frozenset[str]:
    """Return what a module defines: `Session`, `Session.start`, `SHORT_CALL`."""
    return frozenset(_defined(ast.parse(file.read_text(encoding="utf-8")).body, prefix=""))


def _defined(body: list[ast.stmt], *, prefix: str) -> Iterator[str]:
    for node in body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield prefix + name
                yield from _attributes(node, prefix=prefix)
            case ast.ClassDef(name=name):
                yield prefix + name
                yield from _defined(node.body, prefix=f"{prefix}{name}.")
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield prefix + name
            case _:
                pass


def _attributes(function: ast.FunctionDef | ast.AsyncFunctionDef, *, prefix: str) -> Iterator[str]:
    """Yield what `__init__` puts on `self`, as `Engine.is_connected`."""
    for node in ast.walk(function):
        match node:
            case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
                yield prefix + name
            case _:
                pass


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    dead = [str(file) for _, file, _ in links(page) if not file.exists()]
    lost = [
        f"{file.name}#{anchor}"
        for _, file, anchor in links(page)
        if anchor and file.suffix == ".md" and file.exists() and anchor not in anchors(file)
    ]
    assert dead + lost == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_function_named_is_in_its_file(page: Path) -> None:
    missing = []
    for text, file, _ in links(page):
        name = text.strip("`")
        if file.suffix == ".py" and file.exists() and text.startswith("`") and NAME.fullmatch(name):
            known = names_in(file) | {file.stem, file.name}
            missing += [] if name in known else [f"{name} in {file.name}"]
    for code in CODE.findall(prose(page)):
        found = PATH.fullmatch(code)
        if found and found["name"]:
            file = PROJECT / found["path"]
            missing += [] if found["name"] in names_in(file) else [code]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_path_named_exists(page: Path) -> None:
    paths = [found["path"] for code in CODE.findall(prose(page)) if (found := PATH.fullmatch(code))]
    assert [path for path in paths if not (PROJECT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_make_target_named_is_in_the_makefile(page: Path) -> None:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    codes = [*CODE.findall(prose(page)), *FENCE.findall(page.read_text(encoding="utf-8"))]
    named = {name for code in codes for name in re.findall(r"^make ([a-z-]+)", code, re.MULTILINE)}
    assert named - targets == set()


@pytest.fixture(scope="session")
def verbs() -> dict[str, set[str]]:
    """All verbs of `ekc`, each with the verbs under it."""
    from ekc_telephony.cli.root import app  # noqa: PLC0415 - heavy, and only one test needs it

    commands = get_group(app).commands
    return {
        name: set(command.commands) if isinstance(command, TyperGroup) else set()
        for name, command in commands.items()
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_verb_of_ekc_named_exists(page: Path, verbs: dict[str, set[str]]) -> None:
    codes = [*CODE.findall(prose(page)), *FENCE.findall(page.read_text(encoding="utf-8"))]
    unknown = []
    for code in codes:
        for verb, under in VERBS.findall(code):
            below = verbs.get(verb)
            is_known = below is not None and (not below or not under or under in below)
            unknown += [] if is_known else [f"ekc {verb} {under}".strip()]
    assert unknown == []


def test_the_page_of_metrics_names_exactly_the_metrics_that_exist() -> None:
    page = (PROJECT / "docs/operations/metrics.md").read_text(encoding="utf-8")
    told = {
        name.removesuffix("_total") for name in re.findall(r"^\| `(ekc_\w+)", page, re.MULTILINE)
    }
    source = "".join(
        file.read_text(encoding="utf-8") for file in PROJECT.glob("ekc_telephony/**/*.py")
    )
    others = {"ekc_telephony", "ekc_did", "ekc_served"}  # the package; columns of Asterisk's CDR
    assert told == set(re.findall(r'"(ekc_[a-z]\w+)"', source)) - others
