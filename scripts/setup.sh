#!/bin/sh
# Brings a fresh clone to where node can run the project: packages from the lockfile (Node 24 among them), PostgreSQL's links, the
# database client. Each step is done only when its input changed, so the second run takes a moment and needs no network.
set -eu
cd "$(dirname "$0")/.."
export PATH="$PWD/node_modules/.bin:$PATH"

stamp=node_modules/.gatehouse-lock
wanted=$(cksum < package-lock.json)
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$wanted" ]; then
  echo "installing packages from the lockfile …"
  npm ci --ignore-scripts --no-fund --no-audit --loglevel=error --prefer-offline
  printf '%s' "$wanted" > "$stamp"
fi

if ! node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 24 ? 0 : 1)'; then
  echo "Gatehouse needs Node 24 or newer, and the packages bring none for this platform ($(uname -sm)). Install Node 24 and run this again." >&2
  exit 1
fi

node scripts/link-postgres.ts
node scripts/generate-client.ts
if [ "${1:-}" = "--production" ]; then node scripts/build-portal.ts; fi
