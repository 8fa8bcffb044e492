#!/usr/bin/env bash
# The main job end to end, as a user would do it: start, token, upload, deploy over HTTP, execute, follow, results. `make demo` calls it.
# SCENE=folder uses other Sentinel-2 bands (B04.tif and B08.tif); PORT=n another port;
# arguments are further options of `runnel up`, of an installation beside that of `make demo` (DEMO_DATA).
set -euo pipefail
cd "$(dirname "$0")/.."
for bin in "$PWD"/node_modules/node-linux-*/bin; do PATH=$bin:$PATH; done

scene=${SCENE:-examples/vegetation/data}
for band in B04 B08; do
  [ -f "$scene/$band.tif" ] || { echo "SCENE=$scene: there is no $band.tif (Sentinel-2 red and near infrared bands are needed)" >&2; exit 2; }
done
data=${DEMO_DATA:-$PWD/.runnel/demo}
[ $# -gt 0 ] || set -- --images examples/vegetation/images.json
mkdir -p "$data"
port=${PORT:-$(node -e 'const s = require("net").createServer(); s.listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')}
export RUNNEL_URL=http://127.0.0.1:$port RUNNEL_WORKSPACE=demo
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

say "1. Starting Postgres, NATS and five services (data in $data)"
bin/runnel up --data "$data" --port "$port" "$@" >"$data.log" 2>&1 &
up=$!
stop() { kill -TERM "$up" 2>/dev/null && wait "$up" 2>/dev/null || true; }
trap stop EXIT
for _ in $(seq 240); do
  curl -sf -o /dev/null "$RUNNEL_URL/health/ready" && break
  kill -0 "$up" 2>/dev/null || { tail -n 20 "$data.log" >&2; exit 1; }
  sleep 0.25
done
curl -sf -o /dev/null "$RUNNEL_URL/health/ready" || { tail -n 20 "$data.log" >&2; echo "runnel up does not get ready; its log: $data.log" >&2; exit 1; }
grep -a isolation "$data.log" | tail -n 1 || true

say "2. A token, and the two bands into the workspace"
RUNNEL_TOKEN=$(bin/runnel token create --data "$data" --workspace demo | tail -n 1)
export RUNNEL_TOKEN
bin/runnel upload --to vegetation "$scene/B04.tif" "$scene/B08.tif"

say "3. Deploying examples/vegetation/app.cwl: POST $RUNNEL_URL/demo/ogc-api/processes"
api=$RUNNEL_URL/demo/ogc-api/processes
deploy() { curl -sS -o "$data.answer" -w '%{http_code}' -X "$1" "$2" -H "Authorization: Bearer $RUNNEL_TOKEN" -H 'Content-Type: application/cwl+yaml' --data-binary @examples/vegetation/app.cwl; }
status=$(deploy POST "$api")
[ "$status" != 409 ] || status=$(deploy PUT "$api/vegetation")
case $status in 201 | 204) echo "deployed: $api/vegetation" ;; *) cat "$data.answer" >&2; exit 1 ;; esac

say "4. Executing: split into tiles, NDVI of each, mosaic, statistics, picture, STAC catalogue"
results=$data/results.json
bin/runnel run vegetation examples/vegetation/inputs.json --json >"$results"

say "5. Results"
out=$data/results
mkdir -p "$out"
node scripts/print-demo-results.ts "$results" "$out"

if [ -t 0 ] && [ -t 1 ] && [ -z "${CI:-}" ]; then
  printf '\nKeep it running? [y/N] '
  read -r answer
  case $answer in
    y* | Y*)
      echo "running at $RUNNEL_URL; export RUNNEL_URL=$RUNNEL_URL RUNNEL_TOKEN=$RUNNEL_TOKEN; Ctrl-C stops it"
      wait "$up"
      ;;
  esac
fi
again="Start it again with: bin/runnel up --data $data --port $port $*"
say "Done. ${DEMO_AGAIN:-$again}"
