#!/bin/sh
# Runs Asterisk on the folder that `ekc conf render` wrote: the container's main process.
#
# EKC_EXTERNAL_ADDRESS, when set, is the address at which trunks and phones outside the container's network reach this
# node; SIP and SDP then name it instead of the container's own.
set -eu
folder=${EKC_ASTERISK_FOLDER:-/var/lib/ekc/asterisk}
conf=$folder/etc/asterisk.conf
site=$folder/etc/site/pjsip-container.conf

if [ ! -r "$conf" ]; then
  echo "ekc-asterisk: $conf cannot be read; expected the files of 'ekc conf render'." >&2
  echo "ekc-asterisk: Run the engine's image with 'ekc-prepare' on the same volume first (compose does)." >&2
  exit 1
fi

case ${EKC_EXTERNAL_ADDRESS:-} in
  '') rm -f "$site" ;;
  *[!0-9a-fA-F.:]*)
    echo "ekc-asterisk: EKC_EXTERNAL_ADDRESS: found '$EKC_EXTERNAL_ADDRESS'; expected an IP address." >&2
    exit 1
    ;;
  *)
    # Whoever is in the container's own network is reached directly.
    cat >"$site" <<SITE
; Written at every start from EKC_EXTERNAL_ADDRESS.
[transport-udp](+)
external_signaling_address = $EKC_EXTERNAL_ADDRESS
external_media_address = $EKC_EXTERNAL_ADDRESS
local_net = ${EKC_LOCAL_NET:-172.16.0.0/12}
SITE
    ;;
esac

# A socket left by a crash would make the console wait for nobody.
rm -f "$folder/run/asterisk.ctl"
# Every leg takes two sockets of sound and more; 1,024 open files are 150 calls.
ulimit -n "$(ulimit -H -n)" 2>/dev/null || true
# The clock that nobody can set, and that it shares with the engine.
EKC_CLOCK=$folder/run/clock LD_PRELOAD=/usr/lib/ekc/steady_clock.so \
  exec asterisk -C "$conf" -f "$@"
