"""
IVR scripts: from YAML files to immutable `Script`s, or to all their mistakes at once.

A script is configuration like `ekc.yaml`, so it is read by the same means and complains in the same
words.

- `kinds`: what may be written at a node of each kind, and which nodes of the core it becomes.
- `words`: prompts and texts → what is said. `expressions`: Jinja2 → what is computed; `refusals`:
  what to write instead of what is none.
- `site`: where a node is being built, and how it complains.
- `head`, `nodes`: the keys at the top of a file, and its nodes by their kinds.
- `load`: whole files, the scripts that they call, and what must be true of all nodes together.

Rule 1: there is no half of a script: `LoadedScript` or `SettingsError`.
Rule 2: what is checked here is that a script can be walked at all; what it means for callers is
proved by `ekc ivr check`.
"""
