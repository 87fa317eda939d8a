# libfaketime, for `make faults`: sets the clock of Asterisk and engine without touching the machine's.

faketime_suite=${EKC_FAKETIME_SUITE:-$native_suite}

install_faketime() {
  local stamp new=$runtime/faketime.new
  stamp=$(checksum_of "$faketime_suite" -- "$recipes/faketime.sh" "$recipes/debian.sh")
  if is_current "$runtime/faketime" "$stamp"; then return; fi
  say "libfaketime from Debian '$faketime_suite' (100 kB, once)"
  rm -rf "$new"
  open_debian faketime "$faketime_suite/main"
  unpack_packages "$new" 'libfaketime' 'libc6|lib.*-dev' libfaketime
  printf '%s' "$stamp" >"$new/.stamp"
  swap_in "$new" "$runtime/faketime"
  say "ready: libfaketime"
}
