#!/usr/bin/env bash
# Sees to a program that some tests need: `bash scripts/program.sh browser` or `redis-server`. Where it isn't on the machine,
# Debian's packages are installed, if that can be done without asking anybody. Otherwise one line says so, which in CI is a
# failure.
set -euo pipefail

have() { command -v "$1" >/dev/null 2>&1; }

has_browser() {
    have chromedriver && { have chromium || have chromium-browser || have google-chrome || have google-chrome-stable; }
}

case "${1:-}" in
browser)
    name="Chromium with chromedriver" tests="browser tests" packages=(chromium chromium-driver)
    is_there() { has_browser; } ;;
redis-server)
    name=redis-server tests="Redis tests" packages=(redis-server)
    is_there() { have redis-server; } ;;
*)
    echo "usage: program.sh browser | redis-server" >&2
    exit 2 ;;
esac

install() {
    local as_root=()
    if [ "$(id -u)" != 0 ]; then
        have sudo && sudo -n true 2>/dev/null || return 1
        as_root=(sudo -n)
    fi
    have apt-get || return 1
    echo "installing $name"
    export DEBIAN_FRONTEND=noninteractive
    ${as_root[@]+"${as_root[@]}"} apt-get update -qq >/dev/null 2>&1 || true
    # No service is started, as packages of servers would: the tests start servers of their own.
    ${as_root[@]+"${as_root[@]}"} env RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null 2>&1
}

is_there && exit 0
install && is_there && exit 0
if [ "${CI:-}" = true ]; then
    echo "error: $name is missing and can't be installed: the $tests can't run" >&2
    exit 1
fi
echo "no $name here: the $tests don't run" >&2
