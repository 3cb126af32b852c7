# shellcheck shell=bash disable=SC2154
# How the set-up speaks: one line for a step it really does, one line for what it cannot do and who can.

say() { printf '==> %s\n' "$*" >&2; }

# Called in a subshell this ends the subshell and, under `set -e`, the script with it.
stop() {
  printf 'script/%s: %s\n' "$(basename "$0")" "$*" >&2
  [ -s "$setup_log" ] || rm -f "$setup_log"
  exit 1
}

# Run a step whose output interests nobody unless it fails; then the message's last words are the log to read.
quietly() { # MESSAGE COMMAND...
  local message=$1
  shift
  "$@" >>"$setup_log" 2>&1 </dev/null || stop "$message; the reason is at the end of $setup_log"
}

have() { command -v "$1" >/dev/null 2>&1; }

is_root() { [ "$(id -u)" = 0 ]; }

# Whether this run may change the machine: install packages, start an engine.
may_install() { is_root && [ -z "${BITSEC_NO_INSTALL:-}" ]; }

# Install those of the packages that this release of Debian has.
install_packages() {
  local package
  local -a known=()
  export DEBIAN_FRONTEND=noninteractive
  # A source that does not answer is no reason to stop: the package may come from another.
  apt-get -q -o Acquire::http::Timeout=20 update >>"$setup_log" 2>&1 </dev/null || true
  for package; do
    if apt-cache show "$package" >/dev/null 2>&1; then known+=("$package"); fi
  done
  say "installing Debian packages: ${known[*]}"
  quietly "apt-get could not install ${known[*]}" \
    apt-get -q -y -o DPkg::Lock::Timeout=120 install --no-install-recommends "${known[@]}"
}

# A digest of the files' content, short enough for a label.
digest() { cat "$@" | { sha256sum 2>/dev/null || shasum -a 256; } | cut -c1-16; }

# Become a command that may not take longer than this, for use in a subshell; macOS has no `timeout` to see to it.
within() { # SECONDS COMMAND...
  if have timeout; then exec timeout --kill-after=5 "$@"; else exec "${@:2}"; fi
}
