/** A compiler's predefined macros and its own headers, for each data model. */
import type { DataModel } from './types.js';

/** Numbers that differ between data models. */
const words: Readonly<Record<DataModel, Readonly<Record<string, string>>>> = {
  lp64: {
    __LP64__: '1',
    _LP64: '1',
    __SIZEOF_LONG__: '8',
    __SIZEOF_POINTER__: '8',
    __SIZEOF_SIZE_T__: '8',
    __SIZEOF_PTRDIFF_T__: '8',
    __LONG_MAX__: '9223372036854775807L',
    __SIZE_MAX__: '18446744073709551615UL',
    __PTRDIFF_MAX__: '9223372036854775807L',
    __SIZE_TYPE__: 'unsigned long',
    __PTRDIFF_TYPE__: 'long',
    __INTPTR_TYPE__: 'long',
    __UINTPTR_TYPE__: 'unsigned long',
    __INT64_TYPE__: 'long',
    __UINT64_TYPE__: 'unsigned long',
    __INTMAX_TYPE__: 'long',
    __UINTMAX_TYPE__: 'unsigned long',
    __EWALD_64__: 'L',
  },
  llp64: {
    _WIN32: '1',
    _WIN64: '1',
    __SIZEOF_LONG__: '4',
    __SIZEOF_POINTER__: '8',
    __SIZEOF_SIZE_T__: '8',
    __SIZEOF_PTRDIFF_T__: '8',
    __LONG_MAX__: '2147483647L',
    __SIZE_MAX__: '18446744073709551615ULL',
    __PTRDIFF_MAX__: '9223372036854775807LL',
    __EWALD_64__: 'LL',
  },
  wasm32: {
    __wasm__: '1',
    __wasm32__: '1',
    __EMSCRIPTEN__: '1',
    __ILP32__: '1',
    __SIZEOF_LONG__: '4',
    __SIZEOF_POINTER__: '4',
    __SIZEOF_SIZE_T__: '4',
    __SIZEOF_PTRDIFF_T__: '4',
    __LONG_MAX__: '2147483647L',
    __SIZE_MAX__: '4294967295UL',
    __PTRDIFF_MAX__: '2147483647L',
    __SIZE_TYPE__: 'unsigned long',
    __PTRDIFF_TYPE__: 'long',
    __INTPTR_TYPE__: 'long',
    __UINTPTR_TYPE__: 'unsigned long',
    __INT64_TYPE__: 'long long',
    __UINT64_TYPE__: 'unsigned long long',
    __INTMAX_TYPE__: 'long long',
    __UINTMAX_TYPE__: 'unsigned long long',
    __EWALD_64__: 'LL',
  },
};

/**
 * Macros that clang and gcc share; the version is the one that clang claims, so that headers use well-tested branches.
 */
const gnu: Readonly<Record<string, string>> = {
  __GNUC__: '4',
  __GNUC_MINOR__: '2',
  __GNUC_PATCHLEVEL__: '1',
  __GNUC_STDC_INLINE__: '1',
  __WCHAR_TYPE__: 'int',
  __WCHAR_MAX__: '2147483647',
  __WINT_TYPE__: 'unsigned int',
  __INT8_TYPE__: 'signed char',
  __INT16_TYPE__: 'short',
  __INT32_TYPE__: 'int',
  __UINT8_TYPE__: 'unsigned char',
  __UINT16_TYPE__: 'unsigned short',
  __UINT32_TYPE__: 'unsigned int',
  __ORDER_LITTLE_ENDIAN__: '1234',
  __ORDER_BIG_ENDIAN__: '4321',
  __BYTE_ORDER__: '1234',
  __FLOAT_WORD_ORDER__: '1234',
};

const everywhere: Readonly<Record<string, string>> = {
  __STDC__: '1',
  __STDC_VERSION__: '201112L',
  __STDC_HOSTED__: '1',
  __CHAR_BIT__: '8',
  __SCHAR_MAX__: '127',
  __SHRT_MAX__: '32767',
  __INT_MAX__: '2147483647',
  __LONG_LONG_MAX__: '9223372036854775807LL',
  __SIZEOF_SHORT__: '2',
  __SIZEOF_INT__: '4',
  __SIZEOF_LONG_LONG__: '8',
  __SIZEOF_FLOAT__: '4',
  __SIZEOF_DOUBLE__: '8',
  __FLT_EVAL_METHOD__: '0',
  __FLT_RADIX__: '2',
};

/** The macros that are defined before the first line. */
export const predefined = (model: DataModel): ReadonlyMap<string, string> =>
  new Map(Object.entries({ ...everywhere, ...(model === 'llp64' ? {} : gnu), ...words[model] }));

const limits = `
#define CHAR_BIT 8
#define SCHAR_MIN (-128)
#define SCHAR_MAX 127
#define UCHAR_MAX 255
#define CHAR_MIN SCHAR_MIN
#define CHAR_MAX SCHAR_MAX
#define MB_LEN_MAX 16
#define SHRT_MIN (-32767 - 1)
#define SHRT_MAX 32767
#define USHRT_MAX 65535
#define INT_MIN (-2147483647 - 1)
#define INT_MAX 2147483647
#define UINT_MAX 4294967295U
#define LONG_MAX __LONG_MAX__
#define LONG_MIN (-__LONG_MAX__ - 1L)
#define ULONG_MAX (__LONG_MAX__ * 2UL + 1UL)
#define LLONG_MAX 9223372036854775807LL
#define LLONG_MIN (-9223372036854775807LL - 1LL)
#define ULLONG_MAX 18446744073709551615ULL
#define SSIZE_MAX __PTRDIFF_MAX__
#ifndef _WIN32
#define PATH_MAX 4096
#define NAME_MAX 255
#endif
`;

/** The macros of stdint.h; its types are known without it. */
const stdint = `
#define __EWALD_J(a, b) a##b
#define __EWALD_C(a, b) __EWALD_J(a, b)
#define __EWALD_U64__ __EWALD_C(U, __EWALD_64__)
${[8, 16, 32]
  .map((bits) => {
    const high = 2 ** (bits - 1) - 1;
    const unsigned = bits === 32 ? '4294967295U' : String(2 ** bits - 1);
    return ['', '_LEAST']
      .map(
        (kind) => `#define INT${kind}${bits}_MAX ${high}
#define INT${kind}${bits}_MIN (-${high} - 1)
#define UINT${kind}${bits}_MAX ${unsigned}`,
      )
      .join('\n');
  })
  .join('\n')}
${['INT64', 'INT_LEAST64', 'INT_FAST64', 'INTMAX']
  .map(
    (name) => `#define ${name}_MAX __EWALD_C(9223372036854775807, __EWALD_64__)
#define ${name}_MIN (-__EWALD_C(9223372036854775807, __EWALD_64__) - 1)
#define U${name}_MAX __EWALD_C(18446744073709551615, __EWALD_U64__)`,
  )
  .join('\n')}
#define INT_FAST8_MAX 127
#define INT_FAST8_MIN (-128)
#define UINT_FAST8_MAX 255
#define INTPTR_MAX __PTRDIFF_MAX__
#define INTPTR_MIN (-__PTRDIFF_MAX__ - 1)
#define UINTPTR_MAX __SIZE_MAX__
#define PTRDIFF_MAX __PTRDIFF_MAX__
#define PTRDIFF_MIN (-__PTRDIFF_MAX__ - 1)
#define SIZE_MAX __SIZE_MAX__
#define WCHAR_MAX __WCHAR_MAX__
#define WCHAR_MIN (-__WCHAR_MAX__ - 1)
#define WINT_MIN 0U
#define WINT_MAX 4294967295U
#define SIG_ATOMIC_MAX 2147483647
#define SIG_ATOMIC_MIN (-2147483647 - 1)
#define INT8_C(c) c
#define INT16_C(c) c
#define INT32_C(c) c
#define INT64_C(c) __EWALD_C(c, __EWALD_64__)
#define UINT8_C(c) c
#define UINT16_C(c) c
#define UINT32_C(c) c##U
#define UINT64_C(c) __EWALD_C(c, __EWALD_U64__)
#define INTMAX_C(c) __EWALD_C(c, __EWALD_64__)
#define UINTMAX_C(c) __EWALD_C(c, __EWALD_U64__)
`;

const float = `
#define FLT_RADIX 2
#define FLT_MANT_DIG 24
#define DBL_MANT_DIG 53
#define FLT_DIG 6
#define DBL_DIG 15
#define FLT_MAX_EXP 128
#define DBL_MAX_EXP 1024
#define FLT_MIN_EXP (-125)
#define DBL_MIN_EXP (-1021)
#define FLT_MAX_10_EXP 38
#define DBL_MAX_10_EXP 308
#define FLT_MIN_10_EXP (-37)
#define DBL_MIN_10_EXP (-307)
#define FLT_MAX 3.40282346638528859812e+38F
#define DBL_MAX 1.79769313486231570815e+308
#define FLT_EPSILON 1.19209289550781250000e-7F
#define DBL_EPSILON 2.22044604925031308085e-16
#define FLT_MIN 1.17549435082228750797e-38F
#define DBL_MIN 2.22507385850720138309e-308
`;

/** The headers that belong to a compiler rather than to a C library, as text. */
export const builtinHeaders: Readonly<Record<string, string | undefined>> = Object.assign(Object.create(null), {
  'limits.h': limits,
  'stdint.h': stdint,
  'float.h': float,
  'stddef.h': '#undef NULL\n#define NULL ((void *)0)\n#ifndef offsetof\n#define offsetof __builtin_offsetof\n#endif\n',
  'stdbool.h': '#define bool _Bool\n#define true 1\n#define false 0\n#define __bool_true_false_are_defined 1\n',
  'stdarg.h': 'typedef __builtin_va_list va_list;\ntypedef __builtin_va_list __gnuc_va_list;\n',
  'stdalign.h': '#define alignas _Alignas\n#define alignof _Alignof\n',
  'stdnoreturn.h': '#define noreturn _Noreturn\n',
  'iso646.h': '#define and &&\n#define or ||\n#define not !\n',
});

/** Headers of the C library and of POSIX, by the names that programs include. */
export const systemNames: ReadonlySet<string> = new Set(
  [
    'assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg',
    'stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype',
    'aio alloca arpa/inet byteswap dirent dlfcn endian err fcntl features fnmatch getopt glob grp iconv langinfo',
    'libgen malloc memory net/if netdb netinet/in netinet/tcp nl_types poll pthread pwd regex sched semaphore spawn',
    'strings stdc-predef sys/cdefs sys/epoll sys/file sys/ioctl sys/ipc sys/mman sys/param sys/poll sys/resource',
    'sys/select sys/sem sys/shm sys/socket sys/stat sys/statvfs sys/syscall sys/sysinfo sys/sysmacros sys/time',
    'sys/times sys/types sys/uio sys/un sys/utsname sys/wait syslog termios ucontext unistd utime windows wordexp',
  ]
    .join(' ')
    .split(' ')
    .map((name) => `${name}.h`),
);
