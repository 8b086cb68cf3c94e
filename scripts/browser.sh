#!/usr/bin/env bash
# Sees to a headless browser for the tests: where none is on the machine, Debian's packages of Chromium and its driver are
# installed, if that can be done without asking anybody. Otherwise it says so in one line, which in CI is a failure.
set -euo pipefail

have() { command -v "$1" >/dev/null 2>&1; }

has_browser() {
    have chromedriver && { have chromium || have chromium-browser || have google-chrome || have google-chrome-stable; }
}

install() {
    local as_root=()
    if [ "$(id -u)" != 0 ]; then
        have sudo && sudo -n true 2>/dev/null || return 1
        as_root=(sudo -n)
    fi
    have apt-get || return 1
    echo "installing Chromium"
    export DEBIAN_FRONTEND=noninteractive
    ${as_root[@]+"${as_root[@]}"} apt-get update -qq >/dev/null 2>&1 || true
    ${as_root[@]+"${as_root[@]}"} apt-get install -y -qq --no-install-recommends chromium chromium-driver >/dev/null 2>&1
}

has_browser && exit 0
install && has_browser && exit 0
if [ "${CI:-}" = true ]; then
    echo "error: Chromium and chromedriver are missing and can't be installed: the browser tests can't run" >&2
    exit 1
fi
echo "no Chromium with chromedriver here: the browser tests don't run" >&2
