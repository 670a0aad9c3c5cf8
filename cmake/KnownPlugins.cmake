# cmake -DOUT=<file> -DMANIFESTS=<list> -P KnownPlugins.cmake
# Writes what each first-party plugin provides, by name, so that an allora without one of them can
# say which plugin to get:  {"plugins":[{"id","summary","commands","tables","operations","agents"}]}
cmake_minimum_required(VERSION 3.25)

# quoted(OUT VALUE): VALUE as a JSON string.
function(quoted out value)
  string(REPLACE "\\" "\\\\" value "${value}")
  string(REPLACE "\"" "\\\"" value "${value}")
  string(REPLACE "\n" "\\n" value "${value}")
  set(${out} "\"${value}\"" PARENT_SCOPE)
endfunction()

# names(OUT MANIFEST KEY... ): the names of the objects in the array at KEY..., as a JSON array.
function(names out manifest)
  string(JSON count ERROR_VARIABLE none LENGTH "${manifest}" ${ARGN})
  set(list)
  if(NOT none AND count GREATER 0)
    math(EXPR last "${count} - 1")
    foreach(i RANGE ${last})
      string(JSON name ERROR_VARIABLE none GET "${manifest}" ${ARGN} ${i} name)
      if(none) # a command has a path of words
        string(JSON words LENGTH "${manifest}" ${ARGN} ${i} path)
        math(EXPR words "${words} - 1")
        set(name)
        foreach(w RANGE ${words})
          string(JSON word GET "${manifest}" ${ARGN} ${i} path ${w})
          list(APPEND name "${word}")
        endforeach()
        list(JOIN name " " name)
      endif()
      quoted(name "${name}")
      list(APPEND list "${name}")
    endforeach()
  endif()
  list(JOIN list ", " list)
  set(${out} "[${list}]" PARENT_SCOPE)
endfunction()

set(entries)
foreach(file IN LISTS MANIFESTS)
  file(READ "${file}" manifest)
  string(JSON id GET "${manifest}" id)
  string(JSON summary GET "${manifest}" summary)
  quoted(id "${id}")
  quoted(summary "${summary}")
  names(commands "${manifest}" commands)
  names(tables "${manifest}" provider tables)
  names(operations "${manifest}" operations)
  names(agents "${manifest}" agents)
  string(APPEND entries "${comma}\n  {\"id\": ${id}, \"summary\": ${summary},\n"
    "   \"commands\": ${commands},\n   \"tables\": ${tables},\n"
    "   \"operations\": ${operations},\n   \"agents\": ${agents}}")
  set(comma ",")
endforeach()
file(WRITE "${OUT}" "{\"plugins\": [${entries}\n]}\n")
