#!/usr/bin/env bash
# Rehearses a run of the offline pack without a card: the emulator takes the card's place, in an empty root of an older
# Debian (debootstrap) that has no Node, no compiler and no network. Run it as root on a Debian with debootstrap.
#
#   scripts/offline/rehearse.sh [--seconds N] [options of run.sh]
#
# Without root and debootstrap, HERE=1 rehearses on this system instead, in an empty folder and without the variables of
# this shell.
# Every step must end by itself, and the files must be complete: it exits with the pack's own exit code.
# SUITE (default bullseye, glibc 2.31) names the older Debian, FOLDER keeps its root.
set -euo pipefail
if [ -n "${HERE:-}" ]; then
  repository=$(cd "$(dirname "$0")/../.." && pwd)
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  mkdir "$folder/bin" "$folder/lib" "$folder/tmp"
  gcc -shared -nostdlib -x c /dev/null -o "$folder/lib/libcuda.so.1"
  printf "#!/bin/sh\necho 'emulated card, 580.0, 1024 MiB, 9.0, 00000000:00:00.0'\n" >"$folder/bin/nvidia-smi"
  chmod +x "$folder/bin/nvidia-smi"
  cp -r "$repository/build/offline-emulated" "$folder/pack"
  cd "$folder"
  code=0
  env -i PATH="$folder/bin:/usr/bin:/bin" LD_LIBRARY_PATH="$folder/lib" TMPDIR="$folder/tmp" \
    sh pack/run.sh --out results "$@" </dev/null || code=$?
  ls -l results
  rm -rf "$repository/build/offline-results"
  cp -r results "$repository/build/offline-results"
  exit $code
fi
if [ "$(id -u)" = 0 ] && [ -z "${IN_NAMESPACE:-}" ]; then exec env IN_NAMESPACE=1 unshare --mount --net "$0" "$@"; fi

repository=$(cd "$(dirname "$0")/../.." && pwd)
suite=${SUITE:-bullseye}
target=${FOLDER:-/var/tmp/ewald-rehearsal-$suite}
[ "$(id -u)" = 0 ] || { echo 'rehearse: needs root (chroot, mount)' >&2; exit 1; }
[ -f "$repository/build/offline-emulated/offline.json" ] || {
  echo 'rehearse: first node scripts/pack-offline.mjs --emulated -o build/offline-emulated' >&2
  exit 1
}
[ -x "$target/bin/sh" ] || {
  echo "rehearse: first debootstrap --variant=minbase --include=xz-utils $suite $target" >&2
  exit 1
}

# What a machine with a card has: the driver's library and nvidia-smi, both empty, and what the emulator needs instead.
gcc -shared -nostdlib -x c /dev/null -o "$target/usr/lib/x86_64-linux-gnu/libcuda.so.1"
chroot "$target" ldconfig
cat >"$target/usr/bin/nvidia-smi" <<'EOF'
#!/bin/sh
echo 'emulated card, 580.0, 1024 MiB, 9.0, 00000000:00:00.0'
EOF
chmod +x "$target/usr/bin/nvidia-smi"
mount -t proc proc "$target/proc"
mount -t tmpfs tmpfs "$target/tmp"
mkdir -p "$target/pack" "$target/out"
mount --bind -o ro "$repository/build/offline-emulated" "$target/pack"
mount --bind /dev "$target/dev"
rm -rf "$target/out/results"
code=0
chroot "$target" env -i PATH=/usr/bin:/bin TMPDIR=/tmp sh /pack/run.sh --out /out/results "$@" </dev/null || code=$?
ls -l "$target/out/results"
exit $code
