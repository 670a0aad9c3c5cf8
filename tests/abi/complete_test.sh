#!/bin/sh
# Every value that plugin.h gives a name is held by values.c, so that a new one can't be added, nor an old one
# changed, without a line there.
set -eu
header=${1:-$SOURCE_DIR/sdk/include/allora/plugin.h}
values=$SOURCE_DIR/tests/abi/values.c
failed=0
# enumerators, with or without a value of their own; comments are no code
names=$(sed -e 's://.*::' "$header" | awk '
    { line = line " " $0 }
    END {
        while ((a = index(line, "/*")) > 0) {
            rest = substr(line, a + 2)
            b = index(rest, "*/")
            line = substr(line, 1, a - 1) " " substr(rest, b + 2)
        }
        while (match(line, /enum *[a-zA-Z0-9_]* *\{[^}]*\}/)) {
            body = substr(line, RSTART, RLENGTH)
            line = substr(line, RSTART + RLENGTH)
            sub(/^[^{]*\{/, "", body)
            sub(/\}$/, "", body)
            n = split(body, item, ",")
            for (i = 1; i <= n; i++) {
                sub(/=.*/, "", item[i])
                gsub(/[ \t]/, "", item[i])
                if (item[i] != "") print item[i]
            }
        }
    }')
[ "$(echo "$names" | wc -l)" -gt 60 ] || { echo "plugin.h has hardly any enumerators: $names"; exit 1; }
for name in $names; do
    grep -q "^IS($name, " "$values" || { echo "values.c does not hold $name"; failed=1; }
done
for name in $(sed -n 's/^#define \(ALLORA_[A-Z0-9_]*\) ".*/\1/p' "$header"); do
    grep -q "{$name, \"" "$values" || { echo "values.c does not hold the text $name"; failed=1; }
done
[ $# -eq 0 ] || exit $failed

# The test itself: a value that is added is missed.
here=$(mktemp -d) && trap 'rm -rf "$here"' EXIT
sed 's/^    ALLORA_LOG_ERROR = 4$/    ALLORA_LOG_ERROR = 4,\n    ALLORA_LOG_NEW = 5/; $a#define ALLORA_NEW_ID "allora.new/1"' "$header" >"$here/plugin.h"
said=$(sh "$0" "$here/plugin.h") && { echo "new values pass"; failed=1; }
for name in ALLORA_LOG_NEW ALLORA_NEW_ID; do
    case $said in *$name*) ;; *) echo "$name is not missed: $said"; failed=1 ;; esac
done
exit $failed
