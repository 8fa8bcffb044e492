#!/bin/bash
# reach.sh PORT ADDRESS:PORT -- an address of the cluster (of a Service, a pod) as 127.0.0.1:PORT of the host; down.sh ends it
set -euo pipefail
B=$(cd "$(dirname "$0")" && pwd); CACHE=${CACHE:-$("$B/build.sh" | tail -1)}; RUN=${RUN:-$CACHE/run}; PORT=$1
H=$(cat "$RUN/pids/holder.pid"); S=$RUN/reach-$PORT.sock
setsid nsenter -t $H -m -n -p -- socat UNIX-LISTEN:$S,fork,mode=600 TCP:$2 >"$RUN/log/reach-$PORT.log" 2>&1 </dev/null & disown
for i in $(seq 50); do [ -S $S ] && break; sleep 0.1; done
setsid socat TCP-LISTEN:$PORT,bind=127.0.0.1,fork,reuseaddr UNIX-CONNECT:$S >>"$RUN/log/reach-$PORT.log" 2>&1 </dev/null & echo $! >"$RUN/pids/expose-reach-$PORT.pid"; disown
echo "$2 of the cluster is 127.0.0.1:$PORT of the host"
