# allora_add_plugin(NAME MANIFEST plugin.json SOURCES file.c... [LIBRARIES lib...] [OUTPUT_DIRECTORY dir] [NO_INSTALL])
#
# Builds NAME.so: validates the manifest and embeds it in the section .allora.manifest, links the
# SDK's static library, hides every symbol but allora_plugin_v1, binds all symbols at load time, and
# checks the result. C or C++. Works in allora's own build, and out of tree after
# find_package(allora). It lands in OUTPUT_DIRECTORY, by default ALLORA_PLUGIN_DIR (allora's own
# build) or the build folder, and is installed to <libdir>/allora/plugins unless NO_INSTALL.
include_guard(GLOBAL)
include(GNUInstallDirs)

function(allora_add_plugin name)
  cmake_parse_arguments(ARG "NO_INSTALL" "MANIFEST;OUTPUT_DIRECTORY" "SOURCES;LIBRARIES" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS OR NOT ARG_MANIFEST OR NOT ARG_SOURCES)
    message(FATAL_ERROR
      "allora_add_plugin(NAME MANIFEST file SOURCES file... [LIBRARIES lib...] [OUTPUT_DIRECTORY dir] [NO_INSTALL])")
  endif()
  cmake_path(ABSOLUTE_PATH ARG_MANIFEST BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
  if(NOT ARG_OUTPUT_DIRECTORY)
    set(ARG_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")
    if(ALLORA_PLUGIN_DIR)
      set(ARG_OUTPUT_DIRECTORY "${ALLORA_PLUGIN_DIR}")
    endif()
  endif()

  set(map "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/allora-plugin.map")
  set(schema "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../manifest.schema.json")
  if(ALLORA_SDK_SCHEMA) # alloraConfig.cmake says where it was installed
    set(schema "${ALLORA_SDK_SCHEMA}")
  endif()

  # The manifest is checked, then embedded by one small file of assembly. Without LTO: assembly at
  # file scope has no home there.
  set(target plugin_${name})
  set(checked "${CMAKE_CURRENT_BINARY_DIR}/${name}.manifest-checked")
  add_custom_command(OUTPUT "${checked}"
    COMMAND allora::manifest-check "${schema}" "${ARG_MANIFEST}"
    COMMAND ${CMAKE_COMMAND} -E touch "${checked}"
    DEPENDS "${ARG_MANIFEST}" "${schema}" allora::manifest-check
    COMMENT "Checking the manifest of ${name}" VERBATIM)
  set(embed "${CMAKE_CURRENT_BINARY_DIR}/${name}_manifest.c")
  file(CONFIGURE OUTPUT "${embed}" @ONLY CONTENT
       "#include <allora/sdk.h>\nALLORA_EMBED_MANIFEST(\"@ARG_MANIFEST@\");\n")
  set_source_files_properties("${embed}" PROPERTIES
    LANGUAGE C COMPILE_OPTIONS -fno-lto OBJECT_DEPENDS "${ARG_MANIFEST};${checked}")

  add_library(${target} MODULE ${ARG_SOURCES} "${embed}" "${checked}")
  target_link_libraries(${target} PRIVATE allora::sdk ${ARG_LIBRARIES})
  if(TARGET allora_flags) # allora's own warnings and hardening; an author's are the author's
    target_link_libraries(${target} PRIVATE allora_flags)
  endif()
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME ${name} PREFIX "" SUFFIX ".so"
    LIBRARY_OUTPUT_DIRECTORY "${ARG_OUTPUT_DIRECTORY}"
    POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON
    LINK_DEPENDS "${map}")
  target_link_options(${target} PRIVATE
    "LINKER:--version-script=${map}"
    LINKER:-z,now LINKER:-z,nodelete LINKER:-z,relro LINKER:-z,noexecstack
    LINKER:--exclude-libs,ALL
    # A sanitizer's runtime lives in the program, so its symbols are undefined here.
    $<$<NOT:$<BOOL:${ALLORA_SANITIZE}>>:LINKER:-z,defs>)
  if(ALLORA_COVERAGE) # the coverage runtime calls exit(), which no plugin may
    target_link_options(${target} PRIVATE LINKER:--wrap=exit)
    target_sources(${target} PRIVATE "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../../cmake/coverage_exit.c")
  endif()
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND allora::plugin-check "$<TARGET_FILE:${target}>" "${ARG_MANIFEST}"
    COMMENT "Checking ${name}.so" VERBATIM)

  if(NOT ARG_NO_INSTALL)
    install(TARGETS ${target} LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}/allora/plugins")
  endif()
endfunction()
