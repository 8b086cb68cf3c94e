#!/usr/bin/env bash
# Sees to a redis-server for the tests: where none is on the machine, Debian's package is installed, if that can be done
# without asking anybody. Otherwise it says so in one line, which in CI is a failure.
set -euo pipefail

have() { command -v "$1" >/dev/null 2>&1; }

install() {
    local as_root=()
    if [ "$(id -u)" != 0 ]; then
        have sudo && sudo -n true 2>/dev/null || return 1
        as_root=(sudo -n)
    fi
    have apt-get || return 1
    echo "installing redis-server"
    export DEBIAN_FRONTEND=noninteractive
    ${as_root[@]+"${as_root[@]}"} apt-get update -qq >/dev/null 2>&1 || true
    # Without the service that the package would start: the tests start servers of their own.
    ${as_root[@]+"${as_root[@]}"} env RUNLEVEL=1 apt-get install -y -qq --no-install-recommends redis-server >/dev/null 2>&1
}

have redis-server && exit 0
install && have redis-server && exit 0
if [ "${CI:-}" = true ]; then
    echo "error: redis-server is missing and can't be installed: the Redis tests can't run" >&2
    exit 1
fi
echo "no redis-server here: the Redis tests don't run" >&2
