# shellcheck shell=bash disable=SC2154
# The sandbox image: packed out of python:3.11-slim, or of Debian packages where no registry answers.

# shellcheck source=bitsec_eval/sandbox/image/recipe.sh
. bitsec_eval/sandbox/image/recipe.sh

image_recipe() { digest bitsec_eval/sandbox/image/recipe.sh bitsec_eval/sandbox/image/pack.py; }

image_label() { docker image inspect --format "{{index .Config.Labels \"$RECIPE_LABEL\"}}" "$IMAGE" 2>/dev/null; }

prepare_image() {
  local work
  if [ "$(image_label)" = "$(image_recipe)" ]; then return; fi
  work=$(mktemp -d)
  # shellcheck disable=SC2064
  trap "rm -rf '$work'" EXIT
  if have_base || pull_base; then
    say "packing $IMAGE out of $BASE"
    pack_image "$BASE" "$work"
  else
    say "packing $IMAGE out of Debian packages, since $BASE could not be pulled"
    unpack_packages "$work"
    pack_image "$UNPACKED" "$work"
    docker image rm "$UNPACKED" >/dev/null
  fi
  rm -rf "$work"
  trap - EXIT
}

have_base() { docker image inspect "$BASE" >/dev/null 2>&1; }

# Pull the base, giving up when no registry has answered after a few seconds: some machines have none to reach.
pull_base() {
  local log pulling tenths
  log=$(mktemp)
  (within 180 docker pull "$BASE" >"$log" 2>&1 </dev/null) &
  pulling=$!
  for ((tenths = 10 * ${BITSEC_PULL_SECONDS:-15}; tenths > 0; tenths--)); do
    if grep -q 'Pulling from' "$log" || ! kill -0 $pulling 2>/dev/null; then break; fi
    sleep 0.1
  done
  if ((tenths == 0)); then kill $pulling 2>/dev/null || true; fi
  cat "$log" >>"$setup_log"
  rm -f "$log"
  wait $pulling 2>/dev/null && have_base
}

# Import Debian's Python, unpacked but not installed, under a name of its own. apt works in a folder of ours: that
# needs no root, leaves the machine's apt alone and gives the newest packages, checked against Debian's keys.
unpack_packages() { # WORK-FOLDER
  local work=$1 package
  local keys=/usr/share/keyrings/debian-archive-keyring.gpg
  have apt-get || stop "$BASE could not be pulled and there is no apt-get; run 'docker pull $BASE' where a registry answers"
  if [ ! -e $keys ]; then
    may_install || stop "Debian's keys are missing; run 'sudo apt-get install -y debian-archive-keyring' and try again"
    install_packages debian-archive-keyring
  fi
  chmod 755 "$work" # apt reads it as another user
  mkdir -p "$work"/{lists,cache,root}
  : >"$work/status"
  printf "deb [signed-by=$keys] %s main\n" "${SOURCES[@]}" >"$work/sources.list"
  quietly "apt-get could not read Debian's package lists" private_apt "$work" update
  quietly "apt-get could not fetch Debian's Python" private_apt "$work" install --download-only "${PACKAGES[@]}"
  for package in "$work"/cache/archives/*.deb; do dpkg-deb --extract "$package" "$work/root"; done
  tar --owner=0 --group=0 --file="$work/unpacked.tar" -C "$work/root" -c .
  quietly "the Docker engine refused Debian's Python" docker import "$work/unpacked.tar" "$UNPACKED"
}

private_apt() { # WORK-FOLDER ARGUMENT...
  local work=$1
  shift
  apt-get -q -y \
    -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=- \
    -o Dir::State="$work" -o Dir::State::lists="$work/lists" -o Dir::State::status="$work/status" \
    -o Dir::Cache="$work/cache" -o APT::Architecture="$(docker version --format '{{.Server.Arch}}')" \
    -o Acquire::http::Timeout=20 -o Acquire::Languages=none -o APT::Install-Recommends=false "$@"
}

pack_image() { # FULL-IMAGE WORK-FOLDER
  local change
  local -a changes=(--change "LABEL $RECIPE_LABEL=$(image_recipe)")
  for change in "${CHANGES[@]}"; do changes+=(--change "$change"); done
  docker run --rm -i --network none --entrypoint python3.11 "$1" -I - \
    <bitsec_eval/sandbox/image/pack.py >"$2/image.tar" 2>>"$setup_log" ||
    stop "could not pack $IMAGE; the reason is at the end of $setup_log"
  quietly "the Docker engine refused $IMAGE" docker import "${changes[@]}" "$2/image.tar" "$IMAGE"
  docker image prune --force --filter "label=$RECIPE_LABEL" >/dev/null # the one it replaces
}
