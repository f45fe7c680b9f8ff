#!/usr/bin/env bash
# Bring the lock files in line with requirements/*.in, with the uv of the environment:
#   lock.sh               what is pinned stays, if it fits
#   lock.sh --upgrade     the newest of everything
set -euo pipefail
cd "$(dirname "$0")/.."
how=${1:-}

lock() {
    uv pip compile ${how:+"$how"} --quiet --universal --generate-hashes --no-annotate --no-emit-index-url \
        --python-version 3.11 --custom-compile-command "make -C engine lock" "$@"
}

lock requirements/uv.in --output-file requirements/uv.txt
lock requirements/dev.in --output-file requirements/dev.txt
lock requirements/build.in --constraint requirements/dev.txt --output-file requirements/build.txt
lock requirements/pipeline.in --constraint requirements/dev.txt --output-file requirements/pipeline.txt
lock requirements/main.in --constraint requirements/dev.txt --output-file requirements/main.txt
lock requirements/notebook.in --constraint requirements/dev.txt --output-file requirements/notebook.txt
lock requirements/serve.in --constraint requirements/dev.txt --output-file requirements/serve.txt
lock requirements/follow.in --constraint requirements/dev.txt --output-file requirements/follow.txt
lock engine/mlem/requirements.in --output-file engine/mlem/requirements.txt
