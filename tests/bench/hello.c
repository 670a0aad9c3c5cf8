/* The floor that start-up is measured against: a C program that prints a line. */
#include <stdio.h>

int main(void)
{
    return puts("hello") < 0;
}
