#!/usr/bin/env bash
# Print the first Python that runs: `scripts/find_python.sh 3.13 3.11`, or without arguments any from 3.11 on.
#
# A name on PATH may be a pyenv shim for a version that is not selected, so each candidate is run, not just looked up;
# what pyenv has installed but not selected is tried last.
set -euo pipefail

usable() {
    "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

try() {
    if usable "$1"; then
        "$1" -c 'import sys; print(sys.executable)'
        exit 0
    fi
}

names=()
if [ $# -gt 0 ]; then
    versions=("$@")
else
    versions=(3.13 3.12 3.11)
fi
for version in "${versions[@]}"; do
    names+=("python$version")
done
if [ $# -eq 0 ]; then
    names+=(python3 python)
fi
for name in "${names[@]}"; do
    try "$name"
done

root=${PYENV_ROOT:-$(pyenv root 2>/dev/null || true)}
if [ -n "$root" ]; then
    for version in "${versions[@]}"; do
        for python in "$root/versions/$version" "$root/versions/$version".*; do
            try "$python/bin/python"
        done
    done
fi

echo "no usable Python found (looked for ${names[*]}): kit-client needs 3.11 or newer, with its venv module" >&2
exit 1
