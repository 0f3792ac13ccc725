# What people and machines run. `make help` lists it.
# Benchmarks are compiled by `lint` but not run by `test`: they measure, they do not judge.

CARGO ?= cargo
TARGET = $(or $(CARGO_TARGET_DIR),target)
ADDRESS ?= 127.0.0.1:9490
FUZZ_SECONDS ?= 20

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

.PHONY: run
run: ## Build slowburn and start its demo: a simulated shop with incidents; it prints where to look
	$(CARGO) run --release --locked -- demo --web.listen $(ADDRESS)

.PHONY: build
build: ## Build what is shipped: target/dist/slowburn
	$(CARGO) build --profile dist --locked

.PHONY: test
test: install lint ## Install what the tests need, then check the style and run every test
	$(CARGO) test --locked --doc --quiet
	$(CARGO) nextest run --locked --no-fail-fast
	$(MAKE) --no-print-directory fuzz

.PHONY: fuzz
fuzz: ## Look for inputs that break the readers of files and pages, FUZZ_SECONDS each (20)
	$(MAKE) --no-print-directory -C fuzz build all SECONDS=$(FUZZ_SECONDS)

.PHONY: install
install: ## Install what the tests need
	.ci/install

.PHONY: lint
lint: ## Check formatting and common mistakes
	$(CARGO) fmt --check
	$(CARGO) fmt --check --manifest-path fuzz/Cargo.toml
	$(CARGO) clippy --locked --all-targets -- -D warnings

.PHONY: bench
bench: ## Measure speed, disk and memory beside peers, in about 25 min; writes target/bench.* (BENCH_QUICK=1: smaller)
	.ci/install bench
	ulimit -n "$$(ulimit -H -n)" 2>/dev/null; $(CARGO) bench --locked --bench table

.PHONY: figures
figures: ## Put the tables and the picture of the last `make bench` into the documentation
	sed -i -e '/^<!-- figures -->$$/,/^<!-- \/figures -->$$/{//!d}' -e '/^<!-- figures -->$$/r $(TARGET)/bench.md' docs/performance.md
	cp $(TARGET)/bench.svg docs/images/cost.svg

.PHONY: screenshots
screenshots: install ## Make the pictures of the documentation again
	SLOWBURN_SCREENSHOTS=$(CURDIR)/docs/images $(CARGO) nextest run --locked --test page shots::

.PHONY: correctness
correctness: install ## Compare with a real Prometheus and a simulated truth again; writes docs/correctness.md
	SLOWBURN_CORRECTNESS=$(CURDIR)/docs/correctness.md $(CARGO) nextest run --locked --test truth prometheus:: --no-capture
