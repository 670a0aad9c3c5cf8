#!/bin/sh
# docs/manifest.md is what scripts/manifest-doc makes of the schema.
command -v python3 >/dev/null || exit 77
"$SOURCE_DIR/scripts/manifest-doc" | diff - "$SOURCE_DIR/docs/manifest.md" ||
    { echo "run scripts/manifest-doc > docs/manifest.md"; exit 1; }
