#!/bin/sh
# The contract finds every lie of tests/plugins/bad, and none in the table that tells none.
said=$("$BUILD_DIR/tests/plugin-contract" "$BUILD_DIR/tests/plugins/bad_liar.so")
[ $? = 1 ] || { echo "the liar passes"; exit 1; }
failed=0
while read -r finding; do
    case $said in *"$finding"*) ;; *) echo "not found: $finding"; failed=1 ;; esac
done <<'LIES'
allora.operations/1: the manifest says yes, the code says otherwise
liar_lost.id op 3 loses row
liar_exact.id op 1 is said to be exact, and is not
cells do not follow the wanted order
liar_deaf: never asks whether it was cancelled
rows after STOP
liar_width: a row of 5 cells, 4 wanted
liar_type.square: a cell of type 6 where the manifest says 3
liar_scope: a scope is left open
liar_wordy: out of memory is said as remote (the server is on fire)
liar_alone.name alone: ok, 0 rows
LIES
case $said in *liar_honest*) echo "findings where there are none"; failed=1 ;; esac
[ $failed = 0 ] || echo "$said"
exit $failed
