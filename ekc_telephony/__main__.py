"""Where the command `ekc` begins."""

from __future__ import annotations

from ekc_telephony.cli.root import app


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
