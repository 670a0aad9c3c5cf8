/* The values come from core/base/CMakeLists.txt as definitions of this one file, so that a changed
 * prefix rebuilds nothing else. */
#include "base/build.h"

const char *build_version(void)
{
    return ALLORA_BUILD_VERSION;
}

const char *build_plugin_dir(void)
{
    return ALLORA_BUILD_PLUGIN_DIR;
}

const char *build_module_dir(void)
{
    return ALLORA_BUILD_MODULE_DIR;
}

const char *build_data_dir(void)
{
    return ALLORA_BUILD_DATA_DIR;
}

const char *build_libdir(void)
{
    return ALLORA_BUILD_LIBDIR;
}
