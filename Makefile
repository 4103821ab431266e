# tollgate: `make help` lists the targets.
GO    ?= go
BIN   := bin/tollgate
# The packages of the three modules that go.work names.
ALL   := ./... ./internal/core/... ./xk6-perso/...
CLICKS ?= ../shared/data/yoochoose-clicks.tsv
IMAGES ?= ../shared/images
MODULE     := github.com/tollgate-dev/tollgate
PROMETHEUS := github.com/prometheus/prometheus
# The newest gosec that links no client of a language model, with the syntax of the Go that is used here.
GOSEC       := github.com/securego/gosec/v2/cmd/gosec
GOSECS      := $(GOSEC)@v2.21.4 golang.org/x/tools@v0.51.0
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0

# What `make bench-verdict` measures, and where it keeps the results. These values are the short version, which takes about 45
# minutes on two cores. `make bench-verdict RUNS=20 SLOT_LOAD=2m` is the full version, about two and a half hours, with nothing
# else on the machine. Both times are computed from those of the parts. After an interruption, the same command continues where
# it stopped.
PROOF     ?= runs/bench-verdict
SIMULATED ?= 400
RUNS      ?= 3
SLOT_LOAD ?= 30s

# Turns of each generator in `make bench-load`, and how long `make bench-memory` watches them.
TURNS  ?= 3
MEMORY ?= 1h

KILLS ?= 20
SOAK  ?= 1h
# Rules of gosec that are left out: G204, since starting itself, Compose and a container engine with arguments is the job; G304, since
# it reads the files that its user names; G104, since what it finds are writes to buffers in memory; G404, since random numbers are
# drawn from a seed, so that a run can be repeated.
GOSEC_LEFT_OUT := G104,G204,G304,G404

# The packages that `make sec` and `make vuln` check.
CHECKED ?= $(ALL)
# Which tests `make test` runs, as arguments of go test.
TESTS ?= $(ALL)

# How long each parser is fuzzed, and how the tests are built for it: see .ci/fuzz.
FUZZTIME  ?= 1m
FUZZBUILD ?= -fuzz=.

.PHONY: bench-loads help build tools tidy run smoke images example test check lint extension-check race bench bench-load bench-memory bench-verdict golden fuzz sec vuln kills soak clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "%-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/tollgate
	$(GO) build -o $(BIN) ./cmd/tollgate

tools: ## bin/promtool, which docs/open-a-run.md uses: of the Prometheus that is built in, without service discovery
	@mkdir -p bin && cp go.mod bin/promtool.mod && cp go.sum bin/promtool.sum # what promtool needs besides is not to be in go.mod
	@$(GO) mod edit -replace $(MODULE)/internal/core=./internal/core -replace $(MODULE)/xk6-perso=./xk6-perso bin/promtool.mod
	version=$$($(GO) list -m -f '{{.Version}}' $(PROMETHEUS)) && export GOWORK=off && \
	  $(GO) get -modfile=bin/promtool.mod $(PROMETHEUS)/cmd/promtool@$$version && \
	  $(GO) build -modfile=bin/promtool.mod -tags remove_all_sd -o bin/promtool $(PROMETHEUS)/cmd/promtool

tidy: ## go.mod and go.sum of the three modules, which need not be published for it
	@GO="$(GO)" .ci/tidy

run: ## the main job: measure, detect, report (about six minutes on two cores)
	$(GO) run ./cmd/tollgate run

smoke: build ## the main job, small, on the recorded clicks in the file CLICKS
	@if [ -f "$(CLICKS)" ]; then \
	  $(BIN) run --profile smoke --journeys "$(CLICKS)" || case $$? in \
	    3|4) echo "smoke: everything works; the verdict is open or invalid, as on a noisy machine it may be";; \
	    *) exit 1;; esac; \
	else echo "smoke on recorded clicks skipped: $(CLICKS) is not there"; fi

images: build ## the images of the container tests: from archives if the directory IMAGES exists, else pulled
	@if [ -d "$(IMAGES)" ]; then $(BIN) images load "$(IMAGES)"; else $(BIN) images pull; fi

example: ## the image of examples/shop, the system that docs/your-own-stack.md measures
	CGO_ENABLED=0 $(GO) build -o examples/shop/bin/shop ./examples/shop
	docker build -t tollgate-example/shop:dev examples/shop

test: ## all tests; those of containers are skipped where there is no engine, unless TOLLGATE_REQUIRE_DOCKER=1
	$(GO) test -timeout 60m $(TESTS)

check: lint race ## everything that must be clean before a commit

lint: ## gofmt, vet, staticcheck
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "gofmt: $$unformatted"; exit 1; }
	$(GO) vet $(ALL)
	$(GO) tool staticcheck $(ALL)

extension-check: ## xk6-perso as a published k6 extension is checked: files, modules, what it adds to k6, every example, gosec, govulncheck
	@GO="$(GO)" .ci/extension
	@$(MAKE) --no-print-directory sec vuln CHECKED="./internal/core/... ./xk6-perso/..."

race: ## all tests under the race detector
	$(GO) test -race -timeout 60m $(ALL)

bench: ## benchmarks: the driver's punctuality, the pipeline, the statistics
	$(GO) test -run '^$$' -bench . $(ALL)

bench-load: bench-loads ## load generators side by side: cost, lateness, and what they tell of a stall (about five minutes)
	bin/bench-load compare --turns $(TURNS)
	bin/bench-load stall

bench-memory: bench-loads ## memory of load generators with 10,000 journeys at once, and over an hour (MEMORY=1h)
	bin/bench-load crowd
	bin/bench-load memory --for $(MEMORY)

bench-loads: # vegeta is a module of its own, so that nothing else depends on it
	@mkdir -p bin
	$(GO) build -o bin/bench-load ./cmd/bench-load
	GOWORK=off $(GO) build -C cmd/bench-load/vegeta -o "$(CURDIR)/bin/bench-vegeta" .

bench-verdict: build ## how often verdicts are right: simulation, then real runs (about 45 minutes; in full, with RUNS=20 SLOT_LOAD=2m, about two and a half hours)
	$(GO) build -o bin/bench-verdict ./cmd/bench-verdict
	bin/bench-verdict simulate --runs $(SIMULATED)
	bin/bench-verdict identical --runs $(RUNS) --out $(PROOF)
	bin/bench-verdict slots --load $(SLOT_LOAD) --out $(PROOF)
	bin/bench-verdict usual --runs $(RUNS) --out $(PROOF)

golden: ## rewrite the golden files of the reports after a deliberate change
	$(GO) test ./reports -update

fuzz: ## fuzz the parsers of hostile input, FUZZTIME each (a minute)
	@GO="$(GO)" .ci/fuzz $(FUZZTIME) $(FUZZBUILD)

sec: ## gosec; every exception has its reason in its line (#nosec RULE -- reason)
	@mkdir -p bin/gosec.module && cd bin/gosec.module && export GOWORK=off && printf 'module tools\n\ngo 1.26\n' > go.mod && \
	  $(GO) get $(GOSECS) && $(GO) build -o ../gosec $(GOSEC)
	bin/gosec -quiet -exclude=$(GOSEC_LEFT_OUT) $(CHECKED)

vuln: ## known vulnerabilities in the code that is called; without a way to the database it says so, and passes
	@mkdir -p bin && GOBIN="$(CURDIR)/bin" $(GO) install $(GOVULNCHECK)
	@out=$$(bin/govulncheck $(CHECKED) 2>&1); code=$$?; echo "$$out"; case "$$code $$out" in \
	  *"fetching vulnerabilities"*) echo "vuln: NOT CHECKED: the database of vulnerabilities cannot be reached from here";; \
	  "0 "*) ;; \
	  *) exit 1;; \
	esac

kills: ## kill -9 of runs and of their processes at random moments, in processes and in containers (KILLS=20 of each: about an hour)
	$(GO) test -timeout 3h -count 1 -v -run TestKills ./cmd/tollgate -kills $(KILLS) -kills-containers $(KILLS)

soak: ## an hour of load on all levels at once: memory and descriptors of every process stay within bounds (SOAK=1h)
	$(GO) test -timeout 2h -count 1 -v -run TestSoak ./cmd/tollgate -soak $(SOAK)

clean: ## remove what was built and the runs
	rm -rf bin runs examples/shop/bin examples/k6-operator/bin
