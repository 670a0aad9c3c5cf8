# cmake -DALLORA=<program> -DOUT=<share folder> -DMANIFESTS=<list> -P GenerateDocs.cmake
# Manual pages of the program and of every command in MANIFESTS, and the three shells' completion:
# all rendered by the program itself from the manifests, so that they cannot differ from it.
cmake_minimum_required(VERSION 3.25)

# No state or cache of the user who builds is read or left behind.
set(room "${OUT}/.home")
set(run ${CMAKE_COMMAND} -E env --unset=ALLORA_PLUGIN_PATH "HOME=${room}" "XDG_CACHE_HOME=${room}"
        "XDG_STATE_HOME=${room}" "XDG_CONFIG_HOME=${room}" "XDG_DATA_HOME=${room}" NO_COLOR=1
        LC_ALL=C.UTF-8 "${ALLORA}")

function(generate file)
  execute_process(COMMAND ${run} ${ARGN} OUTPUT_VARIABLE text ERROR_VARIABLE error
                  RESULT_VARIABLE rc TIMEOUT 30)
  if(NOT rc EQUAL 0 OR text STREQUAL "")
    message(FATAL_ERROR "allora ${ARGN}: exit ${rc}: ${error}")
  endif()
  file(WRITE "${OUT}/${file}" "${text}")
endfunction()

file(REMOVE_RECURSE "${OUT}/man/man1")
generate(man/man1/allora.1 help --man)
foreach(command help version completion)
  generate(man/man1/allora-${command}.1 help --man ${command})
endforeach()
foreach(file IN LISTS MANIFESTS)
  file(READ "${file}" manifest)
  string(JSON count ERROR_VARIABLE none LENGTH "${manifest}" commands)
  if(none OR count EQUAL 0)
    continue()
  endif()
  math(EXPR last "${count} - 1")
  foreach(i RANGE ${last})
    string(JSON words LENGTH "${manifest}" commands ${i} path)
    math(EXPR words "${words} - 1")
    set(path)
    foreach(w RANGE ${words})
      string(JSON word GET "${manifest}" commands ${i} path ${w})
      list(APPEND path "${word}")
    endforeach()
    list(JOIN path "-" name)
    generate(man/man1/allora-${name}.1 help --man ${path})
  endforeach()
endforeach()

generate(bash-completion/completions/allora completion bash)
generate(zsh/site-functions/_allora completion zsh)
generate(fish/vendor_completions.d/allora.fish completion fish)
file(REMOVE_RECURSE "${room}")
