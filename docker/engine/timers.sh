#!/bin/sh
# What systemd's timers are to a site without containers: `ekc stats --keep` two minutes after each half-hour, and
# `ekc appeals reconcile --day yesterday` every night after 03:00, by the container's clock (UTC, or TZ's).
#
#   ekc-timers         from now on
#   ekc-timers once    each of the two once
#
# Rule 1: both run at the start, too: what was missed meanwhile is made up for. Doing them again changes nothing.
# Rule 2: what fails is told in the log and done again at its next time.
# Rule 3: a signal ends it at once, whatever it waits for.
set -eu
child=
# A shell that is the first process of its container ends by a signal only if it says so.
trap '[ -z "$child" ] || kill "$child" 2>/dev/null || true; exit 0' INT TERM

await() { # await COMMAND...: in the background, since a shell acts on a signal when its foreground command has ended
  "$@" &
  child=$!
  wait "$child"
}

run() {
  # Callers come first.
  await nice -n 15 ekc "$@" || echo "ekc-timers: 'ekc $*' failed with exit code $?; it runs again at its next time" >&2
}

reconcile() { run appeals reconcile --day yesterday; }

run stats --keep
reconcile
[ "${1:-}" != once ] || exit 0
while :; do
  await sleep $((1800 - ($(date +%s) - 120) % 1800))
  moment=$(date +%H%M)
  run stats --keep
  case $moment in 030?) reconcile ;; esac
done
