#!/usr/bin/env bash
# build.sh [FOLDER]: builds FOLDER/runnel-stage and its image FOLDER/runnel-stage.tar (a docker archive, made without docker; `ctr images
# import` and `docker load` take it). The same source gives the same bytes. Prints the image's name and id.
set -euo pipefail
cd "$(dirname "$0")"
out=$(mkdir -p "${1:-dist}" && cd "${1:-dist}" && pwd)
name=${RUNNEL_STAGE_IMAGE:-registry.local/runnel-stage:1}
work=$(mktemp -d "$out/.image.XXXXXX")
trap 'rm -rf "$work"' EXIT

CGO_ENABLED=0 GOOS=linux GOFLAGS=-mod=readonly go build -trimpath -buildvcs=false -ldflags '-s -w -buildid=' -o "$out/runnel-stage" .

archive() { tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --format=ustar "$@"; }
digest() { sha256sum "$1" | cut -d ' ' -f 1; }
mkdir "$work/root"
install -m 0755 "$out/runnel-stage" "$work/root/runnel-stage"
archive -C "$work/root" -cf "$work/layer.tar" runnel-stage
layer=$(digest "$work/layer.tar")
cat >"$work/config.json" <<JSON
{"architecture":"$(go env GOARCH)","os":"linux","created":"1970-01-01T00:00:00Z","config":{"Entrypoint":["/runnel-stage"],"User":"1000:1000"},"rootfs":{"type":"layers","diff_ids":["sha256:$layer"]},"history":[{"created":"1970-01-01T00:00:00Z","created_by":"deploy/stage/build.sh"}]}
JSON
config=$(digest "$work/config.json")
mv "$work/config.json" "$work/$config.json"
mkdir "$work/$layer"
mv "$work/layer.tar" "$work/$layer/layer.tar"
echo "[{\"Config\":\"$config.json\",\"RepoTags\":[\"$name\"],\"Layers\":[\"$layer/layer.tar\"]}]" >"$work/manifest.json"
archive -C "$work" -cf "$work/image.tar" "$config.json" "$layer" manifest.json
mv -f "$work/image.tar" "$out/runnel-stage.tar"
echo "$name sha256:$config"
