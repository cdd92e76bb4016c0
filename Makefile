PYTHON ?= python3
BIN := .venv/bin

.PHONY: run up test setup check chaos bench eval

N ?= 3
SEED ?= 1

run:
	@$(PYTHON) scripts/setup_env.py runtime
	@$(BIN)/project-one demo $(ARGS)

up:
	@$(PYTHON) scripts/setup_env.py runtime
	@$(BIN)/project-one up $(ARGS)

setup:
	@$(PYTHON) scripts/setup_env.py dev

test: setup
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

check: setup
	@$(BIN)/ruff format --check src tests scripts migrations
	@$(BIN)/ruff check src tests scripts migrations
	@$(BIN)/basedpyright
	@$(BIN)/lint-imports --no-cache

chaos:
	@$(PYTHON) scripts/setup_env.py runtime
	@$(BIN)/project-one chaos -n $(N) --seed $(SEED) $(ARGS)

bench:
	@$(PYTHON) scripts/setup_env.py runtime
	@$(BIN)/project-one bench $(ARGS)

eval:
	@$(PYTHON) scripts/setup_env.py runtime
	@$(BIN)/project-one eval $(ARGS)
