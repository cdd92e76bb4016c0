#!/bin/sh
# Writes the hash-locked requirement files from pyproject.toml, without any index address in them.
# Existing pins are kept; run with --upgrade to move to newer releases.
set -eu
cd "$(dirname "$0")/.."
uv=.tools/uv/bin/uv
common="--quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate"
$uv pip compile $common --extra build --extra dev pyproject.toml -o requirements/dev.txt "$@"
$uv pip compile $common --extra build --constraint requirements/dev.txt pyproject.toml -o requirements/runtime.txt "$@"
printf 'uv==0.13.9\n' | $uv pip compile $common - -o requirements/uv.txt "$@"
