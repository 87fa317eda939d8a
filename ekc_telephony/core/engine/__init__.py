"""The whole engine: one session per caller, and the routing of every event to its session."""
