#!/usr/bin/env bash
# Prints the path of versitygw, an S3 server for tests: RUNNEL_VERSITYGW, PATH, the cache of this user, a build by Go (about 75 s).
set -euo pipefail

version=1.8.0
cache="${XDG_CACHE_HOME:-$HOME/.cache}/runnel/versitygw-$version"

if [ -n "${RUNNEL_VERSITYGW:-}" ]; then echo "$RUNNEL_VERSITYGW"; exit; fi
if command -v versitygw; then exit; fi
if [ -x "$cache/versitygw" ]; then echo "$cache/versitygw"; exit; fi
if ! command -v go >/dev/null; then
  echo "no versitygw: install it, or Go so that it can be built here, or set RUNNEL_VERSITYGW" >&2
  exit 1
fi
mkdir -p "$cache"
work=$(mktemp -d "$cache/install.XXXXXX")
trap 'rm -rf "$work"' EXIT
echo "building versitygw with Go, some minutes" >&2
GOBIN="$work" GOFLAGS=-modcacherw go install "github.com/versity/versitygw/cmd/versitygw@v$version" >&2
mv -f "$work/versitygw" "$cache/versitygw"
echo "$cache/versitygw"
