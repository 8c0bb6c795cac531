# conf/packages.sh: the Debian packages that building, trying out and testing need
#
# Sourced by ./check and ./quickstart.  Installs what is missing and nothing else, without starting
# the services that come in packages (Prosody, ngircd, ejabberd).
#
# SPDX-License-Identifier: GPL-2.0-or-later

BUILD_PACKAGES=(gcc libc6-dev cmake ninja-build pkg-config libglib2.0-dev libexpat1-dev libidn-dev
                libpurple-dev libpurple0 libsqlite3-dev libsodium-dev libsoup-3.0-dev
                libjansson-dev libpng-dev tzdata)
SANDBOX_PACKAGES=(prosody ngircd python3 python3-slixmpp)
CHECK_PACKAGES=(ejabberd prosody-modules python3-pytest clang-format-14 procps)

POLICY=/usr/sbin/policy-rc.d # invoke-rc.d(8) asks it whether a service may start

fail() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# forbid_services and allow_services: an admin's own policy is put back as it was, also after a run
# that was killed in between.
forbid_services() {
    if "${AS_ROOT[@]}" test -e "$POLICY" && ! grep -q causeway "$POLICY" 2>/dev/null; then
        "${AS_ROOT[@]}" mv "$POLICY" "$POLICY.before-causeway"
    fi
    printf '#!/bin/sh\n# made by causeway while it installs packages\nexit 101\n' |
        "${AS_ROOT[@]}" tee "$POLICY" >/dev/null
    "${AS_ROOT[@]}" chmod 755 "$POLICY"
}

allow_services() {
    "${AS_ROOT[@]}" rm -f "$POLICY"
    if "${AS_ROOT[@]}" test -e "$POLICY.before-causeway"; then
        "${AS_ROOT[@]}" mv "$POLICY.before-causeway" "$POLICY"
    fi
}

apt() {
    "${AS_ROOT[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 \
        -o DPkg::Lock::Timeout=120 "$@"
}

# In a subshell of its own, for the trap.
run_apt() (
    log=$(mktemp)
    trap 'allow_services; rm -f "$log"' EXIT
    trap 'exit 130' INT TERM
    forbid_services
    # Lists that are missing or old show as an unknown package or one that cannot be fetched.
    if ! apt-cache show "$@" >/dev/null 2>&1; then
        apt update >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
    fi
    apt install -y --no-install-recommends "$@" >"$log" 2>&1 && exit 0
    apt update >"$log" 2>&1 && apt install -y --no-install-recommends "$@" >"$log" 2>&1 && exit 0
    tail -n 20 "$log" >&2
    exit 1
)

install_packages() {
    local missing=() package
    command -v dpkg-query >/dev/null ||
        fail "this is not Debian; install what these packages hold, then build with cmake: $*"
    for package in "$@"; do
        is_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    AS_ROOT=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            fail "these packages are missing, and installing them needs root: ${missing[*]}"
        AS_ROOT=(sudo)
        sudo -v || fail "these packages are missing, and sudo does not let us in: ${missing[*]}"
    fi
    printf 'installing %s\n' "${missing[*]}"
    run_apt "${missing[@]}" ||
        fail "these packages could not be installed: ${missing[*]}"
}
