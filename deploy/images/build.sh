#!/usr/bin/env bash
# build.sh FOLDER [IMAGE…]: writes FOLDER/{runnel,nats,postgres,vegetation-tools,runnel-stage}.tar, docker archives made from this clone (after `make
# setup`) and the machine's own programs, without docker or a registry. RUNNEL_IMAGE_PREFIX names them (default registry.local/), RUNNEL_IMAGE_TAG
# the release (default: the version in package.json). Where there is docker and a registry, Containerfile makes the image of the services.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
home=$(cd "$here/../.." && pwd)
out=$(mkdir -p "$1" && cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- runnel nats postgres vegetation-tools runnel-stage
prefix=${RUNNEL_IMAGE_PREFIX:-registry.local/}
version=$(sed -n 's/^  "version": "\(.*\)",/\1/p' "$home/package.json")
tag=${RUNNEL_IMAGE_TAG:-$version}
work=$(mktemp -d "$out/.work.XXXXXX")
trap 'rm -rf "$work"' EXIT
node=$(echo "$home"/node_modules/node-linux-*/bin/node)
[ -x "$node" ] || node=$(command -v node)
path=/usr/local/bin:/usr/bin:/bin

take() { mkdir -p "$1" && tar -C "$home" --no-recursion -cf - -T - | tar -C "$1" -xf -; } # FOLDER: paths of this clone on stdin
# Packages that a part of this repository needs where it runs.
packages() { # WORKSPACE…
  (cd "$home" && PATH=$(dirname "$node"):$PATH npm ls --all --parseable --omit=dev --omit=optional "${@/#/--workspace=}" 2>/dev/null || true) |
    sed -n "s,^$home/,,p" | grep '^\(.*/\)\?node_modules/' | sort -u
}
files_of() { while read -r folder; do find "$folder" -path "$folder/node_modules" -prune -o -type f -print; done; }

runnel() {
  # git for the harvester; the others separate tools from each other where an executor runs them as processes.
  "$here/programs.sh" "$work/base" "$node=/usr/local/bin/node" /bin/sh /usr/bin/env /usr/bin/git /usr/bin/ssh /usr/lib/git-core/git-remote-http \
    /usr/bin/{unshare,setpriv,nsenter,mkfifo,cat,rm,mkdir,ln,chmod,chown,sleep} /bin/mount /bin/umount
  ln -s ../../bin/git "$work/base/usr/lib/git-core/git"
  ln -s git-remote-http "$work/base/usr/lib/git-core/git-remote-https"
  packages $(cd "$home" && echo apps/*) | (cd "$home" && files_of) | grep -vE '\.(d\.[cm]?ts|map|md)$' | take "$work/packages/opt/runnel"
  mkdir -p "$work/packages/opt/runnel/node_modules/@runnel"
  for part in "$home"/{apps,libs}/*; do ln -s "../../${part#"$home"/}" "$work/packages/opt/runnel/node_modules/@runnel/$(basename "$part")"; done
  (cd "$home" && find package.json bin apps/*/package.json libs/*/package.json apps/*/dist libs/*/dist apps/console/bundle libs/access/policy -type f ! -name '*.d.ts' ! -name '*.map') |
    take "$work/own/opt/runnel"
  "$here/archive.sh" "${prefix}runnel:$tag" "$out/runnel.tar" \
    "{\"Entrypoint\":[\"node\"],\"Cmd\":[\"apps/cli/dist/main.js\"],\"WorkingDir\":\"/opt/runnel\",\"User\":\"1000:1000\",\"Env\":[\"PATH=/opt/runnel/bin:$path\",\"HOME=/tmp\",\"NODE_ENV=production\",\"SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt\"]}" \
    "$work/base" "$work/packages" "$work/own"
}
nats() {
  "$here/programs.sh" "$work/nats" "$("$home/scripts/nats-server.sh")=/usr/local/bin/nats-server" /bin/sh
  "$here/archive.sh" "${prefix}nats:$tag" "$out/nats.tar" "{\"Entrypoint\":[\"nats-server\"],\"User\":\"1000:1000\",\"Env\":[\"PATH=$path\"]}" "$work/nats"
}
postgres() {
  local native
  native=$(cd "$home" && "$node" --input-type=module -e "import { postgresBinaries } from '@runnel/embedded'; console.log(await postgresBinaries(true))")
  "$here/programs.sh" "$work/postgres" /bin/sh
  mkdir -p "$work/postgres/usr/local"
  cp -a "$native/." "$work/postgres/usr/local"
  for library in $(ldd "$native"/bin/{postgres,initdb} | sed -nE 's,.*[ \t](/(usr/)?lib[^ ]*) \(0x.*,\1,p' | sort -u); do
    mkdir -p "$work/postgres$(dirname "$library")" && cp -L "$library" "$work/postgres$library"
  done
  "$here/archive.sh" "${prefix}postgres:$tag" "$out/postgres.tar" "{\"Entrypoint\":[\"postgres\"],\"User\":\"1000:1000\",\"Env\":[\"PATH=$path\"]}" "$work/postgres"
}
vegetation-tools() {
  local tools=opt/vegetation-tools
  "$here/programs.sh" "$work/tools" "$node=/usr/local/bin/node" /bin/sh /usr/bin/env
  packages examples/vegetation/tools | (cd "$home" && files_of) | take "$work/tools/$tools"
  cp -r "$home"/examples/vegetation/tools/{package.json,bin,src} "$work/tools/$tools"
  "$here/archive.sh" runnel/vegetation-tools:1.0 "$out/vegetation-tools.tar" \
    "{\"User\":\"1000:1000\",\"Env\":[\"PATH=/$tools/bin:$path\"]}" "$work/tools"
}
runnel-stage() { RUNNEL_STAGE_IMAGE=${prefix}runnel-stage:1 "$home/deploy/stage/build.sh" "$out"; }

for image; do "$image"; done
