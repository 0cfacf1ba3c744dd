#!/usr/bin/env bash
# Runs every unit-test program below DIR whose path matches PATTERN (an extended regex), one line a
# program, and closes with the sums of Check's own counts.
set -u
dir=$1 pattern=${2:-}
log=$dir/../unit-logs
mkdir -p "$log"
# One process a test is Check's way, and threads of a loop do not live through a fork: TSan and the
# tests that start threads before their suite run in one process.
[[ $dir == *tsan* ]] && export CK_FORK=no
checks=0 bad=0 programs=0
while read -r bin; do
  name=${bin#"$dir"/}
  [[ -z $pattern || $name =~ $pattern ]] || continue
  programs=$((programs + 1))
  out=$log/${name//\//-}.log
  timeout "${UNIT_TIMEOUT:-300}" "$bin" >"$out" 2>&1 </dev/null
  rc=$?
  sums=$(grep -oE 'Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+' "$out" | tr -cd '0-9 \n' |
    awk '{c += $1; b += $2 + $3} END {print c + 0, b + 0}')
  read -r c b <<<"$sums"
  [[ $rc -ne 0 && $b -eq 0 ]] && b=1 c=$((c > 0 ? c : 1))
  checks=$((checks + c)) bad=$((bad + b))
  if [[ $b -eq 0 ]]; then
    printf '  ok    %-44s %5d\n' "$name" "$c"
  else
    printf '  FAIL  %-44s %5d of %d, exit %d\n' "$name" "$b" "$c" "$rc"
    tail -60 "$out" | sed 's/^/        /'
  fi
done < <(find "$dir" -type f -executable -name 'test_*' | sort)
printf 'unit: %d programs\n%d passed, %d failed\n' "$programs" $((checks - bad)) "$bad"
[[ $bad -eq 0 && $programs -gt 0 ]]
