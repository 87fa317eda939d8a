"""The appeal behind a call: its number and what one call adds to it."""
