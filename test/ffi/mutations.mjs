// Mutates real headers for the fuzz test and the soak loop by cutting, duplicating, swapping and inserting pieces.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const read = (path) => readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8');

/** The initial headers: real ones, and short idioms. */
const seeds = [
  read('./fixtures/kit.h'),
  read('./fixtures/kit_fortran.h'),
  read('../../cpp/include/ewald.h'),
  read('../../cpp/include/generated/layout.h').slice(0, 4000),
  'typedef int (*(*table)[3])(const char *, ...); int (*f(int a))(double); struct s { struct s *next; int a[2][3]; };',
  '#define A B\n#define B A\n#if defined(A) && (1 << 3 | ~0u) > 2 ? 1 : 0\nint a;\n#elif 0\n#else\n#endif\nenum ' +
    'e { X = A, Y = -1, Z };',
  'extern "C" { static inline int f(void) { return (1 + 2); } double g(double a[const 3], int n, float b[n]); }',
];

seeds.push(
  '#pragma pack(push, 2)\nstruct __attribute__((packed, aligned(8))) p { char c : 3; unsigned : 0; union { int ' +
    'i; float f[2]; }; enum e { A } e : 2; _Alignas(16) long double d; int last[]; };\n#pragma ' +
    'pack(pop)\n_Pragma("pack(1)") typedef int m __attribute__((mode(DI))); int f(struct p *, ...) __asm__("g");',
  '#define CAT(a, b) a##b\n#define STR(x, ...) #x #__VA_ARGS__\n#define V(f, rest...) f(1, ## rest)\n#define ' +
    'GE(a, b) ((a) >= (b) ? 1 : 0)\n#if GE(3, 2) && __has_include(<x>) && defined CAT\nint CAT(f, 1)(int CAT(, ' +
    'x));\n#endif\nconst char *s = STR(a, b, c); int V(g) ;\n',
  '# 1 "a.h"\n# 1 "/usr/include/stdio.h" 1 3 4\nint puts(const char *);\n# 2 "a.h" 2\nint after(void);\n#include ' +
    '<limits.h>\n#include <stdint.h>\n',
);

/** Pieces that are difficult to parse in C's grammar. */
const pieces = [
  ...'(){}[];,*&#<>=+-/%^|~!?:.\\"\'\n\t \0@$',
  ...[
    'int',
    'unsigned',
    'long',
    'double',
    'const',
    'struct',
    'union',
    'enum',
    'typedef',
    'extern',
    'static',
    'void',
    'sizeof',
    '...',
    '/*',
    '*/',
    '//',
    '##',
    '->',
  ],
  ...[
    '#if',
    '#ifdef',
    '#else',
    '#endif',
    '#define',
    '#undef',
    '#include "x"',
    '#include <x>',
    '#pragma once',
    '#error',
    '__attribute__((x))',
    '__attribute__((packed))',
    '__attribute__((aligned(16)))',
    '_Alignas(8)',
    '#pragma pack(1)',
    '_Pragma("pack(push, 4)")',
    '#define F(a, b...) a ## b #a F',
    'F(',
    'F(1, 2)',
    ': 3',
    '__VA_ARGS__',
    'defined(',
    '__has_include(<x>)',
    '# 5 "other.h" 1',
    '_Static_assert(1,"")',
  ],
  ...[
    '0x',
    '1e',
    '08',
    '99999999999999999999',
    '1.5f',
    "'ab'",
    'u8',
    'ü',
    '\u{1f600}',
    '\ud800',
    '((((((((',
    '))))))))',
    '********',
  ],
  '('.repeat(3000),
  '*'.repeat(3000),
  '#define Q0 Q1 Q1\n#define Q1 Q2 Q2\n#define Q2 Q3 Q3\n#define Q3 Q0 Q0\nQ0\n',
  `${Array.from({ length: 40 }, (_, i) => `#define L${i} L${i + 1} L${i + 1}`).join('\n')}\nint x = L0;\n`,
];

/** Includes of a mutated header: one that exists, and one that includes itself. */
const include = (name) =>
  name === 'x'
    ? { name: 'x', text: '#include "x"\nint x;' }
    : name.endsWith('.h')
      ? { name, text: 'typedef int from_include;' }
      : undefined;

/** Randomly mutated headers. */
export function mutatedHeaders(fc) {
  const place = fc.double({ min: 0, max: 1, noNaN: true });
  const step = fc.oneof(
    fc.record({ kind: fc.constant('cut'), from: place, length: fc.nat(60) }),
    fc.record({ kind: fc.constant('double'), from: place, length: fc.nat(200), to: place }),
    fc.record({ kind: fc.constant('plant'), to: place, piece: fc.constantFrom(...pieces) }),
    fc.record({ kind: fc.constant('swap'), from: place, to: place, length: fc.nat(30) }),
    fc.record({ kind: fc.constant('flip'), to: place, code: fc.nat(0xffff) }),
    fc.record({ kind: fc.constant('end'), to: place }),
  );
  return fc
    .record({ seed: fc.constantFrom(...seeds), steps: fc.array(step, { minLength: 1, maxLength: 8 }) })
    .map(({ seed, steps }) => steps.reduce(mutate, seed));
}

function mutate(text, { kind, from = 0, to = 0, length = 0, piece = '', code = 0 }) {
  const start = Math.floor(from * text.length);
  const goal = Math.floor(to * text.length);
  switch (kind) {
    case 'cut':
      return text.slice(0, start) + text.slice(start + length);
    case 'double':
      return text.slice(0, goal) + text.slice(start, start + length) + text.slice(goal);
    case 'plant':
      return text.slice(0, goal) + piece + text.slice(goal);
    case 'swap': {
      const moved = text.slice(start, start + length);
      const rest = text.slice(0, start) + text.slice(start + length);
      return rest.slice(0, goal) + moved + rest.slice(goal);
    }
    case 'flip':
      return text.slice(0, goal) + String.fromCharCode(code) + text.slice(goal + 1);
    default:
      return text.slice(0, goal);
  }
}

/**
 * Parses one header and reports an error in the result: there is no error if the result is a table or a refusal with a
 * position inside the text.
 */
export function verdict(parseHeader, text) {
  let problem;
  try {
    const table = parseHeader(text, { name: 'fuzz.h', include, definitions: { KIT_API: '' } });
    JSON.parse(JSON.stringify(table));
  } catch (error) {
    const { line, column } = error.detail ?? {};
    if (error.tag !== 'Format') problem = `threw ${error.stack}`;
    else if (!(line >= 1 && column >= 1)) problem = `refused without a position: ${error.message}`;
  }
  return problem;
}
