# systemd-analyze, for the test of the shipped units: a container has none, and a machine's own may be of another version.
#
# Only this one program is used, on a folder of its own; nothing is started and no running systemd is asked. It runs with
# this machine's libc, so it comes from a Debian that is not newer than the machine. The units of that Debian come with
# it: what the shipped ones are ordered after must exist.

systemd_suite=${EKC_SYSTEMD_SUITE:-$native_suite}
systemd_wanted='systemd|zlib1g|lib.*'
# This machine's own libc is used: two of them in one process do not go together. PAM's modules and devices are for a running system.
systemd_unwanted='libc6|libc-.*|libgcc-s1|libstdc[+][+]6|libpam-.*|libdevmapper.*'

install_systemd() {
  local stamp new=$runtime/systemd.new
  stamp=$(checksum_of "$systemd_suite" -- "$recipes/systemd.sh" "$recipes/debian.sh")
  if is_current "$runtime/systemd" "$stamp"; then return; fi
  say "systemd-analyze from Debian '$systemd_suite' (10 MB, once)"
  rm -rf "$new"
  open_debian systemd "$systemd_suite/main"
  unpack_packages "$new" "$systemd_wanted" "$systemd_unwanted" systemd
  merge_usr "$new"
  write_systemd_wrapper "$new" systemd-analyze
  "$new/wrappers/systemd-analyze" --version >"$log" 2>&1 || fail "the unpacked systemd-analyze does not start." "$(last_lines_of_log)"
  printf '%s' "$stamp" >"$new/.stamp"
  swap_in "$new" "$runtime/systemd"
  publish_wrappers systemd
  say "ready: systemd-analyze of $("$runtime/bin/systemd-analyze" --version | head -n 1)"
}

merge_usr() { # merge_usr TREE: bookworm's packages for /lib put a folder where the link to usr/lib was
  local folder
  for folder in bin sbin lib; do
    if [ -L "$1/$folder" ]; then continue; fi
    cp -a "$1/$folder/." "$1/usr/$folder/"
    rm -rf "${1:?}/$folder"
    ln -s "usr/$folder" "$1/$folder"
  done
}

write_systemd_wrapper() { # write_systemd_wrapper TREE NAME
  local library
  library=$(library_folder "$1")
  mkdir -p "$1/wrappers"
  cat >"$1/wrappers/$2" <<WRAPPER
#!/bin/sh
tree=\$(dirname "\$(dirname "\$(readlink -f "\$0")")")
LD_LIBRARY_PATH=\$tree/$library/systemd:\$tree/$library
export LD_LIBRARY_PATH
exec "\$tree/usr/bin/$2" "\$@"
WRAPPER
  chmod +x "$1/wrappers/$2"
}
