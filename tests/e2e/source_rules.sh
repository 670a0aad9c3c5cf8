#!/usr/bin/env bash
# Rules that hold for the source as a whole, and for every plugin that was built.
set -u
cd "${SOURCE_DIR:?}" || exit 1
failed=0
# must_be_empty RULE OUTPUT
must_be_empty() {
    [ -n "$2" ] || return 0
    printf '%s:\n%s\n\n' "$1" "$2"
    failed=1
}
# Calls in C files, comments left out as far as a line-wise look can tell.
calls() {
    local pattern=$1
    shift
    grep -rnE --include='*.c' --include='*.h' "(^|[^A-Za-z0-9_])$pattern" "$@" 2>/dev/null | grep -vE '^[^:]*:[0-9]+: *(\*|/\*|//)'
}

must_be_empty "the core names no vendor" \
    "$(grep -rniwE 'aws|ec2|azure|gcp|openai' core/ --include='*.c' --include='*.h' --include='*.json')"
must_be_empty "unsafe or non-reentrant calls" \
    "$(calls '(strcpy|strcat|sprintf|vsprintf|gets|atoi|atol|strtok|system|popen|tmpnam|mktemp|asctime|ctime|localtime|gmtime|alloca) *\(' core plugins sdk/src sdk/include)"
# The line editor is a module of its own, and libedit frees what it returns.
must_be_empty "core allocates through base/mem.h" \
    "$(calls '(malloc|calloc|realloc|strdup|strndup|asprintf|vasprintf) *\(' core | grep -vE '^core/(base/mem\.[ch]|cli/lineedit/[a-z_]+\.c):')"
must_be_empty "unfinished work marked in the source" \
    "$(grep -rnE '\b(TODO|FIXME|XXX|HACK)\b' core plugins sdk --include='*.[ch]' --include='*.json')"
must_be_empty "build times in the binary (not reproducible)" "$(calls '__(DATE|TIME|TIMESTAMP)__' core plugins sdk)"

# A plugin exports its entry and nothing else.
if [ -z "${ALLORA_SANITIZED:-}" ]; then
    for plugin in "${BUILD_DIR:?}"/lib/allora/plugins/*.so; do
        [ -e "$plugin" ] || continue
        symbols=$(nm -D --defined-only "$plugin" | awk '{ print $NF }')
        [ "$symbols" = allora_plugin_v1 ] ||
            must_be_empty "symbols of ${plugin##*/} besides allora_plugin_v1" "$symbols "
    done
fi
exit $failed
