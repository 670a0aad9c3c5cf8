# The libraries the core links, as allora::NAME. With ALLORA_STATIC_DEPS the .a is taken where the
# distribution ships one: every shared library costs start-up time, which is a budget
# (docs/decisions/0001-static-dependencies.md). Libraries that are opened when first needed
# (libcurl, OpenSSL, libedit, libarchive, libsystemd) are looked up by the parts that use them.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

# allora_dependency(NAME PC <pkg-config name or ""> HEADER <h> LIB <link name> PACKAGE <Debian name>
#                   [EXTRA <what the static archive needs besides>...])
function(allora_dependency name)
  cmake_parse_arguments(ARG "" "PC;HEADER;LIB;PACKAGE" "EXTRA" ${ARGN})
  if(ARG_PC)
    pkg_check_modules(${name}_pc QUIET ${ARG_PC})
  endif()
  find_path(ALLORA_${name}_INCLUDE ${ARG_HEADER} HINTS ${${name}_pc_INCLUDE_DIRS})
  if(ALLORA_STATIC_DEPS)
    find_library(ALLORA_${name}_ARCHIVE NAMES lib${ARG_LIB}.a HINTS ${${name}_pc_LIBRARY_DIRS})
  endif()
  find_library(ALLORA_${name}_SHARED NAMES ${ARG_LIB} HINTS ${${name}_pc_LIBRARY_DIRS})
  mark_as_advanced(ALLORA_${name}_INCLUDE ALLORA_${name}_ARCHIVE ALLORA_${name}_SHARED)

  set(library "${ALLORA_${name}_SHARED}")
  set(how shared)
  if(ALLORA_STATIC_DEPS AND ALLORA_${name}_ARCHIVE)
    set(library "${ALLORA_${name}_ARCHIVE}")
    set(how static)
  endif()
  if(NOT library OR NOT ALLORA_${name}_INCLUDE)
    message(FATAL_ERROR "${ARG_LIB} (${ARG_HEADER}) was not found. On Debian: "
                        "apt-get install ${ARG_PACKAGE}, or run scripts/setup")
  endif()
  if(NOT ALLORA_${name}_REPORTED STREQUAL library)
    message(STATUS "${name}: ${how} ${library}")
    set(ALLORA_${name}_REPORTED "${library}" CACHE INTERNAL "")
  endif()

  add_library(allora_${name} INTERFACE)
  add_library(allora::${name} ALIAS allora_${name})
  target_include_directories(allora_${name} SYSTEM INTERFACE "${ALLORA_${name}_INCLUDE}")
  target_link_libraries(allora_${name} INTERFACE "${library}" ${ARG_EXTRA})
endfunction()

allora_dependency(sqlite PC sqlite3 HEADER sqlite3.h LIB sqlite3 PACKAGE libsqlite3-dev
                  EXTRA m dl Threads::Threads)
allora_dependency(yaml PC yaml-0.1 HEADER yaml.h LIB yaml PACKAGE libyaml-dev)
allora_dependency(ltdl HEADER ltdl.h LIB ltdl PACKAGE libltdl-dev EXTRA dl)
allora_dependency(utf8proc PC libutf8proc HEADER utf8proc.h LIB utf8proc PACKAGE libutf8proc-dev)
allora_dependency(cjson PC libcjson HEADER cjson/cJSON.h LIB cjson PACKAGE libcjson-dev EXTRA m)
