#!/bin/sh
# The two checking tools: a good manifest and plugin pass, each kind of fault is named.
set -u
here=$(mktemp -d) && trap 'rm -rf "$here"' EXIT
check="$BUILD_DIR/sdk/allora-manifest-check $SOURCE_DIR/sdk/manifest.schema.json"
plugin_check="$BUILD_DIR/sdk/allora-plugin-check"
good=$SOURCE_DIR/sdk/examples/weather/plugin.json
failed=0

# refuses 'what it must say' 'sed script that makes the good manifest bad'
refuses() {
    sed "$2" "$good" >"$here/plugin.json"
    cmp -s "$good" "$here/plugin.json" && echo "the script '$2' changed nothing" && failed=1
    said=$($check "$here/plugin.json" 2>&1)
    status=$?
    [ "$status" = 1 ] && [ "$said" = "$here/plugin.json: $1" ] && return
    echo "expected:  $1"
    echo "but got:   $said (status $status)"
    failed=1
}

$check "$good" || failed=1
refuses '"license" is missing' '/"license"/d'
refuses 'unknown key "sumary", did you mean "summary"?' '0,/"summary"/s//"sumary"/;s/"id": "weather"/"id": "weather", "summary": "x"/'
refuses 'manifest: must be 1' 's/"manifest": 1/"manifest": 2/'
refuses 'id: "Weather" does not match ^[a-z][a-z0-9_-]{0,63}$' 's/"id": "weather"/"id": "Weather"/'
refuses 'version: must be of type string' 's/"version": "1.0.0"/"version": 1/'
refuses 'version: must not be empty' 's/"version": "1.0.0"/"version": ""/'
refuses 'abi.built: must be at least 0' 's/"built": 0/"built": -1/'
refuses 'permissions: unknown key "htpp", did you mean "http"?' 's/"http":/"htpp":/'
refuses 'permissions.http: must be of type array' 's/"http": \[.*\], "config"/"http": true, "config"/'
refuses 'provider.tables[0].columns[1].type: unknown value "rael", did you mean "real"?' 's/"type": "real"/"type": "rael"/'
refuses 'provider.tables[0].columns[0].push[1]: unknown value "im", did you mean "in"?' 's/"eq", "in"/"eq", "im"/'
refuses 'provider.tables[0].columns[1].adjectives.coldest: unknown value "as", did you mean "asc"?' 's/"coldest": "asc"/"coldest": "as"/'
# what only the host's own parser knows
refuses 'provider.tables[0].name_column: weather_city has no column "nam", did you mean name?' 's/"name_column": "name"/"name_column": "nam"/'

printf '{"manifest":1,\n"manifest":1}' >"$here/plugin.json"
said=$($check "$here/plugin.json" 2>&1)
[ "$said" = "$here/plugin.json:2:1: this name stands twice in one object" ] || { echo "duplicate: $said"; failed=1; }
said=$($check "$here/missing.json" 2>&1) && failed=1
[ "$said" = "$here/missing.json: cannot be opened" ] || { echo "missing: $said"; failed=1; }

so=$BUILD_DIR/tests/plugins/weather.so
$plugin_check "$so" "$good" || failed=1
said=$($plugin_check "$so" "$SOURCE_DIR/tests/plugins/acme/plugin.json" 2>&1) && failed=1
case $said in *"its manifest is not, byte for byte, "*) ;; *) echo "other manifest: $said"; failed=1 ;; esac
said=$($plugin_check "$good" 2>&1) && failed=1
[ "$said" = "$good: not an ELF file" ] || { echo "no ELF: $said"; failed=1; }

# faults that only a compiler can make
cc=${CC:-cc}
printf '%s\n' '#include <stdlib.h>' 'int also_exported = 1;' 'void allora_plugin_v1(void);' \
    'void allora_plugin_v1(void) { exit(1); }' >"$here/bad.c"
if $cc -shared -fPIC -Wl,-z,lazy -o "$here/bad.so" "$here/bad.c" 2>/dev/null; then
    said=$($plugin_check "$here/bad.so" 2>&1) && failed=1
    for part in 'no manifest' 'exports more than allora_plugin_v1: also_exported' \
        'not for plugins: exit' 'bound lazily'; do
        case $said in *"$part"*) ;; *) echo "'$part' is missing in: $said"; failed=1 ;; esac
    done
fi
exit $failed
