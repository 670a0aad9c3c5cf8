/* In coverage builds only: where gcov's runtime would end the process, which no plugin may. */
#include <stdlib.h>

_Noreturn void __wrap_exit(int code);
_Noreturn void __wrap_exit(int code)
{
    (void)code;
    abort();
}
