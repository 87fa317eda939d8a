"""The voice menu: scripts as data, and the visit of one caller to one script."""
