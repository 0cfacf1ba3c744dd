#!/usr/bin/env bash
# Everything `make test` runs, closing with one line of counts. OUT is the build folder.
set -u
cd "$(dirname "$0")/.."
out=$1
summary=$(mktemp)
trap 'rm -f "$summary"' EXIT
rc=0
tests/run-unit.sh "$out/test" | tee -a "$summary"
[[ ${PIPESTATUS[0]} -eq 0 ]] || rc=1
tests/run-system.sh | tee -a "$summary"
[[ ${PIPESTATUS[0]} -eq 0 ]] || rc=1
echo "all tests"
grep -E '^[0-9]+ passed, [0-9]+ failed' "$summary" | tr -cd '0-9 \n' |
  awk '{p += $1; f += $2; s += $3} END {printf "%d passed, %d failed, %d skipped\n", p, f, s}'
exit $rc
