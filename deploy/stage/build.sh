#!/usr/bin/env bash
# build.sh [FOLDER]: builds FOLDER/runnel-stage and its image FOLDER/runnel-stage.tar. The same source and authorities give the same bytes. Prints the image's name
# and id.
set -euo pipefail
cd "$(dirname "$0")"
out=$(mkdir -p "${1:-dist}" && cd "${1:-dist}" && pwd)
root=$(mktemp -d "$out/.image.XXXXXX")
trap 'rm -rf "$root"' EXIT

CGO_ENABLED=0 GOOS=linux GOFLAGS=-mod=readonly go build -trimpath -buildvcs=false -ldflags '-s -w -buildid=' -o "$out/runnel-stage" .
install -m 0755 "$out/runnel-stage" "$root/runnel-stage"
# A store or a staging endpoint may speak TLS: the authorities this machine trusts.
[ ! -e /etc/ssl/certs/ca-certificates.crt ] || install -D -m 0644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
../images/archive.sh "${RUNNEL_STAGE_IMAGE:-registry.local/runnel-stage:1}" "$out/runnel-stage.tar" \
  '{"Entrypoint":["/runnel-stage"],"User":"1000:1000"}' "$root"
