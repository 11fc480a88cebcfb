#!/usr/bin/env bash
# Hook of mmdebstrap: the new system trusts the certificate authorities that were added to this machine.
# Usage: trust-this-machine.sh ROOT
set -euo pipefail
shopt -s nullglob
authorities=(/usr/local/share/ca-certificates/*.crt)
[ ${#authorities[@]} = 0 ] || cp "${authorities[@]}" "$1/usr/local/share/ca-certificates/"
chroot "$1" update-ca-certificates
