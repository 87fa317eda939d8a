#!/usr/bin/env bash
# Everything a clean machine lacks for EKC, without root: `setup.sh [STEP]...`
#
# Steps: python, asterisk, steady_clock, postgresql, systemd, faketime, prometheus, speech; without arguments all but speech.
# Safe to run again; what is current is left alone.
# Settings (environment): EKC_PYTHON, EKC_CACHE, EKC_DEBIAN_MIRROR, EKC_DEBIAN_KEYRING, EKC_ASTERISK_SUITE,
# EKC_POSTGRESQL_SUITE, CC, EKC_SYSTEMD_SUITE, EKC_FAKETIME_SUITE, EKC_PROMETHEUS_SUITE, EKC_SPEECH_SUITE; lab/README.md says what each is for.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for part in words debian python asterisk steady_clock postgresql systemd faketime prometheus speech; do . "$here/$part.sh"; done

main() {
  local step
  [ $# -gt 0 ] || set -- python asterisk steady_clock postgresql systemd faketime prometheus
  for step in "$@"; do
    declare -F "install_$step" >/dev/null || fail "there is no step '$step'." "The steps are: python asterisk steady_clock postgresql systemd faketime prometheus speech"
  done
  mkdir -p "$runtime/logs" "$cache"
  exec 9>"$cache/.lock"
  flock -n 9 || { say "another setup is running; waiting for it"; flock 9; }
  trap remove_unfinished EXIT
  trap 'exit 130' INT TERM
  # A shell of its own for each: apt's configuration of one step must not become the machine's for the next.
  for step in "$@"; do ("install_$step"); done
  write_versions
}

write_versions() { # which version of everything this runtime is made of
  local component
  for component in asterisk postgresql systemd faketime prometheus speech; do
    [ ! -f "$runtime/$component/versions.txt" ] || sed "s/^/$component: /" "$runtime/$component/versions.txt"
  done >"$runtime/versions.txt.new"
  mv "$runtime/versions.txt.new" "$runtime/versions.txt"
}

main "$@"
