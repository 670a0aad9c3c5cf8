#!/bin/sh
# The public headers alone, in every language and by every compiler at hand, without a warning.
set -eu
failed=0 tried=0
compile() { # compile COMPILER LANGUAGE STANDARD HEADER FLAGS...
    compiler=$1 language=$2 standard=$3 header=$4
    shift 4
    command -v "$compiler" >/dev/null || return 0
    tried=$((tried + 1))
    echo "#include <$header>" | "$compiler" -x "$language" -std="$standard" -I"$SOURCE_DIR/sdk/include" \
        -Wall -Wextra -Werror "$@" -fsyntax-only - || { echo "$compiler -std=$standard $header"; failed=1; }
}
for standard in c99 c11 c17; do
    for compiler in gcc clang; do
        # -Wpadded: no hidden bytes in anything that crosses
        compile $compiler c $standard allora/plugin.h -pedantic -Wpadded -Wshadow -Wconversion -Wundef
    done
done
for standard in c++11 c++17 c++20; do
    for compiler in g++ clang++; do
        compile $compiler c++ $standard allora/plugin.h -pedantic -Wpadded -Wshadow -Wconversion -Wundef
        compile $compiler c++ $standard allora/sdk.h
    done
done
for standard in c11 gnu17; do
    for compiler in gcc clang; do
        compile $compiler c $standard allora/sdk.h -pedantic -Wshadow -Wconversion -Wsign-conversion
    done
done
[ $tried -gt 0 ] || exit 77
exit $failed
