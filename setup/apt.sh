#!/usr/bin/env bash
# Installs Debian packages as root so that none starts a service or makes a database cluster: `apt.sh PACKAGE...`
# What it puts into the system's configuration meanwhile is taken away again, whatever happens.
set -euo pipefail
((EUID == 0)) || { echo "apt.sh: run me as root" >&2; exit 1; }
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
apt=(apt-get -y -q -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold -o DPkg::Lock::Timeout=300)

policy=/usr/sbin/policy-rc.d             # asked by every package before it starts its service
clusters=/etc/postgresql-common/createcluster.d
no_cluster=$clusters/parkgate-setup.conf # read by PostgreSQL's package before it makes a cluster
made=()
made_folders=()

clean_up() {
    rm -f "${made[@]}"
    local folder
    for folder in "${made_folders[@]}"; do rmdir --ignore-fail-on-non-empty "$folder" 2>/dev/null || true; done
}
trap clean_up EXIT

keep_services_down() {
    if [[ ! -e $policy ]]; then
        made+=("$policy")
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
}

make_no_cluster() {
    [[ " $* " == *" postgresql"* ]] || return 0
    # First the package that owns the folder, so that ours isn't taken for a stranger's configuration.
    "${apt[@]}" install --no-install-recommends postgresql-common >>"$log" 2>&1
    if [[ ! -d $clusters ]]; then
        made_folders+=("$clusters")
        mkdir "$clusters"
    fi
    made+=("$no_cluster")
    echo 'create_main_cluster = false' >"$no_cluster"
}

log=$(mktemp)
made+=("$log")
if ! apt-cache show "$@" >/dev/null 2>&1 || [[ -z $(find /var/lib/apt/lists -name '*Packages*' -mtime -7 -print -quit) ]]; then
    echo "setup: fetching Debian's package lists"
    "${apt[@]}" update >>"$log" 2>&1 || { tail -n 20 "$log"; exit 1; }
fi
apt-get install --assume-no --no-install-recommends "$@" 2>/dev/null \
    | sed -n 's/^\(Need to get\|After this operation\)/setup: \1/p' || true
keep_services_down
make_no_cluster "$@" || { tail -n 20 "$log"; exit 1; }
if ! "${apt[@]}" install --no-install-recommends "$@" 2>&1 | tee -a "$log" \
    | awk '/^Get:/ { sub(/^Get:[0-9]+ /, ""); print "setup:   fetching " $4 " " $(NF-1) " " $NF; fflush() }
           /^Setting up/ { print "setup:   " tolower($0); fflush() }'; then
    tail -n 20 "$log"
    exit 1
fi
