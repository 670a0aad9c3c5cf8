# allora_flags: what every first-party target is compiled and linked with. Target-scoped; nothing
# here leaks into a project that only uses the SDK.
include(CheckCCompilerFlag)
include(CheckPIESupported)
check_pie_supported()

add_library(allora_flags INTERFACE)
target_compile_definitions(allora_flags INTERFACE _GNU_SOURCE)
target_compile_features(allora_flags INTERFACE c_std_11)

target_compile_options(allora_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2
  -Wundef -Wpointer-arith -Wwrite-strings -Wcast-qual -Wconversion -Wsign-conversion
  -Wdouble-promotion -Wimplicit-fallthrough -Wswitch-enum
  # A failed CMocka assertion does not return, which gcc does not know.
  $<$<NOT:$<BOOL:$<TARGET_PROPERTY:ALLORA_TEST>>>:-Wnull-dereference>
  $<$<BOOL:${ALLORA_WERROR}>:-Werror>
  -fvisibility=hidden -fno-common -fstack-protector-strong
  # Reproducible builds: no build path in __FILE__ or debug information.
  "-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=")

check_c_compiler_flag(-fcf-protection ALLORA_HAVE_CF_PROTECTION)
if(ALLORA_HAVE_CF_PROTECTION)
  target_compile_options(allora_flags INTERFACE -fcf-protection)
endif()

target_link_options(allora_flags INTERFACE
  LINKER:-z,relro LINKER:-z,now LINKER:-z,noexecstack LINKER:--as-needed)

if(ALLORA_SANITIZE)
  list(JOIN ALLORA_SANITIZE "," sanitizers)
  # No _FORTIFY_SOURCE here: its checks hide the calls that the sanitizers intercept.
  target_compile_options(allora_flags INTERFACE
    -fsanitize=${sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(allora_flags INTERFACE -fsanitize=${sanitizers})
  target_compile_definitions(allora_flags INTERFACE ALLORA_SANITIZED=1)
else()
  target_compile_options(allora_flags INTERFACE
    $<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:-U_FORTIFY_SOURCE>
    $<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:-D_FORTIFY_SOURCE=2>)
endif()

if(ALLORA_COVERAGE)
  target_compile_options(allora_flags INTERFACE --coverage -fprofile-update=atomic)
  target_link_options(allora_flags INTERFACE --coverage)
endif()

# Fuzzing: the code under test only gets coverage hooks, the main() comes with the fuzzer.
if(ALLORA_FUZZ)
  if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "ALLORA_FUZZ needs clang: use the 'fuzz' preset")
  endif()
  target_compile_options(allora_flags INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(allora_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
