# shellcheck shell=bash disable=SC2154
# The virtual environment .venv with the project and what its tests need.

# Print the first Python on the PATH that is new enough.
find_python() {
  local name
  for name in python3 python3.13 python3.12 python3.11 python3.14; do
    if have "$name" && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
      printf '%s\n' "$name"
      return
    fi
  done
  stop "found no Python 3.11 or newer (looked for python3, python3.11 to python3.14); install one and try again"
}

# Debian packages apart what `python -m venv` needs.
have_venv_module() { # PYTHON
  local package
  "$1" -c 'import ensurepip, venv' >/dev/null 2>&1 && return
  package=$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
  if ! may_install || ! have apt-get; then
    stop "$1 cannot make virtual environments; run 'sudo apt-get install -y $package' and try again"
  fi
  install_packages "$package"
}

# What the environment was made of: another pyproject.toml, or a folder moved elsewhere, needs another one.
venv_recipe() { printf '%s %s\n' "$(digest pyproject.toml)" "$PWD"; }

prepare_python() {
  local python stamp=.venv/bitsec-recipe
  if [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$(venv_recipe)" ]; then return; fi
  python=$(find_python)
  have_venv_module "$python"
  say "installing the project and its libraries into .venv with $("$python" --version)"
  quietly "$python could not make .venv" "$python" -m venv --clear .venv
  quietly "pip could not install the project" .venv/bin/python -m pip install -q --disable-pip-version-check -e '.[dev]'
  venv_recipe >"$stamp"
}
