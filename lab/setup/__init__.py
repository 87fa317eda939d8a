"""The scripts behind `make setup`; `setup.sh` is the one to read first."""
