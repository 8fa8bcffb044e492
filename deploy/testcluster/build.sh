#!/bin/bash
# build.sh -- make what up.sh needs, once per machine: Debian packages, the Kubernetes multi-call binary (Go modules,
# 7-20 minutes of 2 cores when cold), the pause and busybox images. Results are kept in $CACHE, keyed by the sources.
set -euo pipefail
B=$(cd "$(dirname "$0")" && pwd)
KEY=$(cat "$B"/go.mod "$B"/go.sum "$B"/main.go <(go version) | sha256sum | cut -c1-16)
CACHE=${CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/runnel/testcluster-$KEY}
mkdir -p "$CACHE/bin" "$CACHE/images"
need() { for p; do dpkg -s "$p" >/dev/null 2>&1 || echo "$p"; done; }
MISSING=$(need containerd runc containernetworking-plugins iptables conntrack socat bc curl openssl gcc python3)
if [ -n "$MISSING" ]; then apt-get update -q && apt-get install -yq --no-install-recommends $MISSING; fi
if [ ! -x "$CACHE/bin/kubeall" ]; then
  V=v1.34.4 P=k8s.io/component-base/version C=k8s.io/client-go/pkg/version
  X="-X $P.gitVersion=$V -X $P.gitMajor=1 -X $P.gitMinor=34 -X $P.gitTreeState=clean -X $P.buildDate=2026-01-01T00:00:00Z -X $C.gitVersion=$V"
  (cd "$B" && CGO_ENABLED=0 GOFLAGS="-p=2 -mod=readonly" go build -trimpath -buildvcs=false -ldflags "-s -w $X" -o "$CACHE/bin/kubeall.new" .)
  mv "$CACHE/bin/kubeall.new" "$CACHE/bin/kubeall"
fi
for c in etcd kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet kubectl; do ln -sf kubeall "$CACHE/bin/$c"; done
DNS=$CACHE/bin/coredns-$(cat "$B"/dns/* | sha256sum | cut -c1-16)
if [ ! -x "$DNS" ]; then
  (cd "$B/dns" && CGO_ENABLED=0 GOFLAGS=-mod=readonly go build -trimpath -buildvcs=false -ldflags '-s -w' -o "$DNS.new" .)
  mv "$DNS.new" "$DNS"
fi
ln -sf "$(basename "$DNS")" "$CACHE/bin/coredns"
if [ ! -s "$CACHE/images/busybox.tar" ]; then
  W=$(mktemp -d "$CACHE/images/work.XXXXXX"); trap 'rm -rf "$W"' EXIT
  mkdir "$W/pause" && gcc -Os -static -o "$W/pause/pause" "$B/pause.c" && cp -f --remove-destination "$W/pause/pause" "$CACHE/images/pause"
  "$B/../images/archive.sh" registry.local/pause:1 "$CACHE/images/pause.tar" '{"Entrypoint":["/pause"]}' "$W/pause"
  (cd "$W" && apt-get download -qq -o APT::Sandbox::User=root busybox && dpkg -x busybox_*.deb package)
  "$B/../images/programs.sh" "$W/busybox" "$W/package/bin/busybox=/bin/busybox"
  for applet in $("$W/package/bin/busybox" --list); do [ "$applet" = busybox ] || ln -s busybox "$W/busybox/bin/$applet"; done
  mkdir -p "$W"/busybox/{root,usr/bin}
  "$B/../images/archive.sh" registry.local/busybox:1.35 "$CACHE/images/busybox.tar" '{"Cmd":["sh"],"Env":["PATH=/bin:/usr/bin"]}' "$W/busybox"
fi
echo "$CACHE"
