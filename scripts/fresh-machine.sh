#!/usr/bin/env bash
# Tests the two commands on a fresh machine: runs `npm start` and `npm test` in a new Debian (debootstrap, minbase) that
# has only Node, from a fresh clone with empty caches, then `npm start` again, and pastes the README and the guides. Run
# it as root on a Debian with the package debootstrap.
#
#   scripts/fresh-machine.sh [FOLDER]
# FOLDER is the root of the new system; default: a temporary folder, removed at the end (KEEP=1 keeps it).
#
# The package mirror, npm registry, proxies and certificates are those of this machine, read at run time. Node is copied
# from this machine. EWALD_TEST_DATA (default: ../shared/data) is mounted next to the clone at the same relative path.
# STEPS selects the npm commands, separated by semicolons; `npm test -- fft` tests a single room in a few minutes:
#   STEPS='start; test -- fft; start; run guides -- --as-root' scripts/fresh-machine.sh
set -euo pipefail

# Runs in a separate mount namespace: its mounts are invisible outside and end with it.
if [ "$(id -u)" = 0 ] && [ -z "${IN_NAMESPACE:-}" ]; then exec env IN_NAMESPACE=1 unshare --mount "$0" "$@"; fi

repository=$(cd "$(dirname "$0")/.." && pwd)
suite=${SUITE:-$(. /etc/os-release && echo "$VERSION_CODENAME")}
data=${EWALD_TEST_DATA:-$repository/../shared/data}
steps=${STEPS:-start; test; start; run guides -- --as-root}
target=${1:-$(mktemp -d -t ewald-fresh-XXXXXX)}
log=$(mktemp)
mounts=()

say() { printf 'fresh machine: %s\n' "$*"; }

leave() {
  local i
  rm -f "$log"
  for ((i = ${#mounts[@]} - 1; i >= 0; i--)); do umount "${mounts[i]}" || say "could not unmount ${mounts[i]}"; done
  # Never delete a folder in which something is still mounted.
  if [ -z "${KEEP:-}" ] && ! grep -q " $target/" /proc/mounts; then rm -rf --one-file-system "$target"; fi
}
trap leave EXIT

mount_at() { # arguments: mount options and source, then the path in the new system
  local place="$target/${*: -1}"
  mkdir -p "$place"
  mount "${@:1:$#-1}" "$place"
  mounts+=("$place")
}

[ "$(id -u)" = 0 ] || { say "needs root (chroot, mount)"; exit 1; }
mkdir -p "$target"
[ -z "$(ls -A "$target")" ] || { KEEP=1; say "$target is not empty"; exit 1; }
command -v debootstrap >/dev/null || { say "needs debootstrap: apt-get install -y debootstrap"; exit 1; }

# Repositories of this Debian release that apt uses here, as `deb URI RELEASE main`.
sources=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
  awk -v suite="$suite" '$2 ~ "^" suite "(-updates|-security)?$" && $3 == "main" { print "deb", $1, $2, $3 }' | sort -u)
mirror=$(awk -v suite="$suite" '$3 == suite { print $2; exit }' <<<"$sources")
[ -n "$mirror" ] || { say "apt knows no main repository of $suite here"; exit 1; }

say "debootstrap $suite"
before=$SECONDS
debootstrap --variant=minbase --include=ca-certificates "$suite" "$target" "$mirror" >"$log" 2>&1 ||
  { tail -20 "$log"; exit 1; }
printf '%s\n' "$sources" >"$target/etc/apt/sources.list"
apt-config dump | grep -E '^Acquire::(http|https)::(Proxy|Proxy-Auto-Detect|Verify|CAInfo)' >"$target/etc/apt/apt.conf.d/01-of-the-host" || true
cp -L /etc/resolv.conf /etc/hosts "$target/etc/"
cp -L /etc/ssl/certs/ca-certificates.crt "$target/etc/ssl/certs/ca-certificates.crt"
say "debootstrap took $((SECONDS - before)) s"

# Node and npm, laid out as in a tarball.
local_dir=$target/usr/local
mkdir -p "$local_dir/bin" "$local_dir/lib/node_modules" "$local_dir/etc"
cp -L "$(command -v node)" "$local_dir/bin/node"
cp -a "$(npm_config_loglevel=error npm root -g)/npm" "$local_dir/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$local_dir/bin/npm"
ln -s ../lib/node_modules/npm/bin/npx-cli.js "$local_dir/bin/npx"
# Copies how npm reaches its registry. The path of this machine's Node headers is omitted, because a fresh machine would
# not have it.
for level in global user; do
  config=$(npm_config_loglevel=error npm config get "${level}config")
  place=$local_dir/etc/npmrc
  [ "$level" = user ] && place=$target/root/.npmrc
  if [ -f "$config" ]; then (umask 077 && grep -v -E '^(nodedir|prefix|cache)' "$config" >"$place" || true); fi
done

mount_at -t proc proc proc
mount_at --bind /dev dev
mount_at -t tmpfs tmpfs dev/shm
git clone --quiet --no-hardlinks "$repository" "$target/root/ewald"
if [ -d "$data" ]; then
  mount_at --bind "$data" root/shared/data
  mount -o remount,bind,ro "$target/root/shared/data"
fi

inside() {
  local passed=(HOME=/root PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin LANG=C.UTF-8 TERM=dumb)
  local name
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY npm_config_registry NODE_EXTRA_CA_CERTS EWALD_REQUIRE CI; do
    if [ -n "${!name:-}" ]; then passed+=("$name=${!name}"); fi
  done
  chroot "$target" env -i "${passed[@]}" bash -c "cd /root/ewald && $1" </dev/null
}

failed=0
summary=
IFS=';' read -ra commands <<<"$steps"
for command in "${commands[@]}"; do
  read -r step <<<"$command"
  say "npm $step"
  before=$SECONDS
  if inside "npm $step"; then outcome=passed; else outcome=failed failed=1; fi
  summary+=$(printf '\n  npm %-24s %s, %d s' "$step" "$outcome" $((SECONDS - before)))
done
say "commit $(git -C "$repository" rev-parse --short HEAD), $(inside 'du -sh --exclude=/proc --exclude=/dev / 2>/dev/null | cut -f1') in all:$summary"
exit $failed
