# What is installed besides the targets' own rules (bin: core/, plugins: allora_add_plugin(),
# headers and SDK: sdk/): manual pages and completions, made by the program from its manifests.
install(DIRECTORY DESTINATION "${ALLORA_INSTALL_PLUGIN_DIR}")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")

# Not where the program cannot run (cross builds) or is slow and beside the point (sanitizers).
if(NOT TARGET allora OR CMAKE_CROSSCOMPILING OR ALLORA_SANITIZE OR ALLORA_COVERAGE)
  return()
endif()

get_property(manifests GLOBAL PROPERTY ALLORA_BUILT_MANIFESTS)
set(targets)
foreach(manifest IN LISTS manifests)
  cmake_path(GET manifest PARENT_PATH folder)
  get_property(folder_targets DIRECTORY "${folder}" PROPERTY BUILDSYSTEM_TARGETS)
  list(APPEND targets ${folder_targets})
endforeach()
set(share "${PROJECT_BINARY_DIR}/share")
add_custom_command(OUTPUT "${share}/docs.stamp"
  COMMAND ${CMAKE_COMMAND} "-DALLORA=$<TARGET_FILE:allora>" "-DOUT=${share}"
          "-DMANIFESTS=${manifests}" -P "${PROJECT_SOURCE_DIR}/cmake/GenerateDocs.cmake"
  COMMAND ${CMAKE_COMMAND} -E touch "${share}/docs.stamp"
  DEPENDS allora ${targets} ${manifests} "${PROJECT_SOURCE_DIR}/cmake/GenerateDocs.cmake"
  COMMENT "Making manual pages and completions" VERBATIM)
add_custom_target(allora_docs ALL DEPENDS "${share}/docs.stamp")
install(DIRECTORY "${share}/man/man1" DESTINATION "${CMAKE_INSTALL_MANDIR}")
install(DIRECTORY "${share}/bash-completion" "${share}/zsh" "${share}/fish"
        DESTINATION "${CMAKE_INSTALL_DATADIR}")
