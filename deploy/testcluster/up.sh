#!/bin/bash
# up.sh -- start a single-node Kubernetes from scratch (build.sh makes the binaries and images, once per machine).
# Everything lives in $RUN and in own mount/network/pid namespaces; nothing is reachable from outside
# but a loopback relay 127.0.0.1:$RELAY -> apiserver.   KUBECONFIG is $RUN/kubeconfig; RUN defaults to $CACHE/run.
#   ONLY=control-plane ./up.sh   -> etcd + apiserver only
set -euo pipefail
B=$(cd "$(dirname "$0")" && pwd); CACHE=${CACHE:-$("$B/build.sh" | tail -1)}; BIN=${BIN:-$CACHE/bin}; IMAGES=${IMAGES:-$CACHE/images}; RUN=${RUN:-$CACHE/run}
RELAY=${RELAY:-16443}; ETCD=${ETCD:-$BIN/etcd}; PROXY_MODE=${PROXY_MODE:-iptables}
NODE=${NODE:-node1} NODE_IP=10.77.0.1 SVC_CIDR=10.96.0.0/16 SVC_IP=10.96.0.1 POD_CIDR=10.88.0.0/24
if [ -e "$RUN/pids" ]; then
  H=$(cat "$RUN/pids/holder.pid" 2>/dev/null || true)
  if [ -n "$H" ] && [ "$(cat /proc/$H/comm 2>/dev/null)" = pause ]; then echo "a test cluster is up already on this machine: run down.sh"; exit 1; fi
  "$B/down.sh" # what a killed one left behind
fi
mkdir -p "$RUN"/{pids,cmd,log,conf,etcd,containerd,cdstate,cni,kubelet,podlogs,flexvol}; PKI=$RUN/pki
t0=$(date +%s.%N); lap() { printf '%7.2fs  %s\n' "$(echo "$(date +%s.%N)-$t0"|bc -l)" "$*"; }
# Sandbox: own mount + network + pid namespaces, pid 1 = images/pause (reaps zombies).
# Killing that one process kills every component, shim and container, and drops all mounts and networks.
inns() { nsenter -t $HOLDER -m -n -p -- "$@"; }
spawn() { # name cmd...   (in the sandbox)
  local n=$1; shift; printf '%q ' "$@" >"$RUN/cmd/$n"
  setsid nsenter -t $HOLDER -m -n -p -- "$@" >"$RUN/log/$n.log" 2>&1 </dev/null & echo $! >"$RUN/pids/$n.pid"; disown
}
wait_for() { # what seconds cmd...
  local w=$1 s=$2; shift 2; local end=$((SECONDS+s))
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -ge $end ] && { echo "TIMEOUT waiting for $w"; exit 1; }; sleep 0.1; done
  lap "$w"
}
# --- sandbox ------------------------------------------------------------------
setsid unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private \
  "$IMAGES/pause" >"$RUN/log/sandbox.log" 2>&1 </dev/null & U=$!; disown; echo $U >"$RUN/pids/sandbox.pid"
for i in $(seq 50); do HOLDER=$(cat /proc/$U/task/$U/children 2>/dev/null | tr -d ' '); [ -n "$HOLDER" ] && grep -q pause /proc/$HOLDER/comm && break; sleep 0.1; done
echo $HOLDER >"$RUN/pids/holder.pid"
mkdir -p /var/lib/kubelet /var/lib/cni /var/log/containers
# kubelet sets five host-wide sysctls; it is shown files that already hold its wishes, so the host's stay as they are.
inns bash -ec "mount --make-rshared /
for d in /run /var/lib/kubelet /var/lib/cni /var/log/containers; do mount -t tmpfs tmpfs \$d; done; mkdir -p /run/netns /run/lock
mkdir -p $RUN/sysctl; fake() { echo \$2 >$RUN/sysctl/\${1//\//.}; mount --bind $RUN/sysctl/\${1//\//.} /proc/sys/\$1; }
fake vm/overcommit_memory 1; fake kernel/panic 10; fake kernel/panic_on_oops 1
fake kernel/keys/root_maxkeys 1000000; fake kernel/keys/root_maxbytes 25000000
ip link set lo up
ip link add node0 type veth peer name node0p
ip addr add $NODE_IP/24 dev node0; ip link set node0 up; ip link set node0p up
ip route add default dev node0
sysctl -qw net.ipv4.ip_forward=1; sysctl -qw net.bridge.bridge-nf-call-iptables=1 || true"
"$B/pki.sh" "$PKI" $NODE_IP $SVC_IP $NODE; lap "sandbox + pki"
# --- etcd ---------------------------------------------------------------------
spawn etcd "$ETCD" --name=n --data-dir="$RUN/etcd" --unsafe-no-fsync \
  --listen-client-urls=http://127.0.0.1:2379 --advertise-client-urls=http://127.0.0.1:2379 \
  --listen-peer-urls=http://127.0.0.1:2380 --initial-advertise-peer-urls=http://127.0.0.1:2380 \
  --initial-cluster=n=http://127.0.0.1:2380 --log-level=warn
wait_for "etcd healthy" 60 inns curl -sf http://127.0.0.1:2379/health
# --- apiserver ----------------------------------------------------------------
# What service accounts do is written down: tests compare it with what they may do.
cat >$RUN/conf/audit.yaml <<Y
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata, userGroups: ["system:serviceaccounts"]}, {level: None}]
Y
spawn kube-apiserver "$BIN/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 \
  --bind-address=0.0.0.0 --secure-port=6443 --advertise-address=$NODE_IP \
  --tls-cert-file=$PKI/apiserver.crt --tls-private-key-file=$PKI/apiserver.key --client-ca-file=$PKI/ca.crt \
  --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --allow-privileged=true \
  --service-account-issuer=https://kubernetes.default.svc.cluster.local \
  --service-account-key-file=$PKI/sa.pub --service-account-signing-key-file=$PKI/sa.key \
  --service-cluster-ip-range=$SVC_CIDR --kubelet-preferred-address-types=InternalIP \
  --kubelet-client-certificate=$PKI/apiserver-kubelet.crt --kubelet-client-key=$PKI/apiserver-kubelet.key \
  --kubelet-certificate-authority=$PKI/ca.crt \
  --requestheader-client-ca-file=$PKI/ca.crt --requestheader-allowed-names=front-proxy-client \
  --requestheader-username-headers=X-Remote-User --requestheader-group-headers=X-Remote-Group \
  --requestheader-extra-headers-prefix=X-Remote-Extra- \
  --proxy-client-cert-file=$PKI/front-proxy.crt --proxy-client-key-file=$PKI/front-proxy.key \
  --audit-policy-file=$RUN/conf/audit.yaml --audit-log-path=$RUN/log/audit.log \
  --profiling=false --v=1
# host loopback relay: unix socket crosses the network namespaces
spawn relay-in  socat UNIX-LISTEN:$RUN/api.sock,fork,mode=600 TCP:127.0.0.1:6443
setsid socat TCP-LISTEN:$RELAY,bind=127.0.0.1,fork,reuseaddr UNIX-CONNECT:$RUN/api.sock \
  >"$RUN/log/relay-out.log" 2>&1 </dev/null & echo $! >"$RUN/pids/relay-out.pid"; disown
export KUBECONFIG=$PKI/admin.kubeconfig
cp $PKI/admin.kubeconfig "$RUN/kubeconfig"
wait_for "apiserver readyz (via host relay 127.0.0.1:$RELAY)" 180 "$BIN/kubectl" get --raw /readyz
[ "${ONLY:-}" = control-plane ] && { lap "control plane up; export KUBECONFIG=$RUN/kubeconfig"; exit 0; }
# --- controller-manager, scheduler --------------------------------------------
spawn kube-controller-manager "$BIN/kube-controller-manager" --kubeconfig=$PKI/kcm.kubeconfig \
  --authentication-kubeconfig=$PKI/kcm.kubeconfig --authorization-kubeconfig=$PKI/kcm.kubeconfig \
  --bind-address=127.0.0.1 --cert-dir=$RUN/conf/kcm --leader-elect=false --node-monitor-grace-period=20s --use-service-account-credentials=true \
  --service-account-private-key-file=$PKI/sa.key --root-ca-file=$PKI/ca.crt \
  --cluster-signing-cert-file=$PKI/ca.crt --cluster-signing-key-file=$PKI/ca.key \
  --flex-volume-plugin-dir=$RUN/flexvol --profiling=false --v=1
spawn kube-scheduler "$BIN/kube-scheduler" --kubeconfig=$PKI/scheduler.kubeconfig \
  --authentication-kubeconfig=$PKI/scheduler.kubeconfig --authorization-kubeconfig=$PKI/scheduler.kubeconfig \
  --bind-address=127.0.0.1 --cert-dir=$RUN/conf/scheduler --leader-elect=false --profiling=false --v=1
# --- containerd ---------------------------------------------------------------
cat >$RUN/conf/containerd.toml <<Y
version = 2
root = "$RUN/containerd"
state = "$RUN/cdstate"
oom_score = 0
[grpc]
  address = "$RUN/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  disable_apparmor = true
  sandbox_image = "registry.local/pause:1"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "$RUN/certs.d"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$RUN/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
Y
cat >$RUN/cni/10-bridge.conflist <<Y
{"cniVersion":"1.0.0","name":"pods","plugins":[
 {"type":"bridge","bridge":"cni0","isGateway":true,"ipMasq":true,"hairpinMode":true,
  "ipam":{"type":"host-local","dataDir":"$RUN/cni-ipam","ranges":[[{"subnet":"$POD_CIDR"}]],"routes":[{"dst":"0.0.0.0/0"}]}},
 {"type":"portmap","capabilities":{"portMappings":true}}]}
Y
spawn containerd /usr/bin/containerd --config $RUN/conf/containerd.toml
wait_for "containerd" 60 ctr -a $RUN/containerd.sock version
for t in "$IMAGES"/*.tar; do ctr -a $RUN/containerd.sock -n k8s.io images import "$t" >>$RUN/log/images.log 2>&1; done; lap "images imported"
# --- kubelet ------------------------------------------------------------------
DNSCFG=; : >$RUN/conf/resolv.conf
if [ -x "$BIN/coredns" ]; then
  cat >$RUN/conf/Corefile <<Y
.:53 {
  bind $NODE_IP
  errors
  kubernetes cluster.local in-addr.arpa ip6.arpa { 
    kubeconfig $PKI/admin-in-netns.kubeconfig
    pods insecure
  }
  cache 5
}
Y
  spawn coredns "$BIN/coredns" -conf $RUN/conf/Corefile
  DNSCFG="clusterDNS: [$NODE_IP]
clusterDomain: cluster.local"
fi
cat >$RUN/conf/kubelet.yaml <<Y
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $PKI/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: $PKI/kubelet-server.crt
tlsPrivateKeyFile: $PKI/kubelet-server.key
containerRuntimeEndpoint: unix://$RUN/containerd.sock
cgroupDriver: cgroupfs
cgroupRoot: /
failCgroupV1: false
failSwapOn: false
oomScoreAdj: 0
podLogsDir: $RUN/podlogs
volumePluginDir: $RUN/flexvol
resolvConf: $RUN/conf/resolv.conf
evictionHard: {memory.available: 200Mi, nodefs.available: 1%, imagefs.available: 1%, nodefs.inodesFree: 1%}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
enableControllerAttachDetach: true
serializeImagePulls: false
nodeStatusUpdateFrequency: 5s
nodeLeaseDurationSeconds: 12
volumeStatsAggPeriod: 10s
$DNSCFG
Y
spawn kubelet "$BIN/kubelet" --config=$RUN/conf/kubelet.yaml --kubeconfig=$PKI/kubelet.kubeconfig \
  --root-dir=$RUN/kubelet --cert-dir=$RUN/conf/kubelet-certs --hostname-override=$NODE --node-ip=$NODE_IP --v=2
# --- kube-proxy ---------------------------------------------------------------
cat >$RUN/conf/proxy.yaml <<Y
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: $PROXY_MODE
clientConnection: {kubeconfig: $PKI/proxy.kubeconfig}
hostnameOverride: $NODE
clusterCIDR: $POD_CIDR
bindAddress: $NODE_IP
healthzBindAddress: 127.0.0.1:10256
metricsBindAddress: 127.0.0.1:10249
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
oomScoreAdj: 0
Y
[ "$PROXY_MODE" = none ] || spawn kube-proxy "$BIN/kube-proxy" --config=$RUN/conf/proxy.yaml --v=1
wait_for "node registered" 120 "$BIN/kubectl" get node $NODE
wait_for "node Ready" 120 bash -c "$BIN/kubectl get node $NODE | grep -qw Ready"
wait_for "default ServiceAccount" 60 "$BIN/kubectl" -n default get sa default
lap "cluster up; export KUBECONFIG=$RUN/kubeconfig"
