#!/bin/bash
# Proves what the README promises on a machine that has only what it names: in a minimal Debian with Node, g++ and fuse3, from a
# clean clone, as root and as an ordinary user, a disc is mounted and listed, and `npm test` ends with 0. Needs root,
# mmdebstrap and git. All happens in mount and process namespaces that end with it; the Debian is kept in ISODRIVE_BARE_ROOT.
set -euo pipefail
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
archive=${ISODRIVE_BARE_ROOT:-${XDG_CACHE_HOME:-$HOME/.cache}/isodrive-bare-root.tar}
if [ ! -f "$archive" ]; then
  mkdir -p "$(dirname "$archive")"
  mmdebstrap --quiet --variant=minbase --include=g++,fuse3,ca-certificates bookworm "$archive.part"
  mv "$archive.part" "$archive"
fi

# Process 1 of the namespace is this shell, which reaps orphans.
inside() {
  local root=$1 user=$2
  mount --make-rprivate /
  mount --bind "$root" "$root"
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  local id=0
  [ "$user" = root ] || id=1000
  local home=$root/home/$user
  mkdir -p "$home"
  git clone --quiet --no-hardlinks "$project" "$home/isodrive"
  cp "$home"/isodrive/test/corpus/ok/copying-rr.iso "$home/disc.iso"
  cp "$root/npmrc" "$home/.npmrc"
  chown -R --no-dereference "$id:$id" "$home"
  local command='set -eu; cd ~/isodrive
    began=$(date +%s); place=$(scripts/isodrive mount ../disc.iso); echo "mounted at $place in $(($(date +%s) - began)) s"
    ls "$place" | grep -qx COPYING; scripts/isodrive unmount "$place"; scripts/isodrive daemon stop
    began=$(date +%s); npm test; echo "npm test: $(($(date +%s) - began)) s"
    left=$(ls -A /tmp); [ -z "$left" ] || { echo "left in /tmp: $left"; exit 1; }'
  local status=0
  chroot --userspec="$id:$id" "$root" /usr/bin/env -i "HOME=/home/$user" "USER=$user" PATH=/usr/local/bin:/usr/bin:/bin \
    LANG=C.UTF-8 "${passed[@]}" setsid --wait sh -c "$command" < /dev/null || status=$?
  return "$status"
}

# npm inside is npm's configuration of this machine.
passed=()
for name in NODE_EXTRA_CA_CERTS SSL_CERT_FILE HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy; do
  [ -z "${!name:-}" ] || passed+=("$name=${!name}")
done

if [ "${1:-}" = --inside ]; then
  chmod 666 /dev/fuse 2> /dev/null || true
  status=0
  inside "$2" "$3" || status=$?
  exit "$status"
fi

work=$(mktemp -d)
# Nothing is mounted below it here: the mounts are in namespaces that have ended.
trap 'rm -rf --one-file-system "$work"' EXIT
failed=0
for user in ${*:-root user}; do
  root=$work/$user
  mkdir "$root"
  tar -C "$root" --numeric-owner -xf "$archive"
  node=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
  install -D "$node/bin/node" "$root/usr/local/bin/node"
  modules=$(npm root --global)
  mkdir -p "$root/usr/local/lib/node_modules"
  cp -a "$modules/npm" "$root/usr/local/lib/node_modules/"
  for name in npm npx; do ln -s "../lib/node_modules/npm/bin/$name-cli.js" "$root/usr/local/bin/$name"; done
  cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
  [ -z "${NODE_EXTRA_CA_CERTS:-}" ] || install -D -m 644 "$NODE_EXTRA_CA_CERTS" "$root$NODE_EXTRA_CA_CERTS"
  {
    echo "registry=$(npm config get registry)"
    authority=$(npm config get cafile)
    [ "$authority" = null ] || [ -z "$authority" ] || {
      install -D -m 644 "$authority" "$root$authority"
      echo "cafile=$authority"
    }
  } > "$root/npmrc"
  [ "$user" = root ] || echo "$user:x:1000:1000::/home/$user:/bin/sh" >> "$root/etc/passwd"
  began=$(date +%s)
  if unshare --mount --pid --fork --kill-child bash "$0" --inside "$root" "$user"; then
    echo "bare root, as $user: all is well after $(($(date +%s) - began)) s"
  else
    echo "bare root, as $user: FAILED"
    failed=1
  fi
done
exit "$failed"
