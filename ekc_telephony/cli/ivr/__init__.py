"""`ekc ivr`: the tools for scripts; each command is a module of its own, named in `group.py`."""
