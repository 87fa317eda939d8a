"""The command line, `ekc`: one module per group of verbs."""
