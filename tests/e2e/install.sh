#!/usr/bin/env bash
# `cmake --install` with a prefix and with DESTDIR gives a copy that works where it lies, that finds
# its plugins beside itself, and that does not look back into the build tree.
set -u
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
export HOME=$room/home XDG_STATE_HOME=$room/s XDG_CACHE_HOME=$room/c XDG_CONFIG_HOME=$room/f \
    XDG_DATA_HOME=$room/d
mkdir -p "$HOME"
fail() {
    echo "FAILED: $*"
    exit 1
}

DESTDIR=$room/stage cmake --install "${BUILD_DIR:?}" --prefix /opt/allora >"$room/log" 2>&1 ||
    fail "install: $(tail -n 5 "$room/log")"
[ -x "$room/stage/opt/allora/bin/allora" ] || fail "no bin/allora under DESTDIR"
[ ! -e /opt/allora/bin/allora ] || fail "DESTDIR was not honoured"
# Moved after installation: everything is found relative to the program.
mv "$room/stage/opt/allora" "$room/moved"
prefix=$room/moved

for file in include/allora/plugin.h share/doc/allora/LICENSE share/man/man1/allora.1 \
    share/bash-completion/completions/allora share/zsh/site-functions/_allora \
    share/fish/vendor_completions.d/allora.fish; do
    [ -s "$prefix/$file" ] || fail "not installed: $file ($(cd "$prefix" && find . -path '*share*' -type f | head -n 20 | paste -sd' '))"
done

allora=$prefix/bin/allora
"$allora" --version >/dev/null || fail "--version"
installed=$(find "$prefix" -path '*/allora/plugins/*.so' | wc -l)
built=$(find "$BUILD_DIR/lib/allora/plugins" -name '*.so' | wc -l)
[ "$installed" -eq "$built" ] || fail "$installed plugins installed, $built built"
"$allora" plugin list -o json >"$room/list" || fail "plugin list"
! grep -q "$BUILD_DIR" "$room/list" || fail "the installed program uses the build tree's plugins"
rows=$("$allora" query 'select count(*) as n from host_process where pid = 1' -o csv) || fail "query"
[ "$rows" = $'n\r\n1\r' ] || [ "$rows" = $'n\n1' ] || fail "the query gave: $rows"
! readelf -d "$allora" | grep -qE 'R(UN)?PATH' || fail "the program has a run path"
! grep -qaF "$BUILD_DIR/" "$allora" || fail "the program holds the build folder's name"
exit 0
