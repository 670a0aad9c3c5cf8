#!/bin/sh
# The contract, for every plugin of the build, each in a process of its own.
failed=0 tried=0
for so in "$BUILD_DIR"/lib/allora/plugins/*.so "$BUILD_DIR"/tests/plugins/*.so; do
    [ -f "$so" ] || continue
    case $so in */bad_*) continue ;; esac # they are bad on purpose
    tried=$((tried + 1))
    "$BUILD_DIR/tests/plugin-contract" "$so" || { echo "FAILED: $so (status $?)"; failed=1; }
done
[ $tried -gt 0 ] || { echo "no plugin was built"; exit 1; }
exit $failed
