#!/usr/bin/env bash
# archive.sh NAME FILE CONFIG FOLDER…: writes FILE, a docker archive of the image NAME with one layer per folder and CONFIG (JSON: Entrypoint, Env,
# User …), without docker or a registry; `ctr images import`, `docker load` and `podman load` take it. The same folders give the same bytes.
set -euo pipefail
name=$1 file=$2 config=$3
shift 3
work=$(mktemp -d "$file.XXXXXX")
trap 'rm -rf "$work"' EXIT

archive() { tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --format=posix --pax-option=delete=atime,delete=ctime "$@"; }
quoted() { printf '"%s"\n' "$@" | paste -sd ,; }
layers=()
for folder; do
  archive -C "$folder" -cf "$work/layer.tar" .
  digest=$(sha256sum "$work/layer.tar" | cut -d ' ' -f 1)
  mkdir -p "$work/image/$digest"
  mv "$work/layer.tar" "$work/image/$digest/layer.tar"
  layers+=("$digest")
done
case $(uname -m) in aarch64) machine=arm64 ;; *) machine=amd64 ;; esac
cat >"$work/config.json" <<JSON
{"architecture":"$machine","os":"linux","created":"1970-01-01T00:00:00Z","config":$config,"rootfs":{"type":"layers","diff_ids":[$(quoted "${layers[@]/#/sha256:}")]}}
JSON
id=$(sha256sum "$work/config.json" | cut -d ' ' -f 1)
mv "$work/config.json" "$work/image/$id.json"
layers=("${layers[@]/%//layer.tar}")
echo "[{\"Config\":\"$id.json\",\"RepoTags\":[\"$name\"],\"Layers\":[$(quoted "${layers[@]}")]}]" >"$work/image/manifest.json"
archive -C "$work/image" -cf "$work/image.tar" .
mv -f "$work/image.tar" "$file"
echo "$name sha256:$id"
