"""What is written down: drafts of scripts, their names and files, and the report."""
