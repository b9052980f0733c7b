#!/bin/sh
# npm ci in a build stage, with what the build's secrets bring: a CA bundle, a user's npm configuration.
set -eu
[ ! -f /run/secrets/ca ] || export NODE_EXTRA_CA_CERTS=/run/secrets/ca
[ ! -f /run/secrets/npmrc ] || export NPM_CONFIG_USERCONFIG=/run/secrets/npmrc
exec npm ci --ignore-scripts --no-progress "$@"
