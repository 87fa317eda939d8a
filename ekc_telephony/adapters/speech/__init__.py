"""
Speech: the texts of `sounds/manifest.yaml` become the files that callers hear.

Everything is rendered ahead, by `ekc sounds render`, and never on the path of a call.

- `manifest` reads the texts, voices and checksums, and points at a mistake by line and column.
- `library` compares the manifest with the files and renders what changed.
- `engine` is the port of the speech engines; `rhvoice` (the default) and `espeak` implement it.
- `telephone_sound` shapes what an engine said into a telephone prompt; `music` makes the tune for
  waiting callers.

Only `telephone_sound` and `music` need numpy and soxr (the extra `speech`). The daemon reads the
manifest without them.
"""
