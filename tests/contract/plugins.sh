#!/bin/sh
# Every plugin of the build that is not bad on purpose passes `allora plugin check`, with the data that
# synthetic ones read.
here=$(mktemp -d) && trap 'rm -rf "$here"' EXIT
export XDG_CONFIG_HOME="$here" XDG_STATE_HOME="$here" XDG_CACHE_HOME="$here" XDG_DATA_HOME="$here"
export ALLORA_PROVIDERS__ACME__FILE="$SOURCE_DIR/tests/data/acme.json" ALLORA_PROVIDERS__ACME__PAGE_SIZE=7
export ALLORA_PROVIDERS__SYNTH__ROWS=1200 ALLORA_PROVIDERS__SYNTH__WIDE_ROWS=50
export ALLORA_PROVIDERS__SYNTH__PARTITIONS=3 ALLORA_PROVIDERS__SYNTH__DELAY_MS=1
export ALLORA_PROVIDERS__SYNTH__ROWS_PER_PARTITION=4
[ ! -d "$SOURCE_DIR/tests/data/hosttree" ] || export ALLORA_PROVIDERS__HOST__ROOT="$SOURCE_DIR/tests/data/hosttree"
failed=0 tried=0
for so in "$BUILD_DIR"/lib/allora/plugins/*.so "$BUILD_DIR"/tests/plugins/*.so; do
    [ -f "$so" ] || continue
    case $so in */bad_*) continue ;; esac
    tried=$((tried + 1))
    "$ALLORA" plugin check "$so" --seed 1 --time-limit 120 >"$here/out" 2>&1 || { cat "$here/out"; failed=1; }
done
[ $tried -gt 0 ] || { echo "no plugin was built"; exit 1; }
exit $failed
