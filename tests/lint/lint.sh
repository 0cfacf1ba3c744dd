#!/usr/bin/env bash
# lint.sh MODULE…: layout, borders, banned calls, heads and comments, clang-tidy. Each check says what it found.
# LINT_SECONDS bounds the time of clang-tidy (tidy.mjs); all the rest takes a few seconds. (cppcheck is left
# out: 2.10 does not know __VA_OPT__, and so reads nothing behind a db_query.)
set -u
cd "$(dirname "$0")/../.."
mkdir -p build/lint
rc=0
say() { printf '%-14s %s\n' "$1" "$2"; }
fail() { say "$1" "FAIL"; rc=1; }
sources() { git ls-files -co --exclude-standard -- 'src/*.[ch]' 'modules/*.[ch]' 'include/*.h' 'tests/*.[ch]' 'bench/*.[ch]'; }

# Layout, and the order of includes.
if sources | xargs -P "$(nproc)" -n 60 clang-format --dry-run -Werror 2>build/lint/format.txt; then say format good; else
  fail format; grep -c 'error:' build/lint/format.txt; grep 'error:' build/lint/format.txt | head -20; fi

# Heads, comments, guards, names of files.
if node tests/lint/sources.mjs >build/lint/sources.txt; then say sources good; else fail sources; head -60 build/lint/sources.txt; fi

# A module includes include/hearth/, its own headers and the system's; nothing climbs out.
borders=$(grep -nE '^#include "' $(git ls-files -co --exclude-standard -- 'modules/*.[ch]') | awk -F: '
  { split($1, part, "/"); file = $3; sub(/^#include "/, "", file); sub(/".*/, "", file)
    if (file ~ /^\.\.|\/\.\.\// || file ~ /^src\// ) print $1 ":" $2 ": " file
    else if (file !~ /^hearth\//) { own = "modules/" part[2] "/" file
      dir = $1; sub(/[^\/]*$/, "", dir)
      if (!((own, dir) in seen)) seen[own, dir] = system("test -e " own " -o -e " dir file)
      if (seen[own, dir] != 0) print $1 ":" $2 ": " file } }')
[[ -z $borders ]] && say borders good || { fail borders; echo "$borders"; }
uv=$(grep -lE '\buv_|<uv\.h>' $(git ls-files -co --exclude-standard -- 'src/*.[ch]' 'modules/*.[ch]' 'include/*.h') | grep -vE '^src/(loop|net)/')
[[ -z $uv ]] && say libuv good || { fail libuv; echo "$uv"; }

curl=$(grep -lE '\bcurl_easy|<curl/' $(git ls-files -co --exclude-standard -- 'src/*.[ch]' 'modules/*.[ch]' 'include/*.h') | grep -v '^src/fetch/')
[[ -z $curl ]] && say libcurl good || { fail libcurl; echo "$curl"; }

# An engine is asked by its table alone: nobody else includes what is in its folder, or calls SQLite.
engine='(db/sqlite|blob/files|cache/memory|registry/memory|lease/sqlite|job/sqlite|bus/table)/'
seams=$(grep -nE "#include \"$engine|sqlite3_|<sqlite3\.h>" $(git ls-files -co --exclude-standard -- 'src/*.[ch]' 'modules/*.[ch]' 'include/*.h') | grep -vE "^src/$engine")
[[ -z $seams ]] && say seams good || { fail seams; echo "$seams"; }

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

# Static analysis.
modules=$(printf 'modules/%s ' "$@")
if node tests/lint/tidy.mjs "${LINT_SECONDS:-0}" $(find src $modules -name '*.c') >build/lint/tidy.txt; then
  say clang-tidy "good ($(tail -1 build/lint/tidy.txt | cut -d: -f2- | sed 's/^ //'))"; else
  fail clang-tidy; grep -E 'warning:|error:|exit' build/lint/tidy.txt | sort | uniq | head -40; fi

# For the eye, not a verdict: the longest functions and files.
if command -v pmccabe >/dev/null; then
  echo "longest functions:"; find src $modules -name '*.c' | xargs pmccabe | sort -k5 -rn | head -5 | awk '{print "  " $5, $6, $7}'
fi
echo "longest files:"; find src $modules -name '*.c' | xargs wc -l | sort -rn | sed -n 2,6p
exit $rc
