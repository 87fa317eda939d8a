# Prometheus and promtool, for the tests of monitoring/: the alert rules and every expression, tried by those who read them.
#
# Both are programs of Go that need nothing but a libc; they run with this machine's, so they come from a Debian that is
# not newer than the machine. The package's pages, services and settings are left out.

prometheus_suite=${EKC_PROMETHEUS_SUITE:-$native_suite}

install_prometheus() {
  local stamp program new=$runtime/prometheus.new
  stamp=$(checksum_of "$prometheus_suite" -- "$recipes/prometheus.sh" "$recipes/debian.sh")
  if is_current "$runtime/prometheus" "$stamp"; then return; fi
  say "Prometheus from Debian '$prometheus_suite' (19 MB, once)"
  rm -rf "$new"
  open_debian prometheus "$prometheus_suite/main"
  unpack_packages "$new" prometheus none prometheus
  mkdir "$new/wrappers"
  for program in prometheus promtool; do
    mv "$new/usr/bin/$program" "$new/wrappers/$program"
    "$new/wrappers/$program" --version >"$log" 2>&1 || fail "the unpacked $program does not start." "$(last_lines_of_log)"
  done
  find "$new" -mindepth 1 -maxdepth 1 ! -name wrappers ! -name versions.txt -exec rm -rf {} +
  printf '%s' "$stamp" >"$new/.stamp"
  swap_in "$new" "$runtime/prometheus"
  publish_wrappers prometheus
  say "ready: $("$runtime/bin/promtool" --version 2>&1 | head -n 1 | cut -d' ' -f1-3)"
}
