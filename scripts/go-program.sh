#!/usr/bin/env bash
# go-program.sh NAME VERSION PACKAGE: prints the path of a program that Go can build: RUNNEL_{NAME}, PATH, the cache of this user, a build of
# PACKAGE (its path as a Go module) at VERSION, once per machine.
set -euo pipefail
name=$1 version=$2 package=$3
cache="${XDG_CACHE_HOME:-$HOME/.cache}/runnel/$name-$version"
variable=RUNNEL_${name^^}

if [ -n "${!variable:-}" ]; then echo "${!variable}"; exit; fi
if command -v "$name"; then exit; fi
if [ -x "$cache/$name" ]; then echo "$cache/$name"; exit; fi
if ! command -v go >/dev/null; then
  echo "no $name: install it, or Go so that it can be built here, or set $variable" >&2
  exit 1
fi
mkdir -p "$cache"
work=$(mktemp -d "$cache/install.XXXXXX")
trap 'rm -rf "$work"' EXIT
echo "building $name with Go, some minutes" >&2
GOBIN="$work" GOFLAGS=-modcacherw go install "$package@v$version" >&2
mv -f "$work/$name" "$cache/$name"
echo "$cache/$name"
