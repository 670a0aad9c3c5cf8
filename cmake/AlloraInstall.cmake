# What is installed besides the targets' own rules (bin: core/, plugins: allora_add_plugin(),
# headers and SDK: sdk/). Man pages and completions are made by the program from its manifests, so
# that they can't differ from it.
install(DIRECTORY DESTINATION "${ALLORA_INSTALL_PLUGIN_DIR}")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
