#!/bin/sh
# `allora plugin check` finds every lie of tests/plugins/bad/liar.c, and none in the table that tells none.
here=$(mktemp -d) && trap 'rm -rf "$here"' EXIT
export XDG_CONFIG_HOME="$here" XDG_STATE_HOME="$here" XDG_CACHE_HOME="$here" XDG_DATA_HOME="$here"
said=$("$ALLORA" plugin check "$BUILD_DIR/tests/plugins/bad_liar.so" --seed 1 -o json 2>"$here/err")
[ $? = 1 ] || { echo "the liar passes"; exit 1; }
failed=0
while read -r finding; do
    case $said in *"$finding"*) ;; *) echo "not found: $finding"; failed=1 ;; esac
done <<'LIES'
allora.operations/1: the manifest says yes, the code says otherwise
liar_lost.id lt loses row
liar_exact.id eq is said to be exact, and is not
cells do not follow the wanted order
liar_deaf: never asks whether it was cancelled
rows after STOP
liar_width: a row of 5 cells, 4 wanted
liar_type.square: a cell of type text where the manifest says int
liar_scope: a scope is left open
liar_wordy: out of memory is said as remote (the server is on fire)
liar_alone.name alone: ok, 0 rows
LIES
case $said in *liar_honest*) echo "findings where there are none"; failed=1 ;; esac
[ $failed = 0 ] || { echo "$said"; cat "$here/err"; }
exit $failed
