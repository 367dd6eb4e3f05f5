# Relais. "make" lists what there is.
SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

export GOFLAGS ?= -buildvcs=false
commit := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
relais := bin/relais
# Everything that a test needs and a machine may lack; RUN narrows (make test RUN=TestStory PKG=./internal/e2e).
PKG ?= ./...
RUN ?= .

.PHONY: help build run test bench torture check fix cover clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-7s %s\n", $$1, $$2}'

build: ## build bin/relais
	@mkdir -p bin
	@go build -ldflags '-X main.commit=$(commit)' -o $(relais) ./cmd/relais

run: build ## build and start everything: database, Stripe sandbox, demo, site; Ctrl-C ends it
	@exec $(relais) serve

test: build ## run every test, those in the browser included; installs what they need
	@.ci/install
	@$(relais) pg exec -- go test -race -shuffle=on -timeout 45m -run '$(RUN)' $(PKG)

torture: ## kill Relais a thousand times while people pay, and look for a cent that is doubled, lost or stuck
	@go run ./internal/torture

bench: ## measure the hot paths beside their plainest counterparts; results in var/bench.json
	@go run ./internal/bench

check: ## look at the code: format, vet, module files, staticcheck, architecture
	@unformatted=$$(gofmt -l cmd internal migrations); test -z "$$unformatted" || { echo "run make fix for: $$unformatted"; exit 1; }
	@go vet ./...
	@go mod tidy -diff
	@go tool -modfile=tools/go.mod staticcheck ./...
	@go test -count=1 ./internal/arch

fix: ## format the code and tidy the module files
	@gofmt -w cmd internal migrations
	@go mod tidy

cover: build ## measure what the tests reach; var/cover.html
	@.ci/install
	@mkdir -p var
	@$(relais) pg exec -- go test -timeout 45m -coverpkg=./internal/... -coverprofile=var/cover.out ./...
	@go tool cover -html=var/cover.out -o var/cover.html
	@go tool cover -func=var/cover.out | tail -1

clean: ## remove the program, not the data
	@rm -rf bin
