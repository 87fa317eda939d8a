"""What every other part of the core stands on: identifiers and named future moments."""
