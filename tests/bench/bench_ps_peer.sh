#!/usr/bin/env bash
# A count over the process table against the tool everybody uses for it.
. "$(dirname "$0")/lib.sh"
command -v ps >/dev/null || exit 77

"$ALLORA" query 'select count(*) from host_process' >/dev/null || exit 1
times=$("$BENCH_DIR/spawn_bench" "${BENCH_RUNS:-60}" ps sh -c 'ps -e | wc -l' \
    -- allora "$ALLORA" query 'select count(*) from host_process') || exit 1
echo "$times"
figures=$(awk '$1 == "ps" { p = $2 } $1 == "allora" { t = $2 }
    END { printf "%.2f %.2f ms to %.2f ms", t / p, t / 1000, p / 1000 }' <<<"$times")
bench_ratio '`allora query "select count(*) from host_process"` to `ps -e \| wc -l`' \
    "${figures%% *}" 3 "${figures#* }"
bench_done
