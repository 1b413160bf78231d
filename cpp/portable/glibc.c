/* Makes binaries that start on glibc 2.28 (RHEL 8), wherever they were built. The linker takes the newest version of
 * each symbol on the build machine (dlopen@GLIBC_2.34), which an older system lacks. Each function below is linked with
 * `--wrap` (portable.cmake reads the names from here): every call of it, also in static libraries, goes through a jump
 * to its older version, which glibc keeps permanently. test/platform/portable.test.ts reads the symbol versions that
 * the binaries require. Delete this when glibc 2.34 can be required of all users. */
#include <stdlib.h>
#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__)) && defined(__GLIBC__)
#include <sys/random.h>
#include <sys/types.h>

/* A jump instead of a call: dlopen inspects its caller, and each function keeps its own arguments. x86-64 has symbols of
 * different ages; AArch64 starts with glibc 2.17 for all. */
#if defined(__x86_64__)
#define SINCE(version) version
#define JUMP(name) "\tjmp *ewald_older_" #name "@GOTPCREL(%rip)\n"
#else
#define SINCE(version) "2.17"
#define JUMP(name) \
  "\tadrp x16, :got:ewald_older_" #name "\n\tldr x16, [x16, :got_lo12:ewald_older_" #name "]\n\tbr x16\n"
#endif
#define OLDER(name, version)                                                                                     \
  __asm__(".symver ewald_older_" #name ", " #name "@GLIBC_" SINCE(version)                                       \
          "\n.text\n.globl __wrap_" #name "\n.hidden __wrap_" #name "\n.type __wrap_" #name ", %function\n"       \
          "__wrap_" #name ":\n" JUMP(name) "\t.size __wrap_" #name ", . - __wrap_" #name "\n");

OLDER(exp, "2.2.5")
OLDER(exp2, "2.2.5")
OLDER(log, "2.2.5")
OLDER(log2, "2.2.5")
OLDER(hypot, "2.2.5")
OLDER(hypotf, "2.2.5")
OLDER(pow, "2.2.5")
OLDER(dladdr, "2.2.5")
OLDER(dlclose, "2.2.5")
OLDER(dlerror, "2.2.5")
OLDER(dlmopen, "2.3.4")
OLDER(dlopen, "2.2.5")
OLDER(dlsym, "2.2.5")
OLDER(dlvsym, "2.2.5")
OLDER(pthread_condattr_setpshared, "2.2.5")
OLDER(pthread_create, "2.2.5")
OLDER(pthread_detach, "2.2.5")
OLDER(pthread_getspecific, "2.2.5")
OLDER(pthread_join, "2.2.5")
OLDER(pthread_key_create, "2.2.5")
OLDER(pthread_key_delete, "2.2.5")
OLDER(pthread_kill, "2.2.5")
OLDER(pthread_mutex_trylock, "2.2.5")
OLDER(pthread_mutexattr_destroy, "2.2.5")
OLDER(pthread_mutexattr_init, "2.2.5")
OLDER(pthread_mutexattr_setpshared, "2.2.5")
OLDER(pthread_mutexattr_settype, "2.2.5")
OLDER(pthread_once, "2.2.5")
OLDER(pthread_rwlock_destroy, "2.2.5")
OLDER(pthread_rwlock_init, "2.2.5")
OLDER(pthread_rwlock_rdlock, "2.2.5")
OLDER(pthread_rwlock_timedrdlock, "2.2.5")
OLDER(pthread_rwlock_timedwrlock, "2.2.5")
OLDER(pthread_rwlock_tryrdlock, "2.2.5")
OLDER(pthread_rwlock_trywrlock, "2.2.5")
OLDER(pthread_rwlock_unlock, "2.2.5")
OLDER(pthread_rwlock_wrlock, "2.2.5")
OLDER(pthread_rwlockattr_destroy, "2.2.5")
OLDER(pthread_rwlockattr_init, "2.2.5")
OLDER(pthread_rwlockattr_setpshared, "2.2.5")
OLDER(pthread_setspecific, "2.2.5")
OLDER(pthread_spin_destroy, "2.2.5")
OLDER(pthread_spin_init, "2.2.5")
OLDER(pthread_spin_lock, "2.2.5")
OLDER(pthread_spin_trylock, "2.2.5")
OLDER(pthread_spin_unlock, "2.2.5")
OLDER(sem_destroy, "2.2.5")
OLDER(sem_init, "2.2.5")
OLDER(sem_post, "2.2.5")
OLDER(sem_timedwait, "2.2.5")
OLDER(sem_trywait, "2.2.5")
OLDER(sem_wait, "2.2.5")
OLDER(shm_open, "2.2.5")
OLDER(shm_unlink, "2.2.5")

/* glibc 2.36, for std::random_device, which is linked together with the strings of libstdc++ and is not used here. */
__attribute__((visibility("hidden"))) unsigned arc4random(void) {
  unsigned number = 0;
  if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number) abort();
  return number;
}

/* glibc 2.32 tells libstdc++ whether the process has a single thread, so that it can avoid atomics. */
__attribute__((visibility("hidden"))) char __libc_single_threaded = 0;

#endif
