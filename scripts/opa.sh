#!/usr/bin/env bash
# Prints the path of OPA 1.22.0, whose compiler makes the policy's WebAssembly: RUNNEL_OPA, PATH, the cache of this user, a build by Go (some
# minutes, once per machine; not with --present). Another version would write other bytes.
set -euo pipefail

version=1.22.0
cache="${XDG_CACHE_HOME:-$HOME/.cache}/runnel/opa-$version"

is_it() {
  local told
  told=$("$1" version 2>/dev/null) && grep -qx "Version: $version" <<<"$told"
}

if [ -n "${RUNNEL_OPA:-}" ]; then
  is_it "$RUNNEL_OPA" || { echo "RUNNEL_OPA=$RUNNEL_OPA is not OPA $version" >&2; exit 1; }
  echo "$RUNNEL_OPA"
  exit
fi
on_path=$(command -v opa || true)
if [ -n "$on_path" ] && is_it "$on_path"; then echo "$on_path"; exit; fi
if [ -x "$cache/opa" ] && is_it "$cache/opa"; then echo "$cache/opa"; exit; fi
[ "${1:-}" != --present ] || { echo "no OPA $version on this machine: scripts/opa.sh builds it where Go is" >&2; exit 1; }
command -v go >/dev/null || { echo "no OPA $version: install it, or Go so that it can be built here, or set RUNNEL_OPA" >&2; exit 1; }

mkdir -p "$cache"
work=$(mktemp -d "$cache/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
echo "building OPA $version with Go, some minutes" >&2
GOBIN="$work" GOFLAGS=-modcacherw nice -n 10 go install "github.com/open-policy-agent/opa@v$version" >&2
is_it "$work/opa" || { echo "the OPA that was built is not version $version" >&2; exit 1; }
mv -f "$work/opa" "$cache/opa"
echo "$cache/opa"
