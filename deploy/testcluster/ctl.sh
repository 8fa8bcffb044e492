#!/bin/bash
# ctl.sh stop|start COMPONENT -- end one component (etcd, kube-apiserver, kube-scheduler, kubelet, …) of a cluster that is up, or start it again
set -euo pipefail
B=$(cd "$(dirname "$0")" && pwd); CACHE=${CACHE:-$("$B/build.sh" | tail -1)}; RUN=${RUN:-$CACHE/run}; N=$2
[ -s "$RUN/cmd/$N" ] || { echo "there is no component $N: $(ls "$RUN/cmd" 2>/dev/null | tr '\n' ' ')"; exit 1; }
P=$(cat "$RUN/pids/$N.pid")
case $1 in
  # The recorded process is nsenter, its child the component.
  stop) C=$(tr -d ' ' <"/proc/$P/task/$P/children"); kill -TERM "$C"; for _ in $(seq 100); do kill -0 "$C" 2>/dev/null || kill -0 "$P" 2>/dev/null || exit 0; sleep 0.1; done; kill -KILL "$C" ;;
  start) kill -0 "$P" 2>/dev/null && { echo "$N runs"; exit 1; }
    H=$(cat "$RUN/pids/holder.pid"); eval "exec setsid nsenter -t $H -m -n -p -- $(cat "$RUN/cmd/$N")" >>"$RUN/log/$N.log" 2>&1 </dev/null & echo $! >"$RUN/pids/$N.pid"; disown ;;
  *) echo "ctl.sh stop|start COMPONENT"; exit 2 ;;
esac
