#!/usr/bin/env bash
# lint.sh MODULE…: layout, borders, banned calls, clang-tidy. Each check says what it found. (cppcheck
# is left out: 2.10 does not know __VA_OPT__, and so reads nothing behind a db_query.)
set -u
cd "$(dirname "$0")/.."
rc=0
say() { printf '%-14s %s\n' "$1" "$2"; }
fail() { say "$1" "FAIL"; rc=1; }
sources() { git ls-files -co --exclude-standard -- 'src/*.[ch]' 'modules/*.[ch]' 'include/*.h' 'tests/*.[ch]' 'bench/*.[ch]'; }

# Layout.
if sources | xargs clang-format --dry-run -Werror 2>build/lint-format.txt; then say format good; else
  fail format; grep -c 'warning\|error' build/lint-format.txt; head -20 build/lint-format.txt; fi

# A module includes include/hearth/, its own headers and the system's; nothing climbs out.
borders=$(grep -nE '^#include "' $(git ls-files -co --exclude-standard -- 'modules/*.[ch]') | awk -F: '
  { split($1, part, "/"); file = $3; sub(/^#include "/, "", file); sub(/".*/, "", file)
    if (file ~ /^\.\.|\/\.\.\// || file ~ /^src\// ) print $1 ":" $2 ": " file
    else if (file !~ /^hearth\//) { own = "modules/" part[2] "/" file
      dir = $1; sub(/[^\/]*$/, "", dir)
      if (system("test -e " own " -o -e " dir file) != 0) print $1 ":" $2 ": " file } }')
[[ -z $borders ]] && say borders good || { fail borders; echo "$borders"; }
uv=$(grep -lE '\buv_|<uv\.h>' $(git ls-files -co --exclude-standard -- 'src/*.[ch]' 'modules/*.[ch]' 'include/*.h') | grep -vE '^src/(loop|net)/')
[[ -z $uv ]] && say libuv good || { fail libuv; echo "$uv"; }

# Calls that cannot be used safely.
banned=$(grep -nE '\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|alloca)\(' $(sources) | grep -v '^tests/')
[[ -z $banned ]] && say banned good || { fail banned; echo "$banned"; }

# White space.
space=$(grep -nE '[ 	]+$' $(sources) | head)
[[ -z $space ]] && say whitespace good || { fail whitespace; echo "$space"; }

# The example INI file is what the program prints of its own settings.
if [[ -x build/hearth ]]; then
  if build/hearth config | diff -q - config/hearth.ini >/dev/null; then say example good; else
    fail example; echo "config/hearth.ini is not what build/hearth config prints"; fi
fi

# Static analysis, a file at a time on all cores.
flags() { case $1 in
  src/*) echo "-Iinclude -Isrc -I/usr/share/include/llhttp -DLLHTTP_STRICT_MODE=1" ;;
  modules/*) echo "-Iinclude -I$(cut -d/ -f1,2 <<<"$1")" ;;
  esac; }
export -f flags
tidy() { clang-tidy --quiet "$1" -- -std=gnu17 -D_GNU_SOURCE $(flags "$1") 2>/dev/null; }
export -f tidy
modules=$(printf 'modules/%s ' "$@")
if find src $modules -name '*.c' | xargs -P "$(nproc)" -I{} bash -c 'tidy {}' | tee build/lint-tidy.txt | grep -qE 'warning:|error:'; then
  fail clang-tidy; grep -E 'warning:|error:' build/lint-tidy.txt | sort | uniq | head -40; else say clang-tidy good; fi
# For the eye, not a verdict: the longest functions and files.
if command -v pmccabe >/dev/null; then
  echo "longest functions:"; find src $modules -name '*.c' | xargs pmccabe | sort -k5 -rn | head -5 | awk '{print "  " $5, $6, $7}'
fi
echo "longest files:"; find src $modules -name '*.c' | xargs wc -l | sort -rn | sed -n 2,6p
exit $rc
