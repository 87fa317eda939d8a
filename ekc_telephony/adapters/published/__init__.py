"""Published scripts in a folder."""
