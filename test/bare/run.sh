#!/bin/bash
# Proves what the README promises on a machine that has only what it names: in a minimal Debian with Node, g++ and
# fuse3, from a clean clone, as root and as an ordinary user, a disc is mounted and listed, `npm test` ends with 0,
# and nothing is left in /tmp. Needs root, mmdebstrap and git. All happens in mount and process namespaces that end
# with it; the Debian is kept in ISODRIVE_BARE_ROOT. Usage: run.sh [root] [user]
set -euo pipefail
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
archive=${ISODRIVE_BARE_ROOT:-${XDG_CACHE_HOME:-$HOME/.cache}/isodrive-bare-root.tar}
if [ ! -f "$archive" ]; then
  mkdir -p "$(dirname "$archive")"
  mmdebstrap --quiet --variant=minbase --include=g++,fuse3,ca-certificates bookworm "${archive%.tar}.part.tar"
  mv "${archive%.tar}.part.tar" "$archive"
fi

# What is committed; of a checkout without its repository, what is no product of a build.
clone() {
  # The repository may be another user's.
  export GIT_CONFIG_GLOBAL=$root/gitconfig
  printf '[safe]\n\tdirectory = *\n' > "$GIT_CONFIG_GLOBAL"
  if [ -e "$project/.git" ]; then
    git clone --quiet --no-hardlinks "$project" "$1"
  else
    mkdir "$1"
    tar -C "$project" --exclude=./node_modules --exclude=./dist --exclude=./build -c . | tar -C "$1" -x
  fi
}

# Process 1 of the namespace is this shell, which reaps orphans.
inside() {
  local root=$1 user=$2
  mount --make-rprivate /
  mount --bind "$root" "$root"
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  local id=0 place=/root
  [ "$user" = root ] || { id=1000 place=/home/$user; }
  local home=$root$place
  mkdir -p "$home"
  # Where nobody else reads.
  chmod 700 "$home"
  clone "$home/isodrive"
  cp "$home"/isodrive/test/corpus/ok/copying-rr.iso "$home/disc.iso"
  cp "$root/npmrc" "$home/.npmrc"
  chown -R --no-dereference "$id:$id" "$home"
  local command='set -eu; cd ~/isodrive
    began=$(date +%s); place=$(scripts/isodrive mount ../disc.iso); echo "mounted at $place in $(($(date +%s) - began)) s"
    ls "$place" | grep -qx COPYING; scripts/isodrive unmount "$place"; scripts/isodrive daemon stop
    began=$(date +%s); npm test; echo "npm test: $(($(date +%s) - began)) s"
    left=$(ls -A /tmp); [ -z "$left" ] || { echo "left in /tmp: $left"; exit 1; }'
  local status=0
  chroot --userspec="$id:$id" "$root" /usr/bin/env -i "HOME=$place" "USER=$user" PATH=/usr/local/bin:/usr/bin:/bin \
    LANG=C.UTF-8 "${passed[@]}" setsid --wait sh -c "$command" < /dev/null || status=$?
  return "$status"
}

# npm inside is npm's configuration of this machine.
passed=()
for name in ISODRIVE_TEST_SEED NODE_EXTRA_CA_CERTS SSL_CERT_FILE HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy \
  no_proxy; do
  [ -z "${!name:-}" ] || passed+=("$name=${!name}")
done

if [ "${1:-}" = --inside ]; then
  status=0
  inside "$2" "$3" || status=$?
  exit "$status"
fi

work=$(mktemp -d)
device_mode=$(stat --format=%a /dev/fuse)
# Nothing is mounted below the folder here: the mounts are in namespaces that have ended.
trap 'chmod "$device_mode" /dev/fuse; rm -rf --one-file-system "$work"' EXIT
# As udev has it wherever there is one.
chmod 666 /dev/fuse
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
