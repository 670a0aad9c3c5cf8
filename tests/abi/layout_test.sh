#!/bin/sh
# Today's plugin.h against every committed layout; for one that isn't frozen yet it must be the same.
set -eu
here=$(mktemp -d) && trap 'rm -rf "$here"' EXIT
sh "$SOURCE_DIR/sdk/abi/layout.sh" "$SOURCE_DIR/sdk/include" >"$here/now.txt" || exit $?
for old in "$SOURCE_DIR"/sdk/abi/*/layout.txt; do
    if grep -q 'not frozen yet' "$old"; then
        grep -v '^#' "$old" | diff - "$here/now.txt" ||
            { echo "plugin.h changed: make $old anew with sdk/abi/layout.sh, and say why in docs/abi.md"; exit 1; }
    else
        sh "$SOURCE_DIR/sdk/abi/gate.sh" "$old" "$here/now.txt"
    fi
done
