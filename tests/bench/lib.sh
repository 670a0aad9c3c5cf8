# Sourced by bench_*.sh. Expects what CTest sets: ALLORA, BUILD_DIR, BENCH_DIR, BENCH_SLACK.
set -u
: "${ALLORA:?path of the program}" "${BENCH_DIR:?folder of the bench programs}"
bench_slack=${BENCH_SLACK:-1}
bench_failed=0

# A home of its own, so that the bench neither sees nor changes the user's state.
bench_room=$(mktemp -d)
trap 'rm -rf "$bench_room"' EXIT
export HOME=$bench_room XDG_STATE_HOME=$bench_room/state XDG_CACHE_HOME=$bench_room/cache \
    XDG_CONFIG_HOME=$bench_room/config XDG_DATA_HOME=$bench_room/data
unset ALLORA_PLUGIN_PATH

# bench_ratio WHAT RATIO GOAL [DETAIL]: one figure; RATIO must not be above GOAL.
bench_ratio() {
    local verdict
    verdict=$(awk -v r="$2" -v g="$3" -v s="$bench_slack" \
        'BEGIN { print r <= g ? "ok" : (r <= g * s ? "over" : "failed") }')
    [ "$verdict" != failed ] || bench_failed=1
    printf 'BENCH|%s|%s ×%s|≤ %s ×|%s\n' "$1" "$2" "${4:+ ($4)}" "$3" "${verdict/failed/over}"
}

# bench_fail WHAT WHY: something that must hold and does not.
bench_fail() {
    bench_failed=1
    printf 'BENCH|%s|%s|must hold|over\n' "$1" "$2"
}

bench_done() {
    exit "$bench_failed"
}
