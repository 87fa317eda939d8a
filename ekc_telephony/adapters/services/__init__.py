"""Information systems, asked over HTTP: lookups of scripts."""
