# shellcheck shell=bash disable=SC2034
# What the sandbox image is made of. Its digest, with pack.py's, labels the image: change either and it is made anew.

IMAGE=bitsec-eval/python:3.11
RECIPE_LABEL=bitsec-eval.recipe

# The full system it is packed out of, where a registry answers.
BASE=python:3.11-slim

# And where none does: Debian's packages, under this name while they are packed.
UNPACKED=bitsec-eval/unpacked:3.11
PACKAGES=(python3.11-minimal libpython3.11-stdlib python3-distutils python3-lib2to3 dash tzdata)
MIRROR=${BITSEC_DEBIAN_MIRROR:-http://deb.debian.org/debian}
SOURCES=("$MIRROR bookworm" "$MIRROR bookworm-updates" "$MIRROR-security bookworm-security")

# What a container of it starts with.
CHANGES=(
  "ENV PATH=/usr/local/bin:/usr/bin:/bin"
  "ENV LANG=C.UTF-8"
  "WORKDIR /workspace"
  'CMD ["python3"]'
)
