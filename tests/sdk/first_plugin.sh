#!/bin/sh
# Follows docs/first-plugin.md word for word: every ```sh block, in order, in a home of its own, with an
# installed copy on the PATH and nothing else to help.
set -eu
[ -x "$ALLORA" ] || { echo "allora was not built"; exit 77; }
command -v c++ >/dev/null || { echo "a C++ compiler is missing"; exit 77; }
here=$(mktemp -d) && trap 'rm -rf "$here"' EXIT
cmake --install "$BUILD_DIR" --prefix "$here/prefix" >"$here/log" 2>&1 || { cat "$here/log"; exit 1; }
awk '/^```sh$/ { on = 1; next } /^```$/ { on = 0 } on' "$SOURCE_DIR/docs/first-plugin.md" >"$here/steps.sh"
# questions need an agent; a build may leave it out
[ -f "$BUILD_DIR/lib/allora/plugins/offline.so" ] || sed -i '/ ask "/d' "$here/steps.sh"
mkdir "$here/home" "$here/work"
unset XDG_DATA_HOME XDG_STATE_HOME XDG_CACHE_HOME XDG_CONFIG_HOME XDG_RUNTIME_DIR CMAKE_PREFIX_PATH
cd "$here/work"
HOME=$here/home PATH=$here/prefix/bin:$PATH \
    sh -eux "$here/steps.sh" >"$here/out" 2>"$here/err" ||
    { echo "a step failed:"; tail -n 5 "$here/err"; tail -n 20 "$here/out"; exit 1; }
for shown in 'bonjour *French *7' 'count(\*)' 'greeting.*provider' '^  filters *ok' ' 0 failed' '^# greeting' \
    '^greeting *.*greeting.so *seed' '^salute *.*salute.so *seed'; do
    grep -q "$shown" "$here/out" || { echo "'$shown' was not shown:"; tail -n 30 "$here/out"; exit 1; }
done
