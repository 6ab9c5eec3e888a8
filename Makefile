# Everything that is run by hand here, by name. `make` alone lists it.
SHELL         := bash
.SHELLFLAGS   := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS     += --no-print-directory

GO          ?= go
PYTHON      ?= python3
FUZZTIME    ?= 60s
KILL_ROUNDS ?= 20

DEMO_RUN := $(or $(DEMO_RUN),runs/demo-$(shell date +%Y%m%d-%H%M%S))

CHROMIUM    ?= $(or $(DEEPRANK_CHROMIUM),$(firstword $(foreach name,chromium chromium-browser google-chrome,$(shell command -v $(name)))))

VENV    := .venv
STAMP   := $(VENV)/.installed
TFVENV  := .venv-tensorflow
TFSTAMP := $(TFVENV)/.installed
SWVENV  := .venv-sweeps
SWSTAMP := $(SWVENV)/.installed
LINT    := bin/tools/.built
TAGS    := slow,peers

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: demo
demo: build ## draw a small shop, train on it, and show what the network learned: demo/sheet.png
	bin/triplets demo demo/shop
	bin/train --config demo --triplets demo/shop/csv/triplets.csv --val-triplets demo/shop/csv/val_triplets.csv --out $(DEMO_RUN)
	bin/rank sheet --run $(DEMO_RUN) --out demo/sheet.png
	@echo
	@echo "The run is in $(DEMO_RUN)."
	@echo "Nearest pictures before and after training: $(CURDIR)/demo/sheet.png"

.PHONY: test
test: ## all tests that need Go alone
	$(GO) test ./...

.PHONY: build
build: ## the programs, into bin/ (no C compiler needed)
	CGO_ENABLED=0 $(GO) build -o bin/ ./cmd/...

.PHONY: race
race: ## the tests under the race detector (needs a C compiler)
	$(GO) test -race ./...

.PHONY: purego
purego: ## the kernels' tests on their plain Go twins, without assembly
	$(GO) test -tags purego ./internal/kernel/... ./internal/op/...

.PHONY: lint
lint: $(LINT) ## gofmt, go vet, staticcheck, golangci-lint (built from source once, into bin/tools)
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "gofmt -w these:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) vet -tags $(TAGS) ./...
	bin/tools/staticcheck -tags $(TAGS) ./...
	bin/tools/golangci-lint run ./...

$(LINT): tools/go.mod tools/go.sum
	@mkdir -p bin/tools
	$(GO) build -C tools -o ../bin/tools/ tool
	@touch $@

.PHONY: generate-check
generate-check: ## generate everything again; nothing may change
	@state() { git ls-files -z -co --exclude-standard | sort -z | xargs -0 sha256sum 2>/dev/null || true; }; \
	before=$$(state); $(GO) generate ./...; after=$$(state); \
	if [ "$$before" != "$$after" ]; then \
		echo "go generate ./... changed these files; commit them with their generator:"; \
		diff <(echo "$$before") <(echo "$$after") | awk '/^[<>]/ { print "  " $$3 }' | sort -u; exit 1; \
	fi; echo "generated files are up to date"

.PHONY: fuzz
fuzz: ## each fuzz target for FUZZTIME (60s)
	@files=$$(grep -rl --include='*_test.go' '^func Fuzz' cmd model loss data checkpoints configs internal | sort); \
	for file in $$files; do for name in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\).*/\1/p' $$file); do \
		$(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) ./$$(dirname $$file); \
	done; done

.PHONY: kill
kill: ## kill -9 a training run KILL_ROUNDS times (20) and resume it: the same bits at the end (slow)
	@mkdir -p bin
	DEEPRANK_KILL_ROUNDS=$(KILL_ROUNDS) $(GO) test -tags slow -run Kill -count=1 -timeout 60m -v ./cmd/train/ | tee bin/kill.log
	@if grep -q 'no tests to run' bin/kill.log; then echo "no test matched Kill"; exit 1; fi

.PHONY: sweeps
sweeps: build ## the sweeps of scripts/sweeps in a small form on the demo (a minute); Optuna and GNU parallel where they can be had
	@if ! $(MAKE) sweeps-venv >bin/sweeps-venv.log 2>&1; then echo "no environment for Optuna: $$(tail -n 1 bin/sweeps-venv.log)"; fi
	scripts/sweeps/test/run.sh bin $$([ ! -e $(SWSTAMP) ] || echo $(CURDIR)/$(SWVENV)/bin/python)

.PHONY: sweeps-venv
sweeps-venv: $(SWSTAMP) ## the Python environment of the sweep with Optuna, in .venv-sweeps

$(SWSTAMP): scripts/sweeps/requirements.txt
	@rm -f $@
	[ -x $(SWVENV)/bin/python ] || $(PYTHON) -m venv $(SWVENV)
	$(SWVENV)/bin/python -m pip install --disable-pip-version-check --retries 1 -r scripts/sweeps/requirements.txt
	@touch $@

.PHONY: peers
peers: parity-data vgg16-data ## compare with PyTorch, torchvision, Python's safetensors and Chromium (slow, downloads all but the last)
	DEEPRANK_CHROMIUM=$(CHROMIUM) DEEPRANK_PYTHON=$(CURDIR)/$(VENV)/bin/python DEEPRANK_PARITY=$(CURDIR)/bench/parity DEEPRANK_VGG16=$(CURDIR)/bench/vgg16 \
		$(GO) test -tags peers -count=1 -timeout 60m ./...

.PHONY: venv
venv: $(STAMP) ## the Python environment of the comparisons, in .venv

$(STAMP): bench/requirements.txt
	[ -x $(VENV)/bin/python ] || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --disable-pip-version-check -r bench/requirements.txt
	@touch $@

.PHONY: bench-peers
bench-peers: build bin/gorgonia $(STAMP) $(TFSTAMP) ## race PyTorch, TensorFlow and gorgonia into bench/RESULTS.md (half an hour); ROUNDS=n: not 3 rounds; QUICK=1: a few minutes, to stdout; ISA=avx2: all held to AVX2
	$(VENV)/bin/python bench/peers/race.py --bench bin/bench --gorgonia bin/gorgonia --raw bin/race.json \
		--torch-python $(VENV)/bin/python --tensorflow-python $(TFVENV)/bin/python \
		$$(t=$$(bench/peers/tcmalloc.sh $(TFVENV)) && echo --tcmalloc $$t) \
		$(if $(ISA),--isa $(ISA)) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(QUICK),--quick,--out bench/RESULTS.md) $(RACE)

.PHONY: bench-curves
bench-curves: build $(STAMP) ## train the demo with Winograd's convolutions and with --exact, and plot the losses: bench/curves.png
	[ -d demo/shop ] || bin/triplets demo demo/shop
	rm -rf runs/curves
	@# Five runs of each kind, at rates that differ by less than a thousandth: what chance alone does to a run.
	for how in winograd exact; do for lr in 0.0015 0.0015002 0.0014998 0.001501 0.001499; do \
		bin/train --config demo --triplets demo/shop/csv/triplets.csv --val-triplets demo/shop/csv/val_triplets.csv --eval-every 100 \
			--quiet --lr $$lr --exact=$$([ $$how = exact ] && echo true || echo false) --out runs/curves/$$how-$$lr; \
	done; done
	$(VENV)/bin/python bench/peers/curves.py runs/curves bench/curves.png

.PHONY: bench-triplets
bench-triplets: build $(STAMP) ## times drawing triplets against its targets and against pandas, into bench/RESULTS.md (five minutes); QUICK=1: without the ten million rows, to stdout
	$(VENV)/bin/python bench/peers/triplets.py --triplets bin/triplets $(if $(QUICK),--quick,--out bench/RESULTS.md)

.PHONY: bench-retrieval
bench-retrieval: build $(STAMP) $(TFSTAMP) ## times rank's embeddings, evaluation and search against PyTorch, pytorch-metric-learning with faiss and a copy of memory, into bench/RESULTS.md (ten minutes); QUICK=1: smaller, to stdout
	$(VENV)/bin/python bench/peers/retrieval.py --rank bin/rank --go $(GO) \
		$$(t=$$(bench/peers/tcmalloc.sh $(TFVENV)) && echo --tcmalloc $$t) $(if $(QUICK),--quick,--out bench/RESULTS.md)

.PHONY: bench-seeds
bench-seeds: build $(STAMP) ## trains the demo's network with PyTorch too, ten seeds each, and compares what comes out, into bench/RESULTS.md (twenty minutes)
	$(VENV)/bin/python bench/peers/seeds.py --train bin/train --triplets bin/triplets --out bench/RESULTS.md

bin/gorgonia: bench/peers/gorgonia/main.go bench/peers/gorgonia/go.mod
	$(GO) build -C bench/peers/gorgonia -o $(CURDIR)/$@ .

$(TFSTAMP): bench/peers/requirements.txt
	[ -x $(TFVENV)/bin/python ] || $(PYTHON) -m venv $(TFVENV)
	$(TFVENV)/bin/python -m pip install --disable-pip-version-check -r bench/peers/requirements.txt
	@touch $@

.PHONY: parity-data
parity-data: $(STAMP) ## 24 cases of five training steps from PyTorch, into bench/parity
	bench/reference/make_parity.sh all

.PHONY: parity-committed
parity-committed: $(STAMP) ## the three small cases again, into model/testdata/parity
	bench/reference/make_parity.sh committed

.PHONY: vgg16-data
vgg16-data: bench/vgg16/fc7.safetensors ## torchvision's VGG-16 with random weights and its features, into bench/vgg16

bench/vgg16/fc7.safetensors: bench/reference/torchvision_vgg16.py | $(STAMP)
	$(VENV)/bin/python $< bench/vgg16

.PHONY: ci
ci: ## everything that a change must pass
	.ci/run

.PHONY: clean
clean: ## remove what was built or drawn here; runs/ and .venv stay
	rm -rf bin demo bench/parity bench/vgg16 bench/reference/__pycache__
