"""
Proof: every prompt exists in every language that the script offers.

Offered is what `languages:` lists. A caller who has chosen one would otherwise hear the fallback
in the middle of a sentence.
"""

from __future__ import annotations

from collections.abc import Iterator

from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.ivr.proofs.finding import Code, Finding
from ekc_telephony.core.ivr.proofs.graph import Graph
from ekc_telephony.core.ivr.proofs.speech import prompts_of


def every_prompt_exists(graph: Graph) -> Iterator[Finding]:
    """Yield every prompt that is missing in a language, and every language that is not offered."""
    program = graph.program
    for name, node in program.script.nodes.items():
        for part, prompt in prompts_of(node):
            missing = [
                language
                for language in program.script.languages
                if prompt not in program.prompts.get(language, ())
            ]
            if missing:
                yield Finding(
                    code=Code.MISSING_PROMPT,
                    node=name,
                    part=part,
                    found=f"the prompt {prompt}, which does not exist in {', '.join(missing)}",
                    expected="a prompt in every language that the script offers",
                    advice="add it to sounds/manifest.yaml in that language and render it, or take "
                    "the language from `languages:`",
                )
        if isinstance(node, core.SetLanguage) and node.language not in program.script.languages:
            yield Finding(
                code=Code.LANGUAGE_NOT_OFFERED,
                node=name,
                part=("language",),
                found=f"the language {node.language}, which the script does not offer",
                expected="one of: " + ", ".join(program.script.languages),
                advice="add it to `languages:` at the top, so that its prompts are checked",
            )
