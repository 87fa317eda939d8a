"""
Pictures of scripts: what a script looks like to a person, and how that is drawn.

- `cards`: a script becomes cards, one for every node that an admin wrote, with its ways on.
- `layout`: where each card stands. `svg` and `mermaid`: the same cards as a picture and as text.

Rule 1: nothing here reads a file; words come in, text goes out.
"""
