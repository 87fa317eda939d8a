#!/bin/sh
# The command `ekc` of the image. The store's password reaches PostgreSQL's driver from the file that `ekc-prepare` made:
# ekc.yaml holds none, and neither does the container's description.
set -eu
password=${EKC_STORE_PASSWORD_FILE:-/run/ekc/store-password}
if [ -z "${PGPASSWORD:-}" ] && [ -r "$password" ]; then
  PGPASSWORD=$(cat "$password")
  export PGPASSWORD
fi
PYTHONPATH=/opt/ekc exec /opt/ekc/venv/bin/python -m ekc_telephony "$@"
