"""How the menus of an office grow into scripts, and what scripts name besides."""
