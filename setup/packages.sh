# Debian packages, only those that are missing, and without leaving a server running. Sourced by setup.sh.

need_packages() { # need_packages WHAT_FOR PACKAGE...
    local what=$1
    shift
    printf 'setup: for %s, from Debian: %s\n' "$what" "$*"
    if ! command -v apt-get >/dev/null; then
        printf 'setup: there is no apt-get here; install these with what your system has: %s\n' "$*" >&2
        exit 1
    fi
    local root=()
    if ((EUID != 0)); then
        if sudo -n true 2>/dev/null || { [[ -t 0 ]] && command -v sudo >/dev/null; }; then
            root=(sudo)
        else
            printf 'setup: this needs root. Run this, then make again:\n\n  %s\n\n' "$(by_hand "$@")" >&2
            exit 1
        fi
    fi
    "${root[@]}" bash setup/apt.sh "$@"
}

by_hand() { # one line to paste
    if command -v sudo >/dev/null; then printf 'sudo bash %q %s' "$PWD/setup/apt.sh" "$*"; return; fi
    printf 'su -c "bash %q %s"' "$PWD/setup/apt.sh" "$*"
}

has() { [[ -n $(PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" type -P "$1") ]]; }

need_test_packages() {
    local missing=()
    has mosquitto || missing+=(mosquitto)
    compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || missing+=(postgresql)
    has chromium || missing+=(chromium)
    ((${#missing[@]} == 0)) || need_packages "the tests" "${missing[@]}"
}
