#!/bin/sh
# layout.sh INCLUDE_DIR: what the ABI's structs look like in memory, one sorted line a fact:
#   allora_value size 16
#   allora_value 8 union u
# out of clang's own layout dump of anchor.c. Enum values are no layout: tests/abi/values.c has them.
# Exit 77 without clang, 1 when anchor.c misses a struct.
set -eu
abi=$(cd "$(dirname "$0")" && pwd)
header=$1/allora/plugin.h
clang=${ALLORA_CLANG:-clang}
command -v "$clang" >/dev/null || { echo "clang is missing" >&2; exit 77; }

for type in $(sed -n 's/^} \(allora_[a-z0-9_]*\);$/\1/p' "$header"); do
    grep -q "^    $type " "$abi/anchor.c" || { echo "anchor.c does not use $type" >&2; exit 1; }
done

# The dump of one record: "*** Dumping AST Record Layout", then lines "OFFSET | [indent]TYPE NAME",
# the record itself unindented, its members by two blanks, theirs by four, at last "| [sizeof=N, …".
dump=$("$clang" -std=c11 -I"$1" -fsyntax-only -Xclang -fdump-record-layouts-complete "$abi/anchor.c")
printf '%s\n' "$dump" |
    awk '
        /Dumping AST Record Layout/ { record = "" }
        /\[sizeof=/ {
            if (record ~ /^allora_/ && record !~ /anchor/ && match($0, /sizeof=[0-9]+/))
                print record, "size", substr($0, RSTART + 7, RLENGTH - 7)
            record = ""
            next
        }
        /^ *[0-9]+ \|/ {
            split($0, side, "|")
            offset = side[1] + 0
            text = substr($0, index($0, "|") + 2)
            if (record == "") {
                record = text
                sub(/^(struct|union) /, "", record)
            } else if (record ~ /^allora_/ && record !~ /anchor/ && text ~ /^  [^ ]/) {
                sub(/^  /, "", text)
                sub(/ \(unnamed at [^)]*\)/, "", text)
                sub(/::\(unnamed at [^)]*\)/, "", text)
                print record, offset, text
            }
        }' | sed 's/(unnamed [^)]*)/(unnamed)/' | LC_ALL=C sort -u
