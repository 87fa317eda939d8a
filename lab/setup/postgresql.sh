# PostgreSQL for the tests that must see a real one: the server's binaries without its system service.
#
# It runs with this machine's libc (a server starts programs of its own, which a private loader would not reach), so it
# comes from a Debian that is not newer than the machine.
#
# Rule 1: just-in-time compilation is left out: it is two thirds of the download and the tests have no use for it.

postgresql_suite=${EKC_POSTGRESQL_SUITE:-$native_suite}
postgresql_wanted='postgresql-[0-9]+|postgresql-client-[0-9]+|zlib1g|lib.*'
# This machine's own libc and C++ runtime are used: two of them in one process do not go together.
postgresql_unwanted='libc6|libc-.*|libgcc-s1|libstdc[+][+]6|libllvm.*|libz3.*|libperl.*|lib.*-perl'

install_postgresql() {
  local stamp new=$runtime/postgresql.new
  stamp=$(checksum_of "$postgresql_suite" -- "$recipes/postgresql.sh" "$recipes/postgres-run.sh" "$recipes/debian.sh")
  if is_current "$runtime/postgresql" "$stamp"; then return; fi
  say "PostgreSQL from Debian '$postgresql_suite' (30 MB, once)"
  rm -rf "$new"
  open_debian postgresql "$postgresql_suite/main"
  unpack_packages "$new" "$postgresql_wanted" "$postgresql_unwanted" postgresql
  find "$new/usr/lib/postgresql" \( -name '*llvmjit*' -o -name bitcode \) -prune -exec rm -rf {} +
  mkdir -p "$new/wrappers"
  install -m 755 "$recipes/postgres-run.sh" "$new/wrappers/postgres-run"
  "$new/wrappers/postgres-run" --version >"$log" 2>&1 || fail "the unpacked PostgreSQL does not start." "$(last_lines_of_log)"
  printf '%s' "$stamp" >"$new/.stamp"
  swap_in "$new" "$runtime/postgresql"
  publish_wrappers postgresql
  say "ready: $("$runtime/bin/postgres-run" --version)"
}
