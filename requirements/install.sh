#!/usr/bin/env bash
# Find a Python and bring a virtual environment to what a lock says: install.sh FOLDER LOCK [--mark FILE]... [--search FOLDER]...
set -euo pipefail

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
exec "$python" "$(dirname "${BASH_SOURCE[0]}")/install.py" "$@"
