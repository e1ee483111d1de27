# Millrace: `make demo` shows it, `make test` proves it.
SHELL := /bin/bash
.DEFAULT_GOAL := help

ORDERS ?= 6919
BIN = .build/bin

.PHONY: help setup build demo chaos test conformance bench doctor lint clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install what is missing (libpq, librabbitmq, PostgreSQL, RabbitMQ)
	@scripts/install-dependencies

build: setup ## build everything once, in release
	@scripts/build

demo: build ## run real orders through every part and check the invariants (ORDERS=500 for fewer)
	@$(BIN)/millrace demo --orders $(ORDERS)

chaos: build ## the same while processes are killed at random
	@$(BIN)/millrace demo --orders $(ORDERS) --chaos --kills 10

test: build ## every test, against private servers that it starts itself
	@scripts/install-test-dependencies
	@scripts/test

conformance: build ## other people's clients, their own test suites, a move to RabbitMQ and back, Python on the other side
	@scripts/install-test-dependencies
	@Tests/Interoperability/run
	@Tests/RabbitMQAdmin/run
	@scripts/try-move 400
	@Tests/BrokerMoveBack/run 20000 --rabbitmq-survives
	@scripts/conformance

bench: build ## the tables of docs/performance.md, as ratios measured side by side
	@Benchmarks/run
	@Benchmarks/broker
	@Benchmarks/publish

doctor: build ## what this machine lacks, and the command that mends it
	@$(BIN)/millrace doctor

lint: ## formatting
	@swift format lint --recursive --strict --parallel Sources Tests workers Plugins Examples Benchmarks Package.swift

clean: ## remove what was built and the default data folder
	@rm -rf .build .millrace
