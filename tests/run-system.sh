#!/usr/bin/env bash
# Runs the whole-system tests (node's test runner, the real binary named by HEARTH_BIN) whose file
# name matches PATTERN, JOBS files side by side (as many as processors), and closes with the sums.
# A file that says "// alone" in its first ten lines looks at the machine's time: it runs by itself. One that
# says "// network" runs in a network of its own where that can be had (tests/system/network.mjs).
set -u
cd "$(dirname "$0")/.."
logs=build/system-logs
mkdir -p "$logs"

# The options with which `unshare` makes a network and mounts of its own here, or nothing. (The root of a chroot is
# no mount, and its propagation cannot be changed; where nothing is shared it need not be.)
namespaces() {
  if unshare -nm true 2>/dev/null; then
    echo -nm
  elif ! grep -q ' shared:' /proc/self/mountinfo && unshare -nm --propagation unchanged true 2>/dev/null; then
    echo -nm --propagation unchanged
  fi
}

# One file: its log, one line about it, and its sums into RESULTS.
one() {
  local file=$1 name log rc p f s c space=()
  name=$(basename "$file" .test.mjs)
  log=$logs/$name.log
  if head -10 "$file" | grep -q '^// network' && [[ -n $(namespaces) ]]; then
    # shellcheck disable=SC2046
    space=(env HEARTH_NETWORK="$(namespaces)" unshare $(namespaces))
  fi
  timeout "${SYSTEM_TIMEOUT:-900}" "${space[@]}" node --test --test-reporter=tap "$file" >"$log" 2>&1 </dev/null
  rc=$?
  count() { awk -v key="# $1" 'index($0, key " ") == 1 {n = $3} END {print n + 0}' "$log"; }
  p=$(count pass) f=$(count fail) s=$(count skipped) c=$(count cancelled)
  f=$((f + c))
  [[ $rc -ne 0 && $f -eq 0 ]] && f=1
  echo "$p $f $s" >"$RESULTS/$name"
  (
    flock 9
    if [[ $f -eq 0 ]]; then
      printf '  ok    %-44s %5d\n' "system/$name" "$p"
    else
      printf '  FAIL  %-44s %5d of %d, exit %d (%s)\n' "system/$name" "$f" $((p + f)) "$rc" "$log"
      grep -v '^ *duration_ms\|^ *---\|^ *\.\.\.\|^ok' "$log" | tail -80 | sed 's/^/        /'
    fi
  ) 9>"$RESULTS/.lock"
}

if [[ ${1:-} == --one ]]; then
  one "$2"
  exit 0
fi
pattern=${1:-}
RESULTS=$(mktemp -d)
export RESULTS
trap 'rm -rf "$RESULTS"' EXIT
together=() alone=()
for file in tests/system/*.test.mjs; do
  [[ -z $pattern || $(basename "$file" .test.mjs) =~ $pattern ]] || continue
  if head -10 "$file" | grep -q '^// alone'; then alone+=("$file"); else together+=("$file"); fi
done
(( ${#together[@]} )) && printf '%s\n' "${together[@]}" | xargs -P "${JOBS:-$(nproc)}" -I{} tests/run-system.sh --one {}
for file in "${alone[@]}"; do one "$file"; done
read -r passed failed skipped < <(cat "$RESULTS"/* | awk '{p += $1; f += $2; s += $3} END {print p + 0, f + 0, s + 0}')
echo "system tests"
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[[ $failed -eq 0 && $passed -gt 0 ]]
