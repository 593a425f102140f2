#!/bin/bash
# Runs the full suite as an ordinary user, in a copy of this checkout that is theirs. Needs root, and the tools that
# .ci/run fetches, at ISODRIVE_GUEST_KERNEL and so on. The user is made for it; they and all that is theirs are gone
# at the end.
set -euo pipefail
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
user=isodrive-test-$$
home=/var/tmp/$user
device_mode=$(stat --format=%a /dev/fuse)

finish() {
  chmod "$device_mode" /dev/fuse
  if grep -q " $home/" /proc/self/mounts; then
    echo "left mounted below $home:" && grep " $home/" /proc/self/mounts
  else
    rm -rf --one-file-system "$home"
  fi
  userdel "$user"
}
useradd --home-dir "$home" --shell /bin/sh "$user"
trap finish EXIT

# As udev has it wherever there is one.
chmod 666 /dev/fuse
mkdir -p "$home/tools"
cp -a --no-preserve=ownership "$project" "$home/isodrive"
copy() {
  cp -a --no-preserve=ownership "$1" "$home/tools/$2"
}
copy "$ISODRIVE_GUEST_KERNEL" kernel
copy "$(dirname "$ISODRIVE_WINDOWS_NODE")" windows-node
copy "$(dirname "$(dirname "$ISODRIVE_ZIG")")" zig
copy "$(dirname "$(dirname "$ISODRIVE_MAXCSO")")" maxcso
copy "$ISODRIVE_WINE_PREFIX" wine-prefix
# It names a folder of the user who made the prefix.
rm -f "$home/tools/wine-prefix/wineserver"
chown -R --no-dereference "$user:" "$home"

# EROFS is the kernel's, which mounts for root alone.
allowed='root,driver erofs,driver erofs-loop,EROFS on loop devices'
corpus=${ISODRIVE_CORPUS:-$project/../shared/corpus}
[ -d "$corpus" ] || allowed+=,../shared/corpus
cd "$home/isodrive"
setpriv --reuid "$user" --regid "$user" --init-groups env -i CI=true \
  "ISODRIVE_TEST_SEED=${ISODRIVE_TEST_SEED:-}" "ISODRIVE_MAY_SKIP=$allowed" "ISODRIVE_CORPUS=$corpus" \
  "HOME=$home" "USER=$user" "PATH=$(dirname "$(command -v node)"):/usr/local/bin:/usr/bin:/bin" LANG=C.UTF-8 \
  "ISODRIVE_GUEST_KERNEL=$home/tools/kernel" "ISODRIVE_WINDOWS_NODE=$home/tools/windows-node/node.exe" \
  "ISODRIVE_MAXCSO=$home/tools/maxcso/bin/maxcso" "ISODRIVE_ZIG=$home/tools/zig/bin/zig" \
  "ISODRIVE_WINE_PREFIX=$home/tools/wine-prefix" \
  setsid --wait npm test < /dev/null
