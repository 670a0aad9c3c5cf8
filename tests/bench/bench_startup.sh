#!/usr/bin/env bash
# Start-up with 100 plugins installed and the index warm, against a C program that prints a line;
# and what must not happen then: no plugin is opened, neither libcurl nor OpenSSL is mapped.
. "$(dirname "$0")/lib.sh"

# 100 plugins with a command, an operation and a table each. They are never opened here, so the
# entry does nothing; their manifests are what counts.
plugins=$bench_room/data/allora/plugins
mkdir -p "$plugins"
make_plugin() {
    local id=$1
    cat >"$bench_room/$id.json" <<END
{"manifest":1,"id":"$id","version":"1.0.0","summary":"Bench plugin $id","license":"Apache-2.0",
 "abi":{"built":0,"needed":0},"permissions":{},
 "provider":{"name":"$id","title":"bench source $id","tables":[{"name":"${id}_item","summary":"Items of $id",
  "nouns":["$id item"],"columns":[{"name":"id","type":"text","key":true,"summary":"identifier"},
   {"name":"name","type":"text","summary":"name"},{"name":"size","type":"int","unit":"bytes","summary":"size"},
   {"name":"region","type":"text","summary":"region"},{"name":"created_at","type":"time","summary":"made"}]}]},
 "operations":[{"name":"$id.list","summary":"Items of $id","effect":"read",
  "arguments":{"type":"object","properties":{"limit":{"type":"integer","minimum":1}}}}],
 "commands":[{"path":["$id","list"],"summary":"List the items of $id","operation":"$id.list","render":"rows",
  "args":[{"name":"limit","short":"n","type":"int","min":1,"default":20,"help":"at most so many"}],
  "examples":[{"run":"allora $id list","help":"the first 20"}]}]}
END
    cat >"$bench_room/$id.s" <<END
    .section .allora.manifest,"a"
    .incbin "$bench_room/$id.json"
    .text
    .globl allora_plugin_v1
    .type allora_plugin_v1, @function
allora_plugin_v1:
    xor %eax, %eax
    ret
    .size allora_plugin_v1, . - allora_plugin_v1
    .section .note.GNU-stack,"",@progbits
END
    "${CC:-cc}" -shared -nostdlib -Wl,-z,now -o "$plugins/$id.so" "$bench_room/$id.s"
}
for i in $(seq -w 1 100); do
    make_plugin "bench$i" || { echo "cannot build plugin bench$i"; exit 1; }
done

# The index is made by the first call; the second must be warm.
"$ALLORA" --help >/dev/null && "$ALLORA" --help >"$bench_room/help" || exit 1
grep -q bench042 "$bench_room/help" || bench_fail "100 plugins are found" "--help does not name bench042"

# Each completion script calls back into the program for the words that fit: that call is measured.
complete=(__complete bash 0 bench0)
"$ALLORA" "${complete[@]}" >"$bench_room/words" 2>&1 || exit 1
grep -q bench042 "$bench_room/words" || bench_fail "completion knows the plugins" "no bench042"

measure() {
    "$BENCH_DIR/spawn_bench" "${BENCH_RUNS:-200}" hello "$BENCH_DIR/hello" \
        -- version "$ALLORA" --version -- help "$ALLORA" --help \
        -- completion "$ALLORA" "${complete[@]}"
}
times=$(measure) || exit 1
echo "$times"
for what in version help completion; do
    figures=$(awk -v w="$what" '$1 == "hello" { h = $2; hm = $3 } $1 == w { t = $2; m = $3 }
        END { printf "%.2f %.2f ms, of minima %.2f ×", t / h, t / 1000, m / hm }' <<<"$times")
    case $what in version) label='`allora --version`' ;; help) label='`allora --help`' ;;
    *) label='one completion call' ;; esac
    bench_ratio "$label, 100 plugins, to a C program that prints a line" "${figures%% *}" 2 \
        "${figures#* }"
done

for call in --version --help "${complete[*]}"; do
    # shellcheck disable=SC2086
    LD_DEBUG=files LD_DEBUG_OUTPUT=$bench_room/ld "$ALLORA" $call >/dev/null || exit 1
    if grep -q 'dynamically loaded by' "$bench_room"/ld.*; then
        bench_fail "\`allora $call\` opens no library" "$(grep -h 'dynamically loaded by' "$bench_room"/ld.* | head -n 1)"
    fi
    if grep -qE 'file=.*lib(curl|ssl|crypto)' "$bench_room"/ld.*; then
        bench_fail "\`allora $call\` maps neither libcurl nor OpenSSL" "it does"
    fi
    rm -f "$bench_room"/ld.*
done
bench_done
