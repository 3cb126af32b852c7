# shellcheck shell=bash
# The sandbox image, made by the command that an installed package has too.

prepare_image() {
  local keys=/usr/share/keyrings/debian-archive-keyring.gpg
  if [ ! -e $keys ] && may_install && have apt-get; then install_packages debian-archive-keyring; fi # Ubuntu lacks it
  .venv/bin/python -m bitsec_eval image build >/dev/null || exit
}
