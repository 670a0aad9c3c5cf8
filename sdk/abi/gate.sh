#!/bin/sh
# gate.sh OLD NEW (outputs of layout.sh, lines with # are comments): may a host or plugin with the NEW header meet one
# with the OLD? Every old field must stand where it stood, with its type; new ones only behind the old end; FROZEN structs
# must not change at all. Exit 1 names each break.
set -eu
exec awk '
    BEGIN { split("str pair value filter sink byte_sink", names, " ")
            for (i in names) frozen["allora_" names[i]] = 1 }
    /^#/ || NF < 3 { next }
    FNR == NR {
        if ($2 == "size") old_size[$1] = $3
        else old[$0] = 1
        n_old++
        next
    }
    $2 == "size" {
        new_size[$1] = $3
        if ($1 in frozen && ($1 in old_size) && $3 != old_size[$1])
            bad($1 " is FROZEN, but grew from " old_size[$1] " to " $3 " bytes")
        next
    }
    { new[$0] = 1
      if (!($0 in old) && ($1 in old_size)) {
          if ($1 in frozen) bad($1 " is FROZEN, but has a new field: " $0)
          else added[$0] = 1
      } }
    function bad(what) { print "ABI break: " what; broken = 1 }
    END {
        if (n_old < 150) bad("the old layout is not one")
        for (s in old_size) if (!(s in new_size)) bad(s " is gone")
        for (line in old) if (!(line in new)) bad("gone, moved or of another type: " line)
        for (line in added) {
            split(line, part, " ")
            if (part[2] < old_size[part[1]]) bad("not behind the old end: " line)
        }
        exit broken
    }' "$1" "$2"
