# shellcheck shell=bash
# The image of patch and exploit tasks, on top of the sandbox image: what other tasks do without.

prepare_evm_image() {
  local told
  if ! told=$(.venv/bin/python -m bitsec_eval image build --evm 2>&1); then
    say "patch and exploit tasks cannot be evaluated here: ${told##*$'\n'}"
  elif [[ $told == *made ]]; then
    say "${told##*$'\n'}"
  fi
}
