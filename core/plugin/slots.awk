# Reads sdk/include/allora/plugin.h and writes what the wrappings of calls (debug host, call codec)
# need to know of every interface: each struct of function pointers becomes an entry of
# ALLORA_IFACES, each function pointer in one an entry of ALLORA_SLOTS, with a thunk that packs its
# arguments and an invoker that unpacks them.  What each argument means stands in slots.c, by
# hand: a slot that is new in the header and missing there does not compile.
#
# The header is trusted: it is ours, clang-format keeps its shape, and whatever this script cannot
# read ends the build.

function die(words) {
    print "slots.awk: " words > "/dev/stderr"
    failed = 1
    exit 1
}

function trim(s) {
    gsub(/[ \t]+/, " ", s)
    sub(/^ /, "", s)
    sub(/ $/, "", s)
    return s
}

# One parameter: its C type without the name goes to kind_type, the class of it is returned.
function class_of(p,    t) {
    p = trim(p)
    if (p ~ /\[/) { # int32_t ret_fds[3]
        sub(/ [A-Za-z_0-9]+\[[0-9]*\]$/, " *", p)
        kind_type = p
        return "p"
    }
    if (p ~ /\*/) {
        sub(/[A-Za-z_0-9]+$/, "", p) # the name, where there is one
        kind_type = trim(p)
        return "p"
    }
    t = p
    sub(/ [A-Za-z_0-9]+$/, "", t)
    kind_type = t
    if (t == "allora_str") return "s"
    if (t == "double") return "d"
    if (t == "int32_t" || t == "int64_t") return "i"
    if (t == "uint32_t" || t == "uint64_t") return "u"
    die("cannot pack an argument of type \"" t "\"")
}

function slot(text,    ret, name, at, n, parts, i, c, pack, unpack, params) {
    at = index(text, "(*")
    ret = trim(substr(text, 1, at - 1))
    text = substr(text, at + 2)
    at = index(text, ")")
    name = substr(text, 1, at - 1)
    text = substr(text, at + 1)
    sub(/^\(/, "", text)
    sub(/\) *$/, "", text)
    n = split(text, parts, ",")
    shape = ""
    for (i = 1; i <= n; i++) {
        c = class_of(parts[i])
        shape = shape c
        params = params (i > 1 ? ", " : "") kind_type (kind_type ~ /\*$/ ? "" : " ") "a" (i - 1)
        pack = pack (i > 1 ? ", " : "") \
            (c == "p" ? "{.p = (const void *)a" (i - 1) "}" : "{." c " = a" (i - 1) "}")
        unpack = unpack (i > 1 ? ", " : "") \
            (c == "p" ? "POINTER(a[" (i - 1) "])" : c == "i" || c == "u" ? \
                "(" kind_type ")a[" (i - 1) "]." c : "a[" (i - 1) "]." c)
    }
    ids = ids " SLOT_" iface "_" name ",\n"
    slots = slots " \\\n    X(" iface ", " name ", " struct ", " n_slots ", \"" shape "\")"
    thunks = thunks "static " ret (ret ~ /\*$/ ? "" : " ") "thunk_" iface "_" name "(" params ")\n{\n" \
        "    struct arg a[] = {" pack "};\n"
    call = "slot_call(SLOT_" iface "_" name ", a)"
    if (ret == "void")
        thunks = thunks "    (void)" call ";\n}\n"
    else if (ret ~ /\*$/)
        thunks = thunks "    return " call ".out;\n}\n"
    else
        thunks = thunks "    return (" ret ")" call ".i;\n}\n"
    thunks = thunks "static struct arg invoke_" iface "_" name "(slot_fn fn, const struct arg *a)\n{\n" \
        "    " ret (ret ~ /\*$/ ? "" : " ") "(*call)(" params ") = (" ret " (*)(" params "))fn;\n"
    if (ret == "void")
        thunks = thunks "    call(" unpack ");\n    return (struct arg){.i = 0};\n}\n"
    else if (ret ~ /\*$/)
        thunks = thunks "    return (struct arg){.p = call(" unpack ")};\n}\n"
    else
        thunks = thunks "    return (struct arg){.i = call(" unpack ")};\n}\n"
    n_slots++
    n_all++
}

# A struct's text without comments: its function pointers, one after the other.
function interface(body,    n, members, i) {
    n = split(body, members, ";")
    n_slots = 0
    for (i = 1; i <= n; i++)
        if (index(members[i], "(*"))
            slot(trim(members[i]))
}

# The last value of an enum that only grows.
function last(prefix,    found, n, words, i) {
    n = split(flat, words, /[ ,{}]+/)
    for (i = 1; i < n; i++)
        if (index(words[i], prefix) == 1 && words[i + 1] == "=")
            found = words[i]
    if (!found)
        die("the header has no " prefix "…")
    return found
}

{
    line = $0
    if (line ~ /^#/) # directives are no part of a struct
        line = ""
    text = text " " line
}

END {
    if (failed)
        exit 1
    flat = ""
    while ((at = index(text, "/*")) > 0) {
        flat = flat substr(text, 1, at - 1) " "
        text = substr(text, at + 2)
        at = index(text, "*/")
        text = substr(text, at + 2)
    }
    flat = flat text
    gsub(/[ \t]+/, " ", flat)
    rest = flat
    while (match(rest, /typedef struct allora_[a-z_0-9]+ \{/)) {
        struct = substr(rest, RSTART + 15, RLENGTH - 17)
        rest = substr(rest, RSTART + RLENGTH)
        at = index(rest, "} " struct ";")
        if (!at)
            die("the end of " struct " is not found")
        body = substr(rest, 1, at - 1)
        if (body !~ /\(\*/ || struct ~ /_sink$/)
            continue
        iface = substr(struct, 8)
        sub(/_v1$/, "", iface)
        interface(body)
        iface_ids = iface_ids " IFACE_" iface ",\n"
        ifaces = ifaces " \\\n    X(" iface ", " struct ", " toupper(iface) ", " n_slots ")"
        n_ifaces++
    }
    if (n_ifaces < 2)
        die("no interfaces were found")
    print "/* Made by slots.awk from allora/plugin.h. */"
    print "#ifndef ALLORA_PLUGIN_SLOT_LIST_H"
    print "#define ALLORA_PLUGIN_SLOT_LIST_H"
    printf "enum slot_id {\n%s SLOT_COUNT\n};\n", ids
    printf "enum iface_id {\n%s IFACE_COUNT\n};\n", iface_ids
    print "#define SLOT_LAST_STATUS " last("ALLORA_E_")
    print "#define SLOT_LAST_EVENT " last("ALLORA_EV_")
    print "#define ALLORA_IFACES(X) /* X(name, struct, ID, number of slots) */" ifaces
    print "#define ALLORA_SLOTS(X) /* X(interface, name, struct, index, shape) */" slots
    print "#endif"
    print "#ifdef SLOT_THUNKS"
    printf "%s", thunks
    print "#endif"
}
