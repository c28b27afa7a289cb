#!/usr/bin/env bash
# Resolves pyproject.toml into requirements/*.lock: exact versions, the hashes of every file of each release (so that
# one lock serves x86-64 and the Raspberry Pi's aarch64), no addresses. dev is resolved first, the others follow it.
# This machine's own pip settings are left out, so that nothing but the public index decides.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=build/lock-tools
for name in PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_FIND_LINKS PIP_NO_INDEX PIP_CONSTRAINT; do unset "$name"; done
export PIP_CONFIG_FILE=/dev/null PIP_DISABLE_PIP_VERSION_CHECK=1 CUSTOM_COMPILE_COMMAND="make lock"
if [[ ! -x $tools/bin/pip-compile ]]; then
    .venv/bin/python -m venv "$tools"
    "$tools/bin/python" -m pip install --quiet 'pip-tools>=7.5'
fi

compile() { # compile NAME OPTION...
    local name=$1
    shift
    echo "lock: requirements/$name.lock"
    "$tools/bin/pip-compile" --quiet --generate-hashes --allow-unsafe --strip-extras --newline lf --no-emit-index-url \
        --no-emit-find-links --no-emit-trusted-host --no-emit-options --annotation-style line "$@" \
        --output-file "requirements/$name.lock" pyproject.toml requirements/build.in
}

compile dev --extra cloud --extra sim --extra dev
compile edge -c requirements/dev.lock
compile cloud -c requirements/dev.lock --extra cloud
compile demo -c requirements/dev.lock --extra cloud --extra sim
