#!/usr/bin/env bash
# Make a virtual environment that holds exactly what a lock file says: install.sh FOLDER LOCK [PROJECT]
# Uses uv where it is present and plain pip where it is not.
set -euo pipefail
venv=$1 lock=$2 project=${3:-}

find_python() {
    for name in python3 python3.14 python3.13 python3.12 python3.11 python; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    echo "No Python 3.11 or newer was found on the PATH. Install one and run this again." >&2
    return 1
}

python=$(find_python)
echo "Setting up $venv from $lock ($("$python" --version)); this happens once and takes a minute or two." >&2
rm -rf "$venv" # a lock that changed, or a setup that was interrupted: start from nothing
if command -v uv >/dev/null; then
    uv venv --quiet --python "$(command -v "$python")" "$venv"
    install=(uv pip install --quiet --python "$venv/bin/python")
    "${install[@]}" --require-hashes --compile-bytecode -r "$lock"
else
    "$python" -m venv "$venv" || {
        echo "Python's venv module is missing; on Debian and Ubuntu: apt install python3-venv." >&2
        exit 1
    }
    install=("$venv/bin/python" -m pip --disable-pip-version-check install --quiet)
    env -u PYTHONDONTWRITEBYTECODE "${install[@]}" --require-hashes -r "$lock"
fi
if [[ -n $project ]]; then
    "${install[@]}" --no-deps --no-build-isolation --editable "$project"
fi
