"""The engine's own pages, on FastAPI: health, metrics, wallboard."""
