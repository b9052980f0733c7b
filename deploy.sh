#!/usr/bin/env bash
# Installs and builds what changed, then hands over to proxy/deploy.ts under the pinned Node.js.
set -euo pipefail

root=$(cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
node=$root/node_modules/.bin/node
entry=$root/proxy/dist/deploy.js

help() {
  cat <<'HELP'
Deploys Plimsoll's bundle here: a TLS edge and its backend, supervised.

  ./deploy.sh                  install, build, make a certificate, start, wait
                               until healthy; does only what is not yet done
  ./deploy.sh --measure [-- …] the same, then `stress throughput …` against it
  ./deploy.sh --docker         the same in containers, with limits, on a Docker
                               engine with Compose
  ./deploy.sh --reload         install, build, and replace the processes that
                               serve by new ones without a request lost: new
                               certificates, settings given now, and code
                               (which in containers takes --upgrade)
  ./deploy.sh --upgrade        containers: back up, replace them by new ones of
                               this code, go back when those do not become
                               healthy
  ./deploy.sh --status         state, pid, uptime, restarts, memory of each
                               process; exit status 0 when all are healthy
  ./deploy.sh --logs           the last 100 lines of each log; with --follow
                               then what comes
  ./deploy.sh --down           stop all; with -v (--volumes) also remove
                               certificates, logs and state, and of containers
                               volumes, images and backups

Options of a deployment:
  --port NUMBER                port of the edge (9443); backend and admin
                               endpoint take the two above it, on loopback, and
                               none in containers
  --edge TOPOLOGY              with --docker: node (TLS proxy, backend), nginx
                               (TLS nginx, backend) or chain (TLS nginx, proxy,
                               backend)
  --cert FILE --key FILE       serve this PEM chain and key, not a private CA's
  --prod                       refuse certificates of the private CA
  --help                       this text

An option that is left out stays as it was deployed, until --down; another value
restarts the bundle, and so does new code. The same holds for the settings of
the services, which are taken from this environment (.env.example), as are the
limits of containers.
State, certificates and logs are in .plimsoll beside this script, or in
$PLIMSOLL_HOME: with other homes and ports, deployments run side by side.

Exit status: 0 done and healthy; 1 failed; 104 bad usage or configuration,
nothing was changed; 105 interrupted. With --measure also those of stress.
HELP
}

fail() {
  printf 'deploy.sh: %s\n' "$1" >&2
  exit 1
}

# On a terminal only, and overwritten by the line that comes next.
doing() {
  [[ ! -t 1 ]] || printf '· %s …\r' "$1"
}

# Runs a command silently. When it fails: its first lines (a compiler's errors, npm's cause) and its last.
quietly() {
  local what=$1 lines
  shift
  log=$(mktemp "${TMPDIR:-/tmp}/plimsoll.XXXXXX")
  if ! (cd "$root" && "$@") >"$log" 2>&1; then
    lines=$(wc -l <"$log")
    if ((lines > 24)); then
      { head -n 12 "$log"; echo '…'; tail -n 12 "$log"; }
    else
      cat "$log"
    fi | sed 's/^/  | /' >&2
    fail "$what failed; see the lines above"
  fi
  rm -f "$log"
}

# True when node_modules holds exactly what the lock file says, by npm's own record of what it
# installed, which it writes last. Packages for other systems are optional and may be missing.
installed() {
  [[ -x $node && -f $root/node_modules/.package-lock.json ]] || return 1
  cmp -s "$root/package-lock.json" "$root/node_modules/.installed-lock.json" && return
  "$node" -e '
    const { readFileSync } = require("node:fs");
    const [wanted, present] = process.argv.slice(1).map((file) => JSON.parse(readFileSync(file, "utf8")).packages);
    const differs = ([path, { version, integrity, optional, devOptional }]) => {
      const found = present[path];
      if (path === "") return false;
      return found ? found.version !== version || found.integrity !== integrity : !optional && !devOptional;
    };
    process.exit(Object.entries(wanted).some(differs) ? 1 : 0);
  ' "$root/package-lock.json" "$root/node_modules/.package-lock.json" || return 1
  cp "$root/package-lock.json" "$root/node_modules/.installed-lock.json"
}

install() {
  local version
  version=$(node --version 2>/dev/null) || fail 'node is not on PATH: install Node.js 20 or later with npm'
  version=${version#v}
  [[ ${version%%.*} -ge 20 ]] || fail "node on PATH is $version: install Node.js 20 or later"
  command -v npm >/dev/null || fail 'npm is not on PATH: install the one that comes with Node.js 20 or later'
  local began=$SECONDS
  doing 'installing packages'
  quietly 'npm ci' npm ci --no-progress
  [[ -x $node ]] || fail "npm ci brought no Node.js for this system ($(uname -sm)): see optionalDependencies in package.json"
  cp "$root/package-lock.json" "$root/node_modules/.installed-lock.json"
  echo "✓ installed in $((SECONDS - began)) s"
}

# One at a time: npm ci removes node_modules first. Where there is no flock(1), nobody waits.
prepare() {
  exec 9<"$root/deploy.sh"
  if command -v flock >/dev/null && ! flock -n 9; then
    echo '· waiting for another deploy.sh that installs or builds'
    flock 9
  fi
  installed || install
  doing building
  # incremental: a third of a second when nothing changed
  quietly 'the build' "$node" node_modules/typescript/bin/tsc -b proxy stress
  exec 9<&-
  [[ ! -t 1 ]] || printf '\033[K'
}

uses_what_is_built=false
for argument in "$@"; do
  case $argument in
    --) break ;;
    -h | --help)
      help
      exit 0
      ;;
    # what a source that does not build must not stand in the way of
    --down | --status | --logs) uses_what_is_built=true ;;
  esac
done

log=
trap 'rm -f "$log"' EXIT
trap 'printf "\ndeploy.sh: interrupted\n" >&2; exit 105' INT TERM HUP
if [[ $uses_what_is_built == false || ! -x $node || ! -f $entry ]]; then prepare; fi
trap - INT TERM HUP EXIT
exec "$node" "$entry" "$@"
