#!/usr/bin/env bash
# Prints the path of helm, which installs the chart in tests: RUNNEL_HELM, PATH, the cache of this user, a build by Go (some minutes).
set -euo pipefail

version=4.3.1
cache="${XDG_CACHE_HOME:-$HOME/.cache}/runnel/helm-$version"

if [ -n "${RUNNEL_HELM:-}" ]; then echo "$RUNNEL_HELM"; exit; fi
if command -v helm; then exit; fi
if [ -x "$cache/helm" ]; then echo "$cache/helm"; exit; fi
if ! command -v go >/dev/null; then
  echo "no helm: install it, or Go so that it can be built here, or set RUNNEL_HELM" >&2
  exit 1
fi
mkdir -p "$cache"
work=$(mktemp -d "$cache/install.XXXXXX")
trap 'rm -rf "$work"' EXIT
echo "building helm with Go, some minutes" >&2
GOBIN="$work" GOFLAGS=-modcacherw go install "helm.sh/helm/v4/cmd/helm@v$version" >&2
mv -f "$work/helm" "$cache/helm"
echo "$cache/helm"
