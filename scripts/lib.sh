# Shared by the scripts in this folder; sourced, not run. Expects the caller to have `set -u`.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
logs=$root/build/logs

# Parallel jobs: all cores, unless ALLORA_JOBS says otherwise.
jobs=${ALLORA_JOBS:-$(nproc 2>/dev/null || echo 2)}

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
    bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' plain=$'\e[0m'
else
    bold='' dim='' red='' plain=''
fi

say() {
    printf '%s\n' "$*"
}

die() {
    printf '%serror:%s %s\n' "$red" "$plain" "$*" >&2
    exit 1
}

# quietly LOG LABEL COMMAND...: one line with the time it took; the whole log when it fails.
quietly() {
    local log=$logs/$1.log label=$2 start=$SECONDS rc=0
    shift 2
    mkdir -p "$logs"
    printf '  %-46s' "$label"
    "$@" >"$log" 2>&1 </dev/null || rc=$?
    if [ "$rc" -eq 0 ]; then
        printf ' %sok, %d s%s\n' "$dim" $((SECONDS - start)) "$plain"
        return 0
    fi
    printf ' %sfailed%s (exit %d after %d s)\n\n' "$red" "$plain" "$rc" $((SECONDS - start))
    cat "$log"
    printf '\n%serror:%s %s failed; the log above is %s\n' "$red" "$plain" "$label" "$log" >&2
    return 1
}

# build PRESET [TARGET...]: configures and builds; through ccache where there is one.
build() {
    local preset=$1
    shift
    if [ -z "${CMAKE_C_COMPILER_LAUNCHER+set}" ] && command -v ccache >/dev/null; then
        export CMAKE_C_COMPILER_LAUNCHER=ccache
    fi
    cmake --preset "$preset" && cmake --build --preset "$preset" -j "$jobs" ${1:+--target "$@"}
}
