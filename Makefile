# Everything runs in .venv, made on first use from the locked requirements.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SPEC := tests/content/spec
BENCHMARKS := tokens uploads relay content rendering article memory

.PHONY: help demo test coverage fuzz compat check docs serve bench clean lock

help:
	@echo "make demo   起沙箱和网关，发布一篇示例文章 / sandbox + gateway + a sample article"
	@echo "make test   装好一切并跑全部测试 / set everything up, run every test"
	@echo "make coverage  同上并量覆盖率 / the same, and measure what is covered"
	@echo "make fuzz   性质测试，每次换一批例子 / tests of properties, on new cases each time"
	@echo "make compat 真实的客户端，写兼容性表 / real clients, writes the table"
	@echo "make check  格式、静态检查、类型、分层 / format, lint, types, layers"
	@echo "make serve  按 config.toml 启动网关 / start the gateway from config.toml"
	@echo "make bench  性能对比 / benchmarks, side by side"
	@echo "make clean  删除环境与演示数据 / remove the environment and the demo's data"

demo: $(VENV)/.runtime
	@$(BIN)/wxgate demo $(ARGS)

test: $(VENV)/.dev $(SPEC)/node_modules
	@$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

# Half as slow again: measuring is for whoever asks, not for each run.
coverage: $(VENV)/.dev $(SPEC)/node_modules
	@$(BIN)/python -m pytest -n auto --dist worksteal --cov --cov-report=term:skip-covered --cov-fail-under=90 $(ARGS)

compat: $(VENV)/.dev
	@COMPAT_TABLE=1 $(BIN)/python -m pytest tests/compat $(ARGS)

# Other cases each time, where `make test` repeats its own.
fuzz: $(VENV)/.dev
	@HYPOTHESIS_PROFILE=default $(BIN)/python -m pytest -n auto $(ARGS) \
		$$(grep -rlE "hypothesis|schemathesis" tests --include='test_*.py')

docs: $(VENV)/.dev
	$(BIN)/python scripts/generate_docs.py

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python scripts/check_layout.py

serve: $(VENV)/.runtime
	$(BIN)/wxgate serve

bench: $(VENV)/.dev
	@for name in $(BENCHMARKS); do echo "== $$name"; $(BIN)/python -m bench.$$name || exit 1; done

clean:
	rm -rf $(VENV) $(SPEC)/node_modules var build dist .coverage* htmlcov .mypy_cache .ruff_cache .pytest_cache \
		.hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Only wheels: a machine without a compiler is the normal case.
$(VENV)/.runtime: requirements.lock pyproject.toml clients/python/pyproject.toml
	@$(PYTHON) scripts/bootstrap.py $(VENV) requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock requirements.lock pyproject.toml clients/python/pyproject.toml
	@$(PYTHON) scripts/bootstrap.py $(VENV) requirements-dev.lock
	@touch $@ $(VENV)/.runtime

# The examples of CommonMark and GFM; where npm is missing or fails, their tests are skipped (not in CI).
$(SPEC)/node_modules: $(SPEC)/package-lock.json
	@if command -v npm >/dev/null \
		&& npm ci --prefix $(SPEC) --ignore-scripts --no-audit --no-fund --silent; then touch $@; \
	else echo "没有 npm 或下载失败，跳过 CommonMark 与 GFM 的例子 / no npm or no download: spec examples skipped"; fi

COMPILE = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	--no-annotate --no-header --python-version 3.11 --no-emit-package wxgate-client
lock:
	$(PYTHON) -m venv $(VENV) && $(BIN)/pip install --quiet uv
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
