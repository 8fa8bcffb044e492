#!/bin/bash
# pressure.sh on|off -- the node lacks process ids, as its kubelet sees it, and evicts pods; off: it has enough again
set -euo pipefail
B=$(cd "$(dirname "$0")" && pwd); CACHE=${CACHE:-$("$B/build.sh" | tail -1)}; RUN=${RUN:-$CACHE/run}
case $1 in on) LEAST=99.99% ;; off) LEAST=1% ;; *) echo "pressure.sh on|off"; exit 2 ;; esac
"$B/ctl.sh" stop kubelet
sed -i "s/pid.available: [^,]*,/pid.available: $LEAST,/" "$RUN/conf/kubelet.yaml"
"$B/ctl.sh" start kubelet
