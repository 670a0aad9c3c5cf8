#!/bin/sh
# A slot, an argument or a field that is new in plugin.h and unknown to the codec must not compile.
# new_slot_test.sh SOURCE_DIR CC
set -eu
source=$1 cc=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# try NAME SED-SCRIPT WANTED: the header changed by the script; WANTED is what the compiler must say,
# empty: nothing.
try() {
    mkdir -p "$work/$1/allora"
    sed "$2" "$source/sdk/include/allora/plugin.h" > "$work/$1/allora/plugin.h"
    if [ "$2" ] && cmp -s "$work/$1/allora/plugin.h" "$source/sdk/include/allora/plugin.h"; then
        echo "$1: the header was not changed"
        failed=1
        return
    fi
    if ! awk -f "$source/core/plugin/slots.awk" "$work/$1/allora/plugin.h" > "$work/$1/slot_list.h" 2> "$work/said"; then
        case $(cat "$work/said") in *"$3"*) [ "$3" ] && return ;; esac
    elif "$cc" -std=c11 -fsyntax-only -D_GNU_SOURCE -I"$work/$1" -I"$source/core" "$source/core/plugin/slots.c" 2> "$work/said"; then
        [ "$3" ] || return 0
        echo "$1: it compiles"
        failed=1
        return
    fi
    case $(cat "$work/said") in *"$3"*) [ "$3" ] && return ;; esac
    echo "$1: expected \"$3\":"
    head -n 5 "$work/said"
    failed=1
}

try same '' ''
try slot '/^} allora_store_v1;/i\    int32_t (*count)(allora_ctx *, uint64_t *ret, allora_error *);' kinds_store_count
try argument 's/(\*remove)(allora_ctx \*, allora_str key,/(*remove)(allora_ctx *, allora_str key, uint32_t flags,/' 'one kind for each argument'
try field 's/^} allora_turn_request;/    uint64_t seed;\n} allora_turn_request;/' 'describe the new field'
try type '/^} allora_store_v1;/i\    int32_t (*take)(allora_ctx *, allora_value v, allora_error *);' 'cannot pack'
try interface '/^#define ALLORA_AGENT_ID/i\typedef struct allora_cats_v1 {\n    uint32_t size, reserved;\n    int32_t (*purr)(allora_ctx *);\n} allora_cats_v1;' cats
# A status or an event that is new changes nothing.
try enums 's/^    ALLORA_EV_RESULT = 10,/&\n    ALLORA_EV_FUTURE = 99,/; s/^    ALLORA_E_NOMEM = -2,/&\n    ALLORA_E_FUTURE = -99,/' ''
exit $failed
