"""One technology each; adapters never import one another."""
