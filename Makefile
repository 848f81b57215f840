# Everything a person does with this repository. "make run" and "make test" need Go and make; all else they get by
# themselves, or they say in one sentence what to install.

SHELL   := /bin/sh
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)

# .ci/need may put a browser here (macOS), and "make lint" its tools.
export PATH := $(CURDIR)/bin:$(PATH)

# Packages in which several goroutines share something; these are tested once more with the race detector.
RACE := ./internal/app/... ./internal/email/... ./internal/guard/... ./internal/store/... ./internal/token/... ./internal/web/...

STATICCHECK := 0.8.2
GOLANGCI    := 2.15.0

.DEFAULT_GOAL := help
.PHONY: help run test test-race test-long bench fuzz build lint pages whitepaper clean

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

run: ## run the product out of ./data: no account, no key, no database server
	@.ci/need --try postgres
	@go build -o bin/gatehouse -ldflags "$(LDFLAGS)" ./cmd/gatehouse
	@exec ./bin/gatehouse serve

# Tests of packages run one after the other: each has a PostgreSQL of its own, and some measure time. "go vet" goes first
# because it compiles everything on all cores.
test: ## run all tests, those with the race detector too
	@.ci/need postgres chromium poppler cc
	go vet ./...
	go test -count=1 -p 1 -timeout 20m ./...
	$(MAKE) test-race

test-race: ## run the tests of the concurrent packages with the race detector
	@.ci/need postgres cc
	go vet -race $(RACE)
	go test -race -short -count=1 -p 1 -timeout 20m $(RACE)

test-long: ## run the crash tests at full length (about an hour)
	@.ci/need postgres chromium poppler
	GATEHOUSE_LONG=1 go test -count=1 -v -timeout 3h ./internal/crash/...

bench: ## measure against pgbench on this machine
	@.ci/need postgres
	go run ./cmd/dev/bench

FUZZTIME ?= 30s
fuzz: ## run each fuzz target for FUZZTIME
	@.ci/fuzz $(FUZZTIME)

build: ## build ./bin/gatehouse as it is deployed: static, for this platform
	CGO_ENABLED=0 go build -trimpath -tags timetzdata -ldflags "$(LDFLAGS)" -o bin/gatehouse ./cmd/gatehouse

lint: bin/staticcheck-$(STATICCHECK) bin/golangci-lint-$(GOLANGCI) ## gofmt, vet, staticcheck, golangci-lint
	@unformatted=$$(gofmt -l assets cmd config internal templates); \
	if [ -n "$$unformatted" ]; then echo "not gofmt'd:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	bin/staticcheck-$(STATICCHECK) ./...
	bin/golangci-lint-$(GOLANGCI) run

bin/staticcheck-$(STATICCHECK):
	GOBIN=$(CURDIR)/bin go install honnef.co/go/tools/cmd/staticcheck@v$(STATICCHECK)
	@mv bin/staticcheck $@

bin/golangci-lint-$(GOLANGCI):
	GOBIN=$(CURDIR)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v$(GOLANGCI)
	@mv bin/golangci-lint $@

pages: ## show every page in every state, with sample data, at http://127.0.0.1:8090
	go run ./cmd/dev/pagebook

whitepaper: ## print the sample whitepaper's PDF and pictures from their source
	@.ci/need chromium poppler
	go run ./cmd/dev/whitepaper

clean: ## remove what was built (not the data)
	rm -rf bin
