#!/bin/sh
# Runs conformance and benchmarks of ewald on a Linux x86-64 machine that has a GPU and nothing else: no Node, no
# registry, no network.
# usage: bash run.sh [--seconds N] [--out DIR] [--only STEP,...] [--cases ID,...] [--help]
# Needs sh and either gzip (xz for a pack of one card) and tar, or python3. Writes DIR (default: ./results) and a temporary folder, which it removes.
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 2
out=results
last=
for word in "$@"; do
  case "$last" in --out) out=$word ;; esac
  case "$word" in --out=*) out=${word#--out=} ;; esac
  last=$word
done

# Writes the result file with the reason when Node cannot run and so cannot write it.
give_up() {
  text=$(printf '%s' "$1" | tr '\n\t"\\' "  '/")
  printf 'offline: %s\n' "$text" >&2
  mkdir -p "$out" 2>/dev/null && printf '{"pass":false,"why":"%s","steps":[]}\n' "$text" >"$out/summary.json"
  exit 1
}

# The files are compressed by gzip, or by xz in a pack for one card.
ending=gz
[ -e "$here/app.tar.gz" ] || ending=xz
case $ending in gz) tool=gzip ;; *) tool=xz ;; esac

unpack() {
  if command -v $tool >/dev/null 2>&1 && command -v tar >/dev/null 2>&1; then
    # -o: the user who unpacks owns the files, even root.
    $tool -dc "$here/app.tar.$ending" | tar -xof - -C "$1" && $tool -dc "$here/node.$ending" >"$1/node"
  elif command -v python3 >/dev/null 2>&1; then
    python3 -c '
import shutil, sys, tarfile
here, to, ending = sys.argv[1:]
opened = __import__("gzip" if ending == "gz" else "lzma").open
tarfile.open(here + "/app.tar." + ending).extractall(to)
shutil.copyfileobj(opened(here + "/node." + ending), open(to + "/node", "wb"))' "$here" "$1" $ending
  else
    echo "neither $tool with tar nor python3 was found"
    return 1
  fi
}

# Whether Node starts and loads the native addon, with the libraries of this machine or otherwise with those of the
# pack.
starts() {
  chmod +x "$1/node" || return 1
  try='const [, file] = process.argv; require("fs").existsSync(file) && require(file)'
  addon="$1/node_modules/ewald/dist/native/linux-x64/ewald_native.node"
  "$1/node" -e "$try" "$addon" && return 0
  before=${LD_LIBRARY_PATH-}
  LD_LIBRARY_PATH="$1/lib${before:+:$before}"
  export LD_LIBRARY_PATH
  "$1/node" -e "$try" "$addon" && return 0
  LD_LIBRARY_PATH=$before
  return 1
}

case "$(uname -sm)" in "Linux x86_64") ;; *) give_up "this is $(uname -sm); the pack is for Linux x86_64" ;; esac
for file in app.tar.$ending node.$ending offline.json; do
  [ -r "$here/$file" ] || give_up "$here/$file is missing or cannot be read; copy the whole folder"
done

# Use the first folder that has enough room and permits programs to run.
work=
why=
trap 'rm -rf "$work"' EXIT
trap 'exit 143' INT TERM HUP
for place in "${TMPDIR:-}" /tmp /var/tmp /dev/shm "$PWD" "$here"; do
  [ -n "$place" ] && [ -d "$place" ] && [ -w "$place" ] || continue
  work="$place/ewald-offline.$$"
  mkdir -m 700 "$work" 2>/dev/null || { work=; continue; }
  if message=$(unpack "$work" 2>&1) && { starts "$work" >"$work/message" 2>&1 || { message=$(head -n 4 "$work/message"); false; }; }; then break; fi
  why="$why $place: $message;"
  rm -rf "$work"
  work=
  # A corrupted file is corrupted in every folder, so no other one is tried.
  case "$message" in *"end of file"* | *"crc error"* | *"invalid compressed"* | *EOFError* | *BadGzip* | *LZMAError* | *"Unexpected end"* | *"Compressed data is corrupt"*) break ;; esac
done
[ -n "$work" ] || give_up "Node of this pack could not be started:${why:- no folder is writable;} expected $(sed -n 's/.*"needs": "\(.*\)".*/\1/p' "$here/offline.json") and 250 MB in a folder from which programs may run (TMPDIR names one)"

"$work/node" "$work/host/main.mjs" "$here" "$work" "$@" &
child=$!
# Signals are forwarded, so that the results so far are written.
trap 'kill -TERM "$child" 2>/dev/null' INT TERM HUP
wait "$child"
code=$?
while kill -0 "$child" 2>/dev/null; do
  wait "$child"
  code=$?
done
exit "$code"
