#!/usr/bin/env bash
# run-fuzz.sh DIR SECONDS PATTERN: runs each fuzz target below DIR for some seconds on its corpus
# (tests/fuzz/corpus/NAME for fuzz_NAME), with its dictionary when there is one. What it finds that
# is new stays in build/; an input that crashes is printed and fails the run.
set -u
cd "$(dirname "$0")/.."
dir=$1 seconds=$2 pattern=${3:-}
passed=0 failed=0
while read -r bin; do
  name=$(basename "$bin")
  name=${name#fuzz_}
  [[ -z $pattern || $name =~ $pattern ]] || continue
  corpus=tests/fuzz/corpus/$name
  found=build/fuzz/found/$name
  mkdir -p "$corpus" "$found"
  dict=$(find tests/fuzz "$corpus" -name "$name.dict" | head -1)
  # Dictionaries lie beside the inputs; libFuzzer reads them as one more input, which does no harm.
  if "$bin" ${dict:+-dict="$dict"} -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 -max_len=65536 \
    -artifact_prefix="$found/" -print_final_stats=1 "$found" "$corpus" >"$found.log" 2>&1 </dev/null; then
    runs=$(awk '/number_of_executed_units/ {print $2}' "$found.log")
    printf '  ok    fuzz_%-30s %10s runs\n' "$name" "$runs"
    passed=$((passed + 1))
  else
    printf '  FAIL  fuzz_%s\n' "$name"
    tail -30 "$found.log" | sed 's/^/        /'
    failed=$((failed + 1))
  fi
done < <(find "$dir" -type f -executable -name 'fuzz_*' | sort)
echo "fuzz targets"
printf '%d passed, %d failed\n' "$passed" "$failed"
[[ $failed -eq 0 && $passed -gt 0 ]]
