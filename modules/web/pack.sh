#!/usr/bin/env bash
# pack.sh OUT: writes OUT/files.S and OUT/files.c, the embedded files of the page as one table
# (web_files): path, type, bytes, gzip twin where it helps, strong ETag. hls.js comes from npm.
set -euo pipefail
cd "$(dirname "$0")"
out=$1
rm -rf "$out/bytes"
mkdir -p "$out/bytes"

type_of() {
  case $1 in
    *.html) echo 'text/html; charset=utf-8' ;;
    *.css) echo 'text/css; charset=utf-8' ;;
    *.js) echo 'text/javascript; charset=utf-8' ;;
    *.json) echo 'application/json' ;;
    *.svg) echo 'image/svg+xml' ;;
    *) echo "pack.sh: no media type for $1" >&2; exit 1 ;;
  esac
}

hls=../../node_modules/hls.js/dist/hls.light.min.mjs
[[ -e $hls ]] || { echo "pack.sh: $hls is missing: run make deps" >&2; exit 1; }
# Its source map is not shipped, so the line that names it goes.
grep -v '^//# sourceMappingURL' "$hls" >"$out/bytes/hls.js"
cp -r assets/. "$out/bytes/"

{
  echo '/* Made by modules/web/pack.sh. */'
  echo '#include "web.h"'
} >"$out/files.c"
echo '.section .rodata' >"$out/files.S"
rows=
n=0
for file in $(cd "$out/bytes" && find . -type f | sed 's|^\./||' | sort); do
  path=$out/bytes/$file
  gzip -9nk -f "$path"
  size=$(stat -c %s "$path") gz=$(stat -c %s "$path.gz")
  (( gz * 10 < size * 9 )) || gz=0
  etag=$(sha256sum "$path" | cut -c1-32)
  printf '.balign 16\n.hidden web_file_%d\n.global web_file_%d\nweb_file_%d:\n.incbin "%s"\n' $n $n $n "$path" >>"$out/files.S"
  printf '.balign 16\n.hidden web_gzip_%d\n.global web_gzip_%d\nweb_gzip_%d:\n.incbin "%s.gz"\n' $n $n $n "$path" >>"$out/files.S"
  printf 'extern const char web_file_%d[], web_gzip_%d[];\n' $n $n >>"$out/files.c"
  rows+=$(printf '\t{ "/%s", "%s", { web_file_%d, %d }, { web_gzip_%d, %d }, "\\"%s\\"" },' \
    "$file" "$(type_of "$file")" $n "$size" $n "$gz" "$etag")$'\n'
  n=$((n + 1))
done
echo '.section .note.GNU-stack,"",@progbits' >>"$out/files.S"
printf 'const struct http_file web_files[] = {\n%s\t{ .path = NULL },\n};\n' "$rows" >>"$out/files.c"
