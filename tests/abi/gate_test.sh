#!/bin/sh
# The layout gate lets an append pass and catches each way to break the ABI: tried on changed copies of the header.
set -eu
abi=$SOURCE_DIR/sdk/abi
here=$(mktemp -d) && trap 'rm -rf "$here"' EXIT
mkdir "$here/allora"
now=$here/now.txt
sh "$abi/layout.sh" "$SOURCE_DIR/sdk/include" >"$now" || exit $?
failed=0
# without the header's own asserts: here the gate must find it
sed 's/^#ifdef ALLORA_STATIC_ASSERT_/#if 0/' "$SOURCE_DIR/sdk/include/allora/plugin.h" >"$here/plugin.h"

# try passes|breaks 'what it must say' 'sed script on plugin.h'
try() {
    sed "$3" "$here/plugin.h" >"$here/allora/plugin.h"
    cmp -s "$here/plugin.h" "$here/allora/plugin.h" && [ "$3" ] &&
        { echo "'$3' changed nothing"; failed=1; }
    sh "$abi/layout.sh" "$here" >"$here/new.txt" || { echo "'$3': no layout"; failed=1; return; }
    got=passes
    said=$(sh "$abi/gate.sh" "$now" "$here/new.txt") || got=breaks
    [ "$got" = "$1" ] || { echo "'$3' $got, and should not: $said"; failed=1; }
    case $said in *"$2"*) ;; *) echo "'$3': '$2' is not in: $said"; failed=1 ;; esac
}

try passes '' ''
try passes '' 's/^} allora_list_request;/    uint64_t new_in_minor_1;\n&/'
try passes '' 's/^} allora_provider_v1;/    int32_t (*count)(allora_instance *, allora_ctx *);\n&/'
try breaks 'not behind the old end: allora_list_request 48' 's/^    uint64_t limit;.*/    uint64_t before_it;\n&/'
try breaks 'gone, moved or of another type: allora_list_request 48 uint64_t limit' 's/^    uint64_t limit;.*/    uint64_t before_it;\n&/'
try breaks 'of another type: allora_error 12 int32_t http_status' 's/^    int32_t http_status;/    uint32_t http_status;/'
try breaks 'gone, moved or of another type: allora_error 168 char[512] message' 's/^    char request_id\[80\];/    char request_id[16];/'
try breaks 'of another type: allora_provider_v1 16 int32_t' 's/^    int32_t (\*list)(allora_instance \*, /    int32_t (*list)(allora_instance *, uint32_t, /'
try breaks 'allora_value is FROZEN, but' 's/^} allora_value;/    uint64_t more;\n&/'

# removing a struct altogether, and an old layout that is none
grep -v '^allora_plan ' "$now" >"$here/new.txt"
said=$(sh "$abi/gate.sh" "$now" "$here/new.txt") && failed=1
case $said in *"allora_plan is gone"*) ;; *) echo "removal: $said"; failed=1 ;; esac
said=$(sh "$abi/gate.sh" /dev/null "$now") && { echo "an empty old layout passes"; failed=1; }
exit $failed
