# Needs Python 3.11+, make and PyPI (the first time), nothing more.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SITE = $(shell $(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
# Compiled at once and on all cores: the first import would do it one file after the other.
USED := pulumi pulumi_cloudflare pulumi_random pydantic google grpc \
	$(addprefix pulumi_aws/,autoscaling cloudwatch ec2 ec2transitgateway efs iam rds sns ssm vpc)
STACK ?= prod
# The folder of your Pulumi.yaml: docs/your-project.md.
PROJECT ?= .
OPERATE = $(BIN)/python -m operate --project '$(PROJECT)' --stack '$(STACK)'
VERSION := $(shell cat VERSION)
DIST := dist
SBOM = $(DIST)/drawbridge-$(VERSION).cdx.json
# One lock with hashes per environment, beside the requirements that people edit. Installations read the locks only.
LOCKS := requirements.lock requirements-dev.lock requirements-emulated.lock requirements-checkov.lock requirements-docs.lock \
	requirements-cfn-lint.lock requirements-supply.lock requirements-cloud-init.lock requirements-uv.lock policy/requirements.lock
INSTALL := $(BIN)/uv pip install --quiet --require-hashes

.PHONY: preview new doctor status logs shell psql install help test test-slow check lint walk generate golden docs rehearse rehearse-faults policy checkov cfn-lint boot boot-faults \
	boot-release boot-vm bench emulated lock audit sbom release hooks clean

preview: $(VENV)/.installed ## Show what STACK would be; no account, no credentials, no Pulumi CLI
	@$(BIN)/python -m preview --project '$(PROJECT)' --stack '$(STACK)'

new: $(VENV)/.installed ## Write the stack file of a compose file: make new APP=path/or/folder HOST=app.example.com
	@$(BIN)/python -m preview new --app '$(APP)' --host '$(HOST)' --stack '$(STACK)'

doctor: $(VENV)/.installed ## Ask the clouds what would refuse STACK; makes nothing (docs/doctor.md)
	@$(BIN)/python -m preview doctor --project '$(PROJECT)' --stack '$(STACK)'

status: $(VENV)/.installed ## STACK's machines, database, alarms and connectors (docs/operate.md)
	@$(OPERATE) status

logs: $(VENV)/.installed ## STACK's lines as they come; of one service: make logs SERVICE=api
	@$(OPERATE) logs --follow $(SERVICE)

shell: $(VENV)/.installed ## A shell in a container (SERVICE=api), or on STACK's machine
	@$(OPERATE) $(if $(SERVICE),exec $(SERVICE) -- sh,shell)

psql: $(VENV)/.installed ## STACK's database, to read
	@$(OPERATE) psql

install: $(VENV)/.installed ## Install what a preview and a deployment need

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' Makefile

test: $(VENV)/.installed-dev ## Run the quick tests; they need neither root nor the Pulumi CLI
	@$(BIN)/python -m pytest -n auto --maxprocesses 8

test-slow: $(VENV)/.installed-dev ## Run those that need neither, but take more than a second or two each
	@$(BIN)/python -m pytest -n auto --maxprocesses 8 -m slow

check: ## All that CI does with a commit; as root on Debian, it first installs what is missing
	@.ci/run
	@$(MAKE) --no-print-directory rehearse

walk: $(VENV)/.installed-dev ## Walk the examples' routes: their services run as processes
	@$(BIN)/python -m pytest -m walk -rs

lint: $(VENV)/.installed-dev ## Style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

generate: $(VENV)/.installed ## Write the generated parts of the documentation
	@$(BIN)/python docs/generate.py

golden: $(VENV)/.installed-dev ## Regenerate tests/golden/: all that the examples register, for the diff of a change
	@$(BIN)/python -m tests.golden

docs: $(VENV)/docs/.installed ## Build the documentation site into site/; a broken link fails
	@NO_MKDOCS_2_WARNING=1 $(VENV)/docs/bin/mkdocs build --strict

$(VENV)/docs/.installed: requirements-docs.lock | $(VENV)/.uv
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(VENV)/docs
	$(INSTALL) --python $(VENV)/docs/bin/python -r requirements-docs.lock
	@touch $@

rehearse: $(VENV)/.installed-dev policy/venv/.installed ## The life of a stack with the real Pulumi CLI and stand-in clouds
	@$(BIN)/python -m pytest -m 'engine and not sweep' -rs -n 2 --dist loadgroup

rehearse-faults: $(VENV)/.installed-dev ## Every fault at every operation of every example, with the real Pulumi CLI
	@$(BIN)/python -m pytest tests/engine/test_faults.py tests/engine/test_interruptions.py -m engine -rs -n 2

policy: policy/venv/.installed ## The policy pack's own environment

policy/venv/.installed: policy/requirements.lock | $(VENV)/.uv
	$(BIN)/uv venv --quiet --clear policy/venv
	$(INSTALL) --python policy/venv/bin/python -r policy/requirements.lock
	@touch $@

checkov: $(VENV)/.installed $(VENV)-checkov/.installed ## checkov over every example's plan
	@$(BIN)/python docs/checkov.py

$(VENV)-checkov/.installed: requirements-checkov.lock | $(VENV)/.uv
	$(BIN)/uv venv --quiet --clear $(VENV)-checkov
	$(INSTALL) --python $(VENV)-checkov/bin/python -r requirements-checkov.lock
	@touch $@

cfn-lint: $(VENV)/.installed-dev $(VENV)/cfn-lint/.installed ## cfn-lint over the AWS half of every example, as CloudFormation
	@$(BIN)/python -m pytest -m slow tests/cloudformation -rs

$(VENV)/cfn-lint/.installed: requirements-cfn-lint.lock | $(VENV)/.uv
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(VENV)/cfn-lint
	$(INSTALL) --python $(VENV)/cfn-lint/bin/python -r requirements-cfn-lint.lock
	@touch $@

boot: $(VENV)/.installed-dev ## Boot every example's machine for real; root and Linux, see docs/boot.md
	@$(BIN)/python -m pytest -m boot tests/boot/test_life.py -rs

boot-faults: $(VENV)/.installed-dev ## What goes wrong at boot, made to go wrong; as boot
	@$(BIN)/python -m pytest -m faults tests/boot/test_faults.py -rs -n $${DRAWBRIDGE_BOOTS:-2}

boot-release: $(VENV)/.installed-dev ## A release under load and two machines at once, for real; as boot
	@$(BIN)/python -m pytest -m release tests/boot/test_release.py -rs -s

boot-vm: $(VENV)/.installed-dev ## A life in QEMU: own kernel, disks, AppArmor, limits, NFS; as boot, and slow without KVM
	@DRAWBRIDGE_SLOW=$${DRAWBRIDGE_SLOW:-10} $(BIN)/python -m pytest -m vm tests/boot/test_virtual.py -rs

bench: $(VENV)/.installed-dev ## Ratios measured in one run: `make bench` or `make bench SECTIONS="routes preview"`
	@$(BIN)/python -m bench $(SECTIONS)

emulated: $(VENV)/.installed-dev $(VENV)/emulated/.installed ## Doubles of the clouds' APIs, and with the Pulumi CLI a life over them
	@$(BIN)/python -m pytest -m emulated -rs tests/emulated

$(VENV)/emulated/.installed: requirements-emulated.lock | $(VENV)/.uv
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(VENV)/emulated
	$(INSTALL) --python $(VENV)/emulated/bin/python -r requirements-emulated.lock
	@touch $@

$(VENV)/.uv: requirements-uv.lock
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@touch $@

$(VENV)/.installed: requirements.lock | $(VENV)/.uv
	$(INSTALL) --python $(BIN)/python -r requirements.lock
	@$(BIN)/python -m compileall -q -j 0 $(addprefix $(SITE)/,$(USED)) || true
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	$(INSTALL) --python $(BIN)/python -r requirements-dev.lock
	@touch $@

lock: | $(VENV)/.uv ## Update the locks from requirements*.txt; UPGRADE=--upgrade also updates what those depend on
	@for lock in $(LOCKS); do \
		constraints=; if [ $$lock = requirements-dev.lock ]; then constraints='--constraints requirements.lock'; fi; \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url $(UPGRADE) \
			--custom-compile-command 'make lock' $$constraints $${lock%.lock}.txt -o $$lock || exit 1; \
	done # what is tested is what a deployment runs: hence the constraints

audit: $(VENV)/supply/.installed ## Known vulnerabilities of everything locked; skipped where the service cannot be reached
	@$(VENV)/supply/bin/python .ci/audit $(LOCKS)

# Of what a deployment runs with and nothing else, so in an environment that holds only that.
sbom: $(VENV)/supply/.installed $(VENV)/runtime/.installed ## Write the software bill of materials of a deployment (CycloneDX) to dist/
	@mkdir -p $(DIST)
	@printf '[project]\nname = "drawbridge"\nversion = "%s"\nlicense = "Apache-2.0"\ndependencies = [%s]\n' $(VERSION) \
		"$$(sed -n 's/^[A-Za-z].*/"&",/p' requirements.txt | tr -d '\n')" >$(VENV)/runtime/pyproject.toml
	@$(VENV)/supply/bin/cyclonedx-py environment --output-reproducible --pyproject $(VENV)/runtime/pyproject.toml \
		--output-file $(SBOM) $(VENV)/runtime/bin/python
	@echo $(SBOM)

release: ## Check and build a release in dist/: archives, bill of materials, checksums (docs/releasing.md)
	@.ci/release check
	@rm -rf $(DIST)
	@$(MAKE) --no-print-directory sbom
	@.ci/release build $(DIST)

$(VENV)/supply/.installed: requirements-supply.lock | $(VENV)/.uv
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(VENV)/supply
	$(INSTALL) --python $(VENV)/supply/bin/python -r requirements-supply.lock
	@touch $@

$(VENV)/runtime/.installed: requirements.lock | $(VENV)/.uv
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(VENV)/runtime
	$(INSTALL) --python $(VENV)/runtime/bin/python -r requirements.lock
	@touch $@

hooks: $(VENV)/.installed-dev ## Have git check what you commit and push (.pre-commit-config.yaml)
	@$(BIN)/pre-commit install

clean: ## Remove the environments, caches and what was built
	rm -rf $(VENV) $(VENV)-checkov policy/venv $(DIST) site .pytest_cache .mypy_cache .ruff_cache .hypothesis
