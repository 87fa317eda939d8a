#!/bin/sh
# What systemd's timers are to a site without containers: `ekc stats --keep` two minutes after each half-hour, and
# `ekc appeals reconcile --day yesterday` every night after 03:00, by the container's clock (UTC, or TZ's).
#
# Rule 1: both run at the start, too: what was missed meanwhile is made up for. Doing them again changes nothing.
# Rule 2: what fails is told in the log and done again at its next time.
set -eu
# A shell that is the first process of its container ends by a signal only if it says so.
trap 'exit 0' INT TERM

run() {
  # Callers come first.
  nice -n 15 ekc "$@" || echo "ekc-timers: 'ekc $*' failed with exit code $?; it runs again at its next time" >&2
}

reconcile() { run appeals reconcile --day yesterday; }

run stats --keep
reconcile
while :; do
  # In the background, so that a signal need not wait for its end.
  sleep $((1800 - ($(date +%s) - 120) % 1800)) &
  wait $!
  moment=$(date +%H%M)
  run stats --keep
  case $moment in 030?) reconcile ;; esac
done
