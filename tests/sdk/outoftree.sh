#!/bin/sh
# Plugins of somebody else's: built from the installed SDK alone, with CMake and with pkg-config, in C and C++, then
# used by this allora. Exit 77 (skipped) where a tool is missing.
set -eu
for tool in cmake pkg-config "${CC:-cc}"; do
    command -v "$tool" >/dev/null || { echo "$tool is missing"; exit 77; }
done
here=$(mktemp -d) && trap 'rm -rf "$here"' EXIT
prefix=$here/prefix
# installed under DESTDIR, then moved: no path may be built in
DESTDIR=$here/dest cmake --install "$BUILD_DIR" --component sdk --prefix /opt/allora >"$here/log" 2>&1 ||
    { cat "$here/log"; exit 1; }
mv "$here/dest/opt/allora" "$prefix"

# ---- find_package ----
for project in tests/plugins/acme sdk/examples/weather; do
    name=$(basename $project)
    cp -r "$SOURCE_DIR/$project" "$here/$name"
    # -Werror: our macros must not warn in an author's build
    cmake -S "$here/$name" -B "$here/$name/build" -DCMAKE_PREFIX_PATH="$prefix" \
        -DCMAKE_C_FLAGS="-Wall -Wextra -Werror" >"$here/log" 2>&1 || { cat "$here/log"; exit 1; }
    cmake --build "$here/$name/build" >"$here/log" 2>&1 || { cat "$here/log"; exit 1; }
done
# a manifest that a host would refuse ends the build with words
cp "$here/weather/plugin.json" "$here/good.json"
sed 's/"type": "time"/"type": "tiem"/' "$here/good.json" >"$here/weather/plugin.json"
if cmake --build "$here/weather/build" >"$here/log" 2>&1; then
    echo "a bad manifest was built"
    exit 1
fi
grep -q 'columns\[2\].type: unknown value "tiem", did you mean "time"?' "$here/log" || { cat "$here/log"; exit 1; }
cp "$here/good.json" "$here/weather/plugin.json"
cmake --build "$here/weather/build" >/dev/null

# ---- pkg-config ----
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name allora-sdk.pc)")
export PKG_CONFIG_PATH
tools=$(pkg-config --variable=toolsdir allora-sdk)
mkdir "$here/plain" "$here/cxx"
{
    cat "$SOURCE_DIR/tests/plugins/acme/acme.c"
    echo 'ALLORA_EMBED_MANIFEST("plugin.json");'
} >"$here/plain/acme.c"
cp "$SOURCE_DIR/tests/plugins/acme/plugin.json" "$here/plain"
# shellcheck disable=SC2046 # the flags are words
(cd "$here/plain" && "${CC:-cc}" -O2 -shared -fPIC -fvisibility=hidden acme.c \
    $(pkg-config --cflags --libs allora-sdk) -o acme.so)
"$tools/allora-plugin-check" "$here/plain/acme.so" "$here/plain/plugin.json"
"$tools/allora-manifest-check" "$(pkg-config --variable=schema allora-sdk)" "$here/plain/plugin.json"
for cxx in g++ clang++; do
    command -v $cxx >/dev/null || continue
    cp "$SOURCE_DIR/tests/plugins/cxx/cxx.cpp" "$SOURCE_DIR/tests/plugins/cxx/plugin.json" "$here/cxx"
    # shellcheck disable=SC2046
    (cd "$here/cxx" && $cxx -std=c++17 -Wall -Wextra -Werror -O2 -shared -fPIC -fvisibility=hidden \
        cxx.cpp $(pkg-config --cflags --libs allora-sdk) -o cxx.so)
    "$tools/allora-plugin-check" "$here/cxx/cxx.so" "$here/cxx/plugin.json"
done

# ---- used ----
[ -x "$ALLORA" ] || exit 0
export XDG_STATE_HOME="$here/state" XDG_CACHE_HOME="$here/cache" XDG_CONFIG_HOME="$here/config"
export ALLORA_PROVIDERS__ACME__FILE="$SOURCE_DIR/tests/data/acme.json"
expect() { # expect WANTED FOLDER SQL
    got=$("$ALLORA" --plugin-path "$2" query -o csv "$3") || { echo "$3: status $?"; exit 1; }
    got=$(printf '%s\n' "$got" | tail -n +2 | tr -d '\r' | tr '\n' ' ')
    [ "$got" = "$1 " ] || { echo "$3: '$1' was expected, '$got' came"; exit 1; }
}
for folder in "$here/acme/build" "$here/plain"; do
    expect 61 "$folder" "select count(*) n from acme_server"
    expect "7" "$folder" "select count(*) n from vm where provider = 'acme' and status = 'stopped'"
    expect "acme,up,running" "$folder" "select v.provider, s.state, v.status from vm v join acme_server s on s.server_id = v.id where v.id = 'srv-1001'"
    expect 83 "$folder" "select count(*) n from disk where provider = 'acme'"
done
# a part of the world is down: the rest is answered, and said to be a part
expect_partial=$(ALLORA_PROVIDERS__ACME__FAIL=prod/us-east "$ALLORA" --plugin-path "$here/plain" query -o csv \
    "select count(*) n from acme_server" 2>"$here/err") && { echo "a failed partition is not told"; exit 1; }
[ "$(printf '%s' "$expect_partial" | tr -d '\r\n')" = n48 ] || { echo "partial: $expect_partial"; exit 1; }
grep -q 'partial: .*us-east.*no answer in 10 s' "$here/err" || { cat "$here/err"; exit 1; }
# in English, by the manifest's words alone
if [ -f "$BUILD_DIR/lib/allora/plugins/offline.so" ]; then
    for question in "how many servers are switched off?" "how many vms are stopped?"; do
        "$ALLORA" --plugin-path "$here/acme/build" ask "$question" >"$here/out" 2>&1 || { cat "$here/out"; exit 1; }
        grep -q '^7 ' "$here/out" || { echo "$question"; cat "$here/out"; exit 1; }
    done
fi
"$ALLORA" --plugin-path "$here/plain" acme summary --account lab | grep -q '^lab *10 *15 *0 *1161'

[ ! -e "$here/cxx/cxx.so" ] ||
    expect 338350 "$here/cxx" "select sum(square) s from cxx_square"
