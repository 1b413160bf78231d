/** The macros of a data model, and a compiler's own headers for it, so that a header reads the same without one. */
import { longBytes, pointerBytes } from '../../memory/model.js';
import type { DataModel } from './types.js';

/** Names and values of a text, one macro a line. */
const lines = (text: string): [string, string][] =>
  text
    .trim()
    .split('\n')
    .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]);

const platforms: Readonly<Record<DataModel, string>> = {
  lp64: '__LP64__ 1\n_LP64 1',
  llp64: '_WIN32 1\n_WIN64 1',
  wasm32: '__wasm__ 1\n__wasm32__ 1\n__ILP32__ 1',
};

/** The suffix of literals of 64 bits. */
const wide = (model: DataModel): 'L' | 'LL' => (longBytes[model] === 8 ? 'L' : 'LL');

/** The macros that are defined before the first line. None of them is the name of a compiler. */
export const predefined = (model: DataModel): ReadonlyMap<string, string> =>
  new Map(
    lines(`
__STDC__ 1
__STDC_VERSION__ 201112L
__STDC_HOSTED__ 1
__CHAR_BIT__ 8
__SIZEOF_SHORT__ 2
__SIZEOF_INT__ 4
__SIZEOF_LONG__ ${longBytes[model]}
__SIZEOF_LONG_LONG__ 8
__SIZEOF_POINTER__ ${pointerBytes[model]}
__SIZEOF_SIZE_T__ ${pointerBytes[model]}
__SIZEOF_PTRDIFF_T__ ${pointerBytes[model]}
__SIZEOF_FLOAT__ 4
__SIZEOF_DOUBLE__ 8
__ORDER_LITTLE_ENDIAN__ 1234
__ORDER_BIG_ENDIAN__ 4321
__BYTE_ORDER__ 1234
${platforms[model]}`),
  );

const limits = (model: DataModel): string => `
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
#define LONG_MAX ${longBytes[model] === 8 ? '9223372036854775807L' : '2147483647L'}
#define LONG_MIN (-LONG_MAX - 1L)
#define ULONG_MAX (LONG_MAX * 2UL + 1UL)
#define LLONG_MAX 9223372036854775807LL
#define LLONG_MIN (-9223372036854775807LL - 1LL)
#define ULLONG_MAX 18446744073709551615ULL
#define SSIZE_MAX ${maxOf(pointerBytes[model] * 8, model)}
${model === 'llp64' ? '' : '#define PATH_MAX 4096\n#define NAME_MAX 255'}
`;

/** The largest signed integer of some bits, as a literal. */
const maxOf = (bits: number, model: DataModel): string =>
  `${2n ** BigInt(bits - 1) - 1n}${bits === 64 ? wide(model) : ''}`;

/** The three limits of a type of some bits; `INT` becomes `UINT` for the last. */
const limitsOf = (name: string, bits: number, model: DataModel): string => `
#define ${name}_MAX ${maxOf(bits, model)}
#define ${name}_MIN (-${maxOf(bits, model)} - 1)
#define U${name}_MAX ${2n ** BigInt(bits) - 1n}${bits === 64 ? `U${wide(model)}` : bits === 32 ? 'U' : ''}`;

/** The macros of stdint.h; its types are known without it. */
const stdint = (model: DataModel): string => {
  const word = pointerBytes[model] * 8;
  return [
    ...[8, 16, 32, 64].flatMap((bits) => [
      limitsOf(`INT${bits}`, bits, model),
      limitsOf(`INT_LEAST${bits}`, bits, model),
    ]),
    limitsOf('INT_FAST8', 8, model),
    limitsOf('INT_FAST64', 64, model),
    limitsOf('INTMAX', 64, model),
    limitsOf('INTPTR', word, model),
    `
#define PTRDIFF_MAX INTPTR_MAX
#define PTRDIFF_MIN INTPTR_MIN
#define SIZE_MAX UINTPTR_MAX
#define WCHAR_MAX ${model === 'llp64' ? 65535 : 2147483647}
#define WCHAR_MIN ${model === 'llp64' ? 0 : '(-2147483647 - 1)'}
#define WINT_MIN 0U
#define WINT_MAX 4294967295U
#define SIG_ATOMIC_MAX 2147483647
#define SIG_ATOMIC_MIN (-2147483647 - 1)`,
    // A sum gives a literal its type without a compiler's ##.
    ...['INT64', 'INTMAX'].map(
      (name) => `#define ${name}_C(c) (c + 0${wide(model)})\n#define U${name}_C(c) (c + 0U${wide(model)})`,
    ),
    ...[8, 16, 32].map(
      (bits) => `#define INT${bits}_C(c) c\n#define UINT${bits}_C(c) ${bits === 32 ? '(c + 0U)' : 'c'}`,
    ),
  ].join('\n');
};

const float = [
  'FLT 24 6 128 -125 38 -37 3.40282346638528859812e+38F 1.19209289550781250000e-7F 1.17549435082228750797e-38F',
  'DBL 53 15 1024 -1021 308 -307 1.79769313486231570815e+308 2.22044604925031308085e-16 2.22507385850720138309e-308',
]
  .map((row) => {
    const [name, ...values] = row.split(' ');
    return ['MANT_DIG', 'DIG', 'MAX_EXP', 'MIN_EXP', 'MAX_10_EXP', 'MIN_10_EXP', 'MAX', 'EPSILON', 'MIN']
      .map((limit, i) => `#define ${name}_${limit} (${values[i]})`)
      .join('\n');
  })
  .join('\n');

const ofAnyModel: Readonly<Record<string, string | undefined>> = Object.assign(Object.create(null), {
  'float.h': `#define FLT_RADIX 2\n${float}\n`,
  'stddef.h': '#undef NULL\n#define NULL ((void *)0)\n#ifndef offsetof\n#define offsetof __builtin_offsetof\n#endif\n',
  'stdbool.h': '#define bool _Bool\n#define true 1\n#define false 0\n#define __bool_true_false_are_defined 1\n',
  'stdarg.h': 'typedef __builtin_va_list va_list;\ntypedef __builtin_va_list __gnuc_va_list;\n',
  'stdalign.h': '#define alignas _Alignas\n#define alignof _Alignof\n',
  'stdnoreturn.h': '#define noreturn _Noreturn\n',
  'complex.h': '#define complex _Complex\n',
  'iso646.h': '#define and &&\n#define or ||\n#define not !\n',
});

/** Headers of the C library that have functions as well; built in where it is not read. */
export const ofLibrary: ReadonlySet<string> = new Set(['complex.h']);

/** The text of a header that belongs to a compiler rather than to a C library. */
export const builtinHeader = (name: string, model: DataModel): string | undefined =>
  name === 'limits.h' ? limits(model) : name === 'stdint.h' ? stdint(model) : ofAnyModel[name];

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
