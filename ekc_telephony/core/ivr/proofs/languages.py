"""
Proof: every prompt exists in every language that the script offers.

Offered is what `languages:` lists. A caller who has chosen one would otherwise hear the fallback
in the middle of a sentence. Values are put together from words that exist in Russian; whoever
speaks another language hears them so until the site has recorded all of them, which is a warning.
"""

from __future__ import annotations

from collections.abc import Iterator

from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.ivr.proofs.finding import Code, Finding
from ekc_telephony.core.ivr.proofs.graph import Graph
from ekc_telephony.core.ivr.proofs.program import Program
from ekc_telephony.core.ivr.proofs.speech import inserts_of, prompts_of
from ekc_telephony.core.ivr.spoken import pieces_of
from ekc_telephony.core.ivr.texts import RUSSIAN
from ekc_telephony.core.ivr.utterance import Insert
from ekc_telephony.core.kernel.ids import NodeId


def every_prompt_exists(graph: Graph) -> Iterator[Finding]:
    """Yield every prompt that is missing in a language, and every language that is not offered."""
    program = graph.program
    offered = program.script.languages
    for name, node in program.script.nodes.items():
        yield from _missing(program, name, node)
        for part, insert in inserts_of(node):
            if foreign := [each for each in offered if not _can_say(program, insert, each)]:
                yield Finding(
                    code=Code.VALUE_IN_RUSSIAN,
                    node=name,
                    part=part,
                    found=f"a {insert.form.value} that is said in Russian to who has chosen "
                    + ", ".join(foreign),
                    expected="recordings of all words that it is put together from",
                    advice="record them (`studio/<language>/`), or say it without the value there",
                )
        if isinstance(node, core.SetLanguage) and node.language not in offered:
            yield Finding(
                code=Code.LANGUAGE_NOT_OFFERED,
                node=name,
                part=("language",),
                found=f"the language {node.language}, which the script does not offer",
                expected="one of: " + ", ".join(offered),
                advice="add it to `languages:` at the top, so that its prompts are checked",
            )


def _missing(program: Program, name: NodeId, node: core.Node) -> Iterator[Finding]:
    for part, prompt in prompts_of(node):
        languages = [
            each for each in program.script.languages if prompt not in program.prompts.get(each, ())
        ]
        if languages:
            yield Finding(
                code=Code.MISSING_PROMPT,
                node=name,
                part=part,
                found=f"the prompt {prompt}, which does not exist in {', '.join(languages)}",
                expected="a prompt in every language that the script offers",
                advice="add it to sounds/manifest.yaml in that language and render it, or take "
                "the language from `languages:`",
            )


def _can_say(program: Program, insert: Insert, language: str) -> bool:
    """Tell whether a value can be said; in Russian its words are rendered ahead."""
    if language == RUSSIAN:
        return True
    return pieces_of(insert.form, insert.wording).keys() <= program.prompts.get(language, {}).keys()
