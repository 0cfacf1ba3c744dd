#!/usr/bin/env bash
# run.sh PATTERN: runs the benchmarks (bench/*.bench.mjs) whose name matches PATTERN, one after the
# other: they share the processors, so never two at a time. HEARTH_BIN names the program.
set -u
cd "$(dirname "$0")/.."
pattern=${1:-}
export HEARTH_BIN=${HEARTH_BIN:-build/hearth}
mkdir -p bench/results
ran=0 failed=0
for file in bench/*.bench.mjs; do
  name=$(basename "$file" .bench.mjs)
  [[ -z $pattern || $name =~ $pattern ]] || continue
  ran=$((ran + 1))
  timeout "${BENCH_TIMEOUT:-1800}" node "$file" || { failed=$((failed + 1)); echo "bench/$name failed"; }
done
printf '%d benchmarks, %d failed; results in bench/results/, `node bench/readme.mjs` puts them into bench/README.md\n' \
  "$ran" "$failed"
[[ $failed -eq 0 && $ran -gt 0 ]]
