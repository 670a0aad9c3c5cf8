"""The broken plugins of tests/unit/plugins, and what must be said of each: for every test that takes a
stranger's plugin in hand."""
import os
import shutil

FIXTURES = os.environ["BUILD_DIR"] + "/tests/fixtures"


def patched(at, byte):
    """The good plugin with one byte of its ELF header changed."""
    def make(path):
        with open(FIXTURES + "/fixture/fixture.so", "rb") as f:
            content = bytearray(f.read())
        content[at] = byte
        with open(path, "wb") as f:
            f.write(content)
    return make


def cut(path):
    with open(FIXTURES + "/fixture/fixture.so", "rb") as whole, open(path, "wb") as f:
        f.write(whole.read()[:3000])


def text(path):
    with open(path, "w", encoding="utf-8") as f:
        f.write("not a plugin\n")


# (variant, how it is made or None for the built one, stage, code, part of the message, part of the hint).
# The first table never gets as far as running code of the plugin, or survives it.
BROKEN = [
    ("text", text, "read", "abi", "not an ELF file", "remove the file"),
    ("cut", cut, "read", "abi", "file too short", "reinstall"),
    ("class32", patched(4, 1), "read", "abi", "not a 64-bit little-endian ELF file", "reinstall"),
    ("big_endian", patched(5, 2), "read", "abi", "not a 64-bit little-endian ELF file", "reinstall"),
    ("machine", patched(18, 0xF7), "read", "abi", "built for another machine", "reinstall"),
    ("lazy", None, "read", "abi", "linked lazily", "-Wl,-z,now"),
    ("bad_manifest", None, "manifest", "config", '"version" is missing', "plugin.json"),
    ("future", None, "abi", "abi", "needs ABI 1.7", "upgrade allora"),
    ("no_entry", None, "entry", "abi", "allora_plugin_v1", "allora_add_plugin()"),
    ("second_symbol", None, "entry", "abi", "exports fixture_helper()", "version script"),
    ("viewer", None, "conflict", "conflict", 'the table "vm"', "plugins.disable"),
    ("forbidden", None, "trust", "denied", "imports exit()", "author"),
    ("undefined", None, "load", "abi", "undefined symbol: fixture_defined_nowhere", "SDK"),
    ("null", None, "entry", "abi", "gave nothing", "author"),
    ("short", None, "handshake", "abi", "16 bytes", "author"),
    ("drift", None, "handshake", "abi", "not the one in its section", "author"),
    ("lies", None, "handshake", "abi", "needs ABI 1.7", "upgrade allora"),
    ("create_fails", None, "create", "config", "the fixture has no answer", "set fixture.answer"),
    ("create_silent", None, "create", "auth", "not authenticated", ""),
    ("create_hangs", None, "create", "timeout", "did not come back from create() within", "plugin disable"),
]
# These end the program: (variant, what it says as it ends, exit code, what the next start says of it).
DEADLY = [
    ("create_crashes", "crashed (signal 06) while it was being loaded", -6, "ended the program by signal 06"),
    ("create_exits", "called exit() while it was being loaded", 7, "ended the program by exit()"),
]
# These load, work, and break a rule of memory or threads meanwhile: the debug host and `plugin check` say so.
# (variant, which rule, an operation and an argument that show it, after how many calls)
RULES = [
    ("leaks", "memory", "leaks.config", "answer", 1),
    ("leaves_scope", "memory", "leaves_scope.config", "answer", 1),
    ("keeps", "memory", "keeps.config", "answer", 2),
    ("writes", "memory", "writes.config", "answer", 1),
    ("threads", "thread", "threads.config", "answer", 1),
]


def place(folder, variant, make=None):
    """Puts a variant into a folder, as VARIANT.so."""
    if make:
        make("%s/%s.so" % (folder, variant))
    else:
        shutil.copy("%s/%s/%s.so" % (FIXTURES, variant, variant), folder)
