"""The three kinds of message: events (happened to us), commands (we ask), facts (we concluded)."""
