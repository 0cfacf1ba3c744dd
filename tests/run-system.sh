#!/usr/bin/env bash
# Runs the whole-system tests (node's test runner, the real binary named by HEARTH_BIN) whose file
# name matches PATTERN, one file after another, and closes with the sums.
set -u
cd "$(dirname "$0")/.."
pattern=${1:-}
logs=build/system-logs
mkdir -p "$logs"
passed=0 failed=0 skipped=0
for file in tests/system/*.test.mjs; do
  name=$(basename "$file" .test.mjs)
  [[ -z $pattern || $name =~ $pattern ]] || continue
  log=$logs/$name.log
  timeout "${SYSTEM_TIMEOUT:-1500}" node --test --test-reporter=tap "$file" >"$log" 2>&1 </dev/null
  rc=$?
  count() { awk -v key="# $1" 'index($0, key " ") == 1 {n = $3} END {print n + 0}' "$log"; }
  p=$(count pass) f=$(count fail) s=$(count skipped) c=$(count cancelled)
  f=$((f + c))
  [[ $rc -ne 0 && $f -eq 0 ]] && f=1
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  if [[ $f -eq 0 ]]; then
    printf '  ok    %-44s %5d\n' "system/$name" "$p"
  else
    printf '  FAIL  %-44s %5d of %d, exit %d (%s)\n' "system/$name" "$f" $((p + f)) "$rc" "$log"
    grep -v '^ *duration_ms\|^ *---\|^ *\.\.\.\|^ok' "$log" | tail -80 | sed 's/^/        /'
  fi
done
echo "system tests"
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[[ $failed -eq 0 && $passed -gt 0 ]]
