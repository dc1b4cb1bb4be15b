#!/usr/bin/env bash
# What is generated from the code says what the code says: deploy/burrow.conf.example, deploy/metrics.md, and the tables
# of settings and metrics in node/README.md. usage: fresh_settings.sh [--write]
# Needs build/release/burrow; where it is not built yet, the lint has nothing to compare with and says so.
set -euo pipefail
cd "$(dirname "$0")/../.."
burrow=${BURROW_BINARY:-build/release/burrow}
if [ ! -x "$burrow" ]; then echo "fresh_settings: $burrow is not built"; exit 0; fi

readme() { # node/README.md with what stands between its marks replaced
  SETTINGS=$("$burrow" config show --markdown) METRICS=$("$burrow" config metrics --markdown) awk '
    /^<!-- end of / { skip = 0 }
    !skip { print }
    /^<!-- settings -->/ { print ENVIRON["SETTINGS"]; skip = 1 }
    /^<!-- metrics -->/ { print ENVIRON["METRICS"]; skip = 1 }' node/README.md
}
metrics() {
  printf '# Metrics\n\nWhat `/metrics` on the admin listener shows. Generated: `test/lint/fresh_settings.sh --write`.\n\n'
  "$burrow" config metrics --markdown
}

failed=0
fresh() { # fresh FILE COMMAND...: FILE is what COMMAND prints
  local file=$1
  shift
  if [ "${write:-}" ]; then "$@" >"$file.new" && mv "$file.new" "$file"; return; fi
  if ! diff -u "$file" <("$@"); then
    echo "$file is out of date: test/lint/fresh_settings.sh --write"
    failed=1
  fi
}
if [ "${1:-}" = --write ]; then write=1; fi
fresh deploy/burrow.conf.example "$burrow" config show --example
fresh deploy/metrics.md metrics
fresh node/README.md readme
exit $failed
