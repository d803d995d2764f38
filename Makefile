# SPDX-License-Identifier: Apache-2.0
# `make help` lists what there is. Each line works from a clean clone.

SWIFT ?= swift
MAKEFLAGS += --no-print-directory

# Tests that run one at a time.
TIMED = ^(Libp2p|Libp2pNIO|KademliaDHT|Bitswap|Discovery|Provide|Node|S3|Schedule|Interop)Tests[.]|^cairnTests[.](PipelineCommand|NodeSchedule|PeerHealing)Tests
# Tests that step through thousands of schedules, or through a year of nights.
EXHAUSTIVE = ^CatalogTests[.](Cache)?InterleavingTests|^ScheduleTests[.]YearTests
# Where tests keep their files: in memory if there is plenty (they take 2.5 GB), for syncs to a slow
# disk would take a third of the time. With TMPDIR set, there; test-full is for the disk.
MEMORY := $(shell df -Pm /dev/shm 2>/dev/null | awk '$$6 == "/dev/shm" && $$4 >= 7500 { print $$6 }')
SCRATCH = $(or $(TMPDIR),$(MEMORY),/tmp)
BENCHMARKS = Benchmarks/Package.swift Benchmarks/Sources Benchmarks/Benchmarks

.DEFAULT_GOAL := help
.PHONY: help run build test test-full lint format gate bench docs check clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' Makefile

run: ## Build, ingest DIR=… (or a small sample) into REPO=…, show the root and a summary
	@Scripts/setup
	$(SWIFT) build -c release --product cairn
	@Scripts/run "$(DIR)" "$(REPO)"

build: ## Build .build/release/cairn
	@Scripts/setup
	$(SWIFT) build -c release --product cairn

test: ## Install what is missing and run the whole suite
	@Scripts/setup --test
	@# Swarms of peers, servers that dawdle and hooks that hang hold each other to time limits, so
	@# one test at a time; and nothing beside what keeps all cores busy for minutes.
	@# The last run is that of all else, so that no test is left out.
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build --disable-xctest --no-parallel --filter '$(TIMED)' --skip '$(EXHAUSTIVE)'
	$(SWIFT) test --skip-build --disable-xctest --filter '$(EXHAUSTIVE)'
	TMPDIR=$(SCRATCH) $(SWIFT) test --skip-build --disable-xctest --skip '$(TIMED)|$(EXHAUSTIVE)'

test-full: export CAIRN_FULL = 1
test-full: MEMORY =
test-full: test ## The same with what takes long or installs much: faults at every call, Ceph's S3 gateway

lint: ## Check format and house rules
	@Scripts/lint

format: ## Format the sources in place
	$(SWIFT) format --in-place --recursive Package.swift Sources Tests $(BENCHMARKS)

gate: ## Count instructions and allocations of the micro benchmarks; fail if they grew
	@Scripts/setup --test
	@# 69: there is no valgrind for this system, which checks on a server must not pass over.
	@Benchmarks/gate && Benchmarks/gate --self-check || { [ $$? = 69 ] && [ -z "$$CI" ]; }

bench: ## Time this machine, then ingests beside other programs; DIR=… adds a tree of yours
	@Scripts/setup --bench
	$(SWIFT) build -c release --product cairn
	.build/release/cairn bench --short
	@Benchmarks/compare --short $(if $(DIR),--dir "$(DIR)")

docs: ## Render the API reference to Docs/api
	@Scripts/docs

check: ## All that must hold before a change lands: lint, the main job, the gate, the tests
	@Scripts/setup --test
	@$(MAKE) lint
	$(SWIFT) build -c release --product cairn
	@Scripts/main-job
	@$(MAKE) gate
	@$(MAKE) test

clean: ## Remove what was built
	rm -rf .build Benchmarks/.build Docs/api
