# shellcheck shell=bash
# A Docker engine that answers: yours if there is one, else one installed and started here.

# Having the docker command proves nothing: only an answer does.
engine_answers() { [ -n "$(within 10 docker info --format '{{.ServerVersion}}' 2>/dev/null)" ]; }

# The docker command may reach its engine through a context (Docker Desktop, rootless), which the Python library
# does not know of; both follow DOCKER_HOST.
share_engine_address() {
  local address
  address=$(docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null) || return 0
  case $address in
    '' | unix:///var/run/docker.sock) ;;
    *) export DOCKER_HOST=$address ;;
  esac
}

prepare_engine() {
  if engine_answers; then
    if [ -z "${DOCKER_HOST:-}" ]; then share_engine_address; fi
    return
  fi
  local refusal too_old='client version [^ ]+ is too old.*version is [0-9.]*[0-9]'
  refusal=$(within 10 docker info 2>&1) || true
  if [[ $refusal =~ $too_old ]]; then
    stop "the engine refuses this docker command (${BASH_REMATCH[0]}); install a Docker client as new as the engine"
  fi
  if [ -n "${DOCKER_HOST:-}" ]; then
    have docker || stop "DOCKER_HOST is set but there is no docker command; install Docker's client and try again"
    stop "no Docker engine answers at DOCKER_HOST=$DOCKER_HOST; start that engine, or unset DOCKER_HOST"
  fi
  if [[ $refusal == *"permission denied"* ]]; then
    stop "you may not use this machine's Docker engine; run 'sudo usermod -aG docker $(id -un)', log in again, try again"
  fi
  if [ -n "${BITSEC_NO_INSTALL:-}" ]; then
    stop "no Docker engine answers and BITSEC_NO_INSTALL forbids to install or start one; start one, or unset it"
  fi
  if ! is_root; then
    stop "no Docker engine answers and only root may install or start one;" \
      "run 'sudo apt-get install -y docker.io' and 'sudo usermod -aG docker $(id -un)', log in again, try again"
  fi
  install_engine
  start_engine
}

install_engine() {
  if have dockerd && have docker; then return; fi
  have apt-get || stop "no Docker engine answers and there is no apt-get to install one; install Docker or set DOCKER_HOST"
  install_packages docker.io docker-cli iproute2 iptables # docker-cli: a package of its own from Debian 13 on
}

start_engine() {
  if engine_answers; then return; fi # the package has started it
  if [ -d /run/systemd/system ]; then
    say "starting Docker's service"
    quietly "systemctl could not start docker" systemctl start docker
    await_engine "see 'journalctl -u docker'"
  else
    start_engine_by_hand
  fi
}

# Without systemd nobody keeps services: the engine runs on by itself, in a session of its own.
start_engine_by_hand() {
  local log=${BITSEC_DOCKERD_LOG:-/var/log/bitsec-dockerd.log}
  say "starting a Docker engine (log: $log)"
  : >"$log"
  forget_killed_engine
  (cd / && exec setsid dockerd >>"$log" 2>&1 </dev/null 9>&-) &
  await_engine "the reason is at the end of $log" $!
}

# An engine that was killed leaves its processes' numbers behind, and none starts while any process, even a dead one or
# one of another kind, has them.
forget_killed_engine() {
  local run=${BITSEC_DOCKER_RUN:-/var/run} file program
  for file in "$run/docker.pid" "$run/docker/containerd/containerd.pid"; do
    [ -e "$file" ] || continue
    program=
    { read -r -d '' program <"/proc/$(<"$file")/cmdline"; } 2>/dev/null || true
    [[ $program == *@(dockerd|containerd) ]] || rm -f "$file"
  done
}

# Wait until the engine answers, or until its process, if given, has ended.
await_engine() { # WHERE-TO-LOOK [PID]
  local deadline=$((SECONDS + ${BITSEC_ENGINE_SECONDS:-60}))
  until engine_answers; do
    if [ -n "${2:-}" ] && ! kill -0 "$2" 2>/dev/null; then stop "the Docker engine ended at once; $1"; fi
    if ((SECONDS >= deadline)); then
      [ -z "${2:-}" ] || kill "$2" # half an engine is in the next one's way
      stop "the Docker engine did not answer in time; $1"
    fi
    sleep 0.2
  done
}
