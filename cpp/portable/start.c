/* Lets programs start on glibc 2.28, as glibc.c does for functions. Before glibc 2.34 a program gave the C library a
 * function that runs its constructors; crt1.o of newer systems gives none, because the newer __libc_start_main finds
 * them itself. The older one, which both have, gets that function from here. */
#include <stdlib.h>
#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__)) && defined(__GLIBC__)
typedef void (*Constructor)(int, char**, char**);
extern Constructor __preinit_array_start[] __attribute__((visibility("hidden")));
extern Constructor __preinit_array_end[] __attribute__((visibility("hidden")));
extern Constructor __init_array_start[] __attribute__((visibility("hidden")));
extern Constructor __init_array_end[] __attribute__((visibility("hidden")));
extern void _init(void);

#if defined(__x86_64__)
__asm__(".symver ewald_older_start, __libc_start_main@GLIBC_2.2.5");
#else
__asm__(".symver ewald_older_start, __libc_start_main@GLIBC_2.17");
#endif
extern int ewald_older_start(int (*main)(int, char**, char**), int count, char** words, Constructor begin,
                             void (*end)(void), void (*unload)(void), void* stack);

static void construct(int count, char** words, char** settings) {
  for (Constructor* one = __preinit_array_start; one < __preinit_array_end; one++) (*one)(count, words, settings);
  _init();
  for (Constructor* one = __init_array_start; one < __init_array_end; one++) (*one)(count, words, settings);
}

/* The dynamic linker runs the destructors (`unload`). */
__attribute__((visibility("hidden"))) int __wrap___libc_start_main(int (*main)(int, char**, char**), int count,
                                                                   char** words, Constructor begin, void (*end)(void),
                                                                   void (*unload)(void), void* stack) {
  (void)begin;
  (void)end;
  return ewald_older_start(main, count, words, construct, NULL, unload, stack);
}
#endif
