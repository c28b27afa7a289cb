#!/usr/bin/env bash
# Makes .venv and installs what is missing: `setup.sh demo` or `setup.sh dev` (the tests' needs as well).
# Run again it does nothing until a lock file changes. Needs no terminal.
set -euo pipefail
cd "$(dirname "$0")/.."
source setup/packages.sh

kind=${1:-demo}
lock=requirements/$kind.lock
[[ -f $lock ]] || { echo "setup: no $lock" >&2; exit 2; }

say() { printf 'setup: %s\n' "$*"; }

fingerprint() { cat "requirements/$1.lock" pyproject.toml setup/setup.sh | sha256sum | cut -d ' ' -f 1; }

is_current() { # does .venv hold what that lock file says? dev holds all of demo
    [[ -x .venv/bin/python && -f .venv/$1.stamp && $(<".venv/$1.stamp") == "$(fingerprint "$1")" ]]
}

python_works() { # 3.11 or newer, able to make a virtual environment
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    local candidate
    for candidate in python3.11 python3.12 python3.13 python3 /usr/bin/python3; do
        if python_works "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

make_venv() {
    local python
    if [[ -d .venv ]] && .venv/bin/python -c 'import pip' 2>/dev/null; then return; fi
    if ! python=$(find_python); then
        need_packages "Python 3.11 or newer" python3 python3-venv
        python=$(find_python) || { say "this system's python3 is older than 3.11"; exit 1; }
    fi
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        need_packages "virtual environments" python3-venv
        python=/usr/bin/python3
    fi
    say "virtual environment .venv with $("$python" --version) ($python)"
    rm -rf .venv
    "$python" -m venv .venv
}

count_packages() { # pip's talk, as one line a package
    awk -v total="$1" '
        /^Collecting / { printf "setup: [%3d/%d] %s\n", ++n, total, $2; fflush() }
        /^Installing collected/ { print "setup: unpacking ..."; fflush() }
        /^ERROR|^WARNING.*hash/ { print; fflush() }'
}

install() {
    local total log=build/setup-pip.log
    total=$(grep -c '^[a-zA-Z0-9].*==' "$lock")
    mkdir -p build
    say "$total Python packages from $lock into .venv (about $(megabytes) MB to download, less from a cache)"
    if ! .venv/bin/python -m pip install --no-input --disable-pip-version-check --no-color --progress-bar off \
        --require-hashes --only-binary :all: -r "$lock" 2>&1 | tee "$log" | count_packages "$total"; then
        say "pip failed; the end of $log:"
        tail -n 15 "$log"
        exit 1
    fi
    # An editable installation warns of itself, on every one.
    PYTHONWARNINGS=ignore .venv/bin/python -m pip install --quiet --no-input --disable-pip-version-check \
        --no-deps --no-build-isolation --no-index -e . 2>&1 | { grep -v 'running pip as the .root. user' || true; }
    .venv/bin/python setup/check_opencv.py
}

compile_ours() { # the daemon's user may not write here: it would compile every file anew at each start
    .venv/bin/python -m compileall -qq models drivers edge || true
}

megabytes() { if [[ $kind == dev ]]; then echo 366; else echo 230; fi; }

[[ $kind == dev ]] && need_test_packages
if is_current "$kind" || { [[ $kind == demo ]] && is_current dev; }; then
    compile_ours
    exit 0
fi

started=$SECONDS
make_venv
rm -f .venv/*.stamp
install
compile_ours
fingerprint "$kind" >".venv/$kind.stamp"
say "done in $((SECONDS - started)) s; .venv holds $(du -sm .venv | cut -f 1) MB"
