# infercam: build, test, try, check. `make help` lists the targets.

SHELL := /bin/bash
.DELETE_ON_ERROR:

PACKAGES := pkg-config libjpeg62-turbo-dev libpng-dev libtiff-dev libopenblas-pthread-dev \
            nettle-dev zlib1g-dev libcurl4-openssl-dev
# What only the tests need: they skip with a message what they lack.
TEST_PACKAGES := python3-jsonschema
BUILD    := swift build --explicit-target-dependency-import-check error
SOURCES  := Sources Tests Fuzzing Package.swift
DEMO     := runs/demo
# SECONDS is a word of bash too: only the one given on the command line counts.
FUZZ_SECONDS := $(if $(filter command line,$(origin SECONDS)),$(SECONDS),60)

.PHONY: help deps build release test-deps test test-release soak test-slurm test-recipes demo bench lint format check \
        docs-operators clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

deps:  ## install the system libraries that are missing (Debian, Ubuntu)
	@scripts/install-deps $(PACKAGES)

build: deps  ## debug build
	$(BUILD)

release: deps  ## optimised build: .build/release/infercam
	$(BUILD) -c release --product infercam

test-deps: deps
	@scripts/install-deps $(TEST_PACKAGES)

test: test-deps  ## all tests, debug build
	@scripts/run-tests

test-release: test-deps  ## all tests on optimised code
	@scripts/run-tests -c release

soak: deps  ## hundreds of kills and power cuts (root), every fault at every call; takes an hour
	INFERCAM_TEST_KILLS=500 INFERCAM_TEST_POWER_CUTS=30 INFERCAM_TEST_FAULTS=all INFERCAM_TEST_LOCKS=10 \
	INFERCAM_TEST_ARCHIVES=1 \
	  scripts/run-tests --filter 'KillTests|PowerCutTests|FaultSweepTests|StorageTests|ArchiveTests'

test-slurm: release  ## a real Slurm job array on this machine, a node of which is killed
	@scripts/install-deps slurmctld slurmd slurm-client munge
	@scripts/test-slurm .build/release/infercam

test-recipes: release  ## run or check the recipes for other engines; needs PyPI
	@scripts/install-deps parallel python3-venv
	@scripts/test-recipes .build/release/infercam

demo: release  ## classify and explain samples/ with the bundled model
	@scripts/demo .build/release/infercam samples $(DEMO)

bench: release  ## measure beside ONNX Runtime and OpenVINO (PyPI), 25 minutes; QUICK=1, ONLY=, SHARED=, TORCH=
	@scripts/install-deps python3-venv
	@Benchmarks/bench .build/release/infercam

lint:  ## formatting, module map, forbidden words; writes nothing
	swift format lint --strict -r --parallel $(SOURCES)
	@scripts/lint-imports

format:  ## format in place
	swift format -i -r --parallel $(SOURCES)

check: lint build test  ## what must pass before a commit

fuzz: deps  ## mutated files for every parser under libFuzzer: SECONDS=60 each, TARGETS="png onnx"
	@scripts/fuzz $(FUZZ_SECONDS) $(TARGETS)

asan: deps  ## all tests under AddressSanitizer and LeakSanitizer, C code under UBSan too
	@scripts/run-sanitized address $(if $(FILTER),--filter '$(FILTER)')

tsan: deps  ## all tests under ThreadSanitizer
	@scripts/run-sanitized thread $(if $(FILTER),--filter '$(FILTER)')

docs-operators: deps  ## write docs/operators.md from the table of operators
	INFERCAM_UPDATE_DOCS=1 swift test --filter OperatorTableTests </dev/null

clean:  ## remove what was built
	rm -rf .build $(DEMO)
