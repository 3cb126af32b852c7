# shellcheck shell=bash disable=SC2154
# The image of patch and exploit tasks, on top of the sandbox image.

prepare_evm_image() {
  local told
  if ! told=$(.venv/bin/python -m bitsec_eval.sandbox.evm.image 2>&1); then
    say "patch and exploit tasks cannot be evaluated here: $told"
  elif [[ $told == *made ]]; then
    say "$told"
  fi
}
