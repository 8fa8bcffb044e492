{{- define "runnel.name" -}}
{{- if contains "runnel" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-runnel" .Release.Name | trunc 40 | trimSuffix "-" }}{{ end -}}
{{- end }}

{{- define "runnel.secret" -}}
{{ .Values.existingSecret | default (include "runnel.name" .) }}
{{- end }}

{{- /* list ROOT COMPONENT */ -}}
{{- define "runnel.labels" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: runnel
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "runnel.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "runnel.stageImage" -}}
{{ .Values.stageImage.repository }}:{{ .Values.stageImage.tag }}
{{- end }}

{{- define "runnel.natsUrl" -}}
{{ .Values.nats.url | default (printf "nats://%s-nats:4222" (include "runnel.name" .)) }}
{{- end }}

{{- define "runnel.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "runnel.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- /* Where pods of ours are put. */ -}}
{{- define "runnel.placement" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ toJson . }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{- /* An environment variable of the Secret: list ROOT VARIABLE KEY */ -}}
{{- define "runnel.secretEnv" -}}
{{- $root := index . 0 -}}
- name: {{ index . 1 }}
  valueFrom: { secretKeyRef: { name: {{ include "runnel.secret" $root }}, key: {{ index . 2 }} } }
{{- end }}

{{- /* What a service reads from its environment: list ROOT NAME */ -}}
{{- define "runnel.environment" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
{{- $values := $root.Values -}}
- { name: RUNNEL_HOST, value: 0.0.0.0 }
- { name: RUNNEL_PORT, value: '8080' }
- { name: RUNNEL_NATS_URL, value: {{ include "runnel.natsUrl" $root | quote }} }
{{- if or (not $values.nats.url) $values.nats.users }}
- { name: RUNNEL_NATS_USER, value: {{ $name }} }
{{ include "runnel.secretEnv" (list $root "RUNNEL_NATS_PASSWORD" (printf "nats-password-%s" $name)) }}
{{- end }}
{{- if ne $name "executor" }}
{{ include "runnel.secretEnv" (list $root "RUNNEL_POSTGRES_URL" (printf "postgres-url-%s" $name)) }}
{{- end }}
- { name: RUNNEL_OBJECTS, value: {{ required "objects.url is needed: where files are kept (s3://…)" $values.objects.url | quote }} }
{{- with $values.objects.region }}
- { name: AWS_REGION, value: {{ . | quote }} }
{{- end }}
{{- with $values.objects.credentialsSecret }}
{{- range list "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY" }}
- name: {{ . }}
  valueFrom: { secretKeyRef: { name: {{ $values.objects.credentialsSecret }}, key: {{ . }} } }
{{- end }}
{{- end }}
{{- if or (eq $name "api") (eq $name "executor") }}
{{ include "runnel.secretEnv" (list $root "RUNNEL_RUN_TOKEN_KEY" "run-token-key") }}
{{- end }}
{{- if eq $name "api" }}
{{ include "runnel.secretEnv" (list $root "RUNNEL_CALLBACK_SECRET" "callback-secret") }}
{{ include "runnel.secretEnv" (list $root "RUNNEL_SECRETS_KEYS" "secrets-keys") }}
{{- with $values.publicUrl }}
- { name: RUNNEL_PUBLIC_URL, value: {{ . | quote }} }
{{- end }}
{{- end }}
{{- if eq $name "scheduler" }}
- name: RUNNEL_SCHEDULER_ID
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
{{- end }}
{{- if eq $name "harvester" }}
- { name: RUNNEL_WORK_DIR, value: /tmp/repositories }
{{- end }}
{{- if eq $name "executor" }}
- name: RUNNEL_EXECUTOR_ID
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
- name: RUNNEL_LEASE_NAMESPACE
  valueFrom: { fieldRef: { fieldPath: metadata.namespace } }
- { name: RUNNEL_SHARDS, value: '{{ $values.autoscaling.enabled | ternary $values.autoscaling.maxReplicas $values.services.executor.replicas }}' }
- { name: RUNNEL_WORK_DIR, value: /tmp/work }
- { name: RUNNEL_BACKEND, value: kubernetes }
- { name: RUNNEL_STAGE_IMAGE, value: {{ include "runnel.stageImage" $root | quote }} }
- { name: RUNNEL_STAGING_PORT, value: '8090' }
- { name: RUNNEL_STAGING_URL, value: 'http://{{ include "runnel.name" $root }}-staging.{{ $root.Release.Namespace }}.svc:8090' }
- { name: RUNNEL_STAGING_PODS, value: '{{ $root.Release.Namespace }}/app.kubernetes.io/instance={{ $root.Release.Name }},app.kubernetes.io/component=executor' }
- { name: RUNNEL_REACHABLE, value: {{ $values.pods.reachable | quote }} }
- { name: RUNNEL_WORKSPACE_PODS, value: /etc/runnel/workspace-pods.json }
- { name: RUNNEL_CLUSTER_IMAGES, value: /etc/runnel/cluster-images.json }
- { name: RUNNEL_IMAGE_SOURCES, value: /etc/runnel/image-sources.json }
{{- with $values.pods.toolImage }}
- { name: RUNNEL_TOOL_IMAGE, value: {{ . | quote }} }
{{- end }}
{{- end }}
{{- range $key, $value := (index $values.services $name).env }}
- { name: {{ $key }}, value: {{ $value | toString | quote }} }
{{- end }}
{{- end }}

{{- define "runnel.storage" -}}
volumeClaimTemplates:
  - metadata: { name: data }
    spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: {{ index . 0 }} } } }
{{- end }}
