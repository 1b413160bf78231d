// The header parser: what it accepts, what it refuses, and the reported positions.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { includeFrom, parseHeaderFile } from '../../src/entries/ffi.node.js';
import { parseHeader } from '../../src/ffi/header/parse.js';
import type { SourceFile } from '../../src/ffi/header/source.js';
import { type CFunction, signature, typeText } from '../../src/ffi/header/types.js';
import { tableFor } from '../../src/ffi/options.js';
import { fixtures, thrown } from './support.js';

const parse = (text: string, options = {}) => parseHeader(text, { name: 'a.h', ...options });
const sign = (text: string, name = 'f', options = {}): string => {
  const fn = parse(text, options).functions[name];
  return fn ? signature(fn, name) : 'nothing';
};

describe('declarations', () => {
  test.each([
    ['double f(int num_points);', 'double f(int num_points)'],
    ['double f();', 'double f(void)'],
    ['double f(void);', 'double f(void)'],
    ['void f(double array[]);', 'void f(double *array)'],
    ['void f(const double a[3], int n, double b[n]);', 'void f(const double *a, int n, double *b)'],
    ['void f(double m[][4]);', 'void f(double (*m)[4])'],
    [
      'unsigned f(long unsigned int x, signed char c, long long y);',
      'unsigned int f(unsigned long x, signed char c, long long y)',
    ],
    ['const char *f(char const *const *x);', 'const char *f(const char *const *x)'],
    ['int (f)(int (*g)(double, void *));', 'int f(int (*g)(double, void *))'],
    ['int (*f(int a))(double);', 'int (*f(int a))(double)'],
    ['typedef int visit(int); int f(visit v);', 'int f(visit *v)'],
    ['typedef int fn(int); fn f;', 'int f(int)'],
    ['extern int f(int), g(double);', 'int f(int)'],
    ['__attribute__((visibility("default"))) int f(int x) __attribute__((nonnull(1), pure));', 'int f(int x)'],
    ['__declspec(dllexport) int __cdecl f(int);', 'int f(int)'],
    ['struct s; typedef struct s s_t; s_t *f(struct s *x);', 's_t *f(struct s *x)'],
    ['int f(int x) { return x > 0 ? f(x - 1) : 0; }', 'int f(int x)'],
    ['[[nodiscard]] int f(register int x);', 'int f(int x)'],
    ['_Bool f(bool x, size_t n, uint8_t b);', 'bool f(bool x, size_t n, uint8_t b)'],
    ['int\nf\n(\nint x // one\n, /* two */ int y\n)\n;', 'int f(int x, int y)'],
    ['double * restrict f(double *restrict x);', 'double *f(double *x)'],
  ])('%s', (text, expected) => {
    expect(sign(text)).toBe(expected);
  });

  test('const of a typedef of an array is of its elements, and an atomic scalar is laid out as its type', () => {
    const text = 'typedef double vec[3]; void f(const vec v); typedef int grid[2][3]; int g(const grid m);';
    expect([sign(text), sign(text, 'g')]).toEqual(['void f(const double *v)', 'int g(const int (*m)[3])']);
    const { structs } = parse(
      'typedef _Atomic(long) al; struct s { char a; _Atomic int b; al c; int *_Atomic d; _Atomic struct { char x[4]; } e; };',
    );
    expect(structs.s?.fields?.map(({ offset }) => offset)).toEqual([0, 4, 8, 16, 24]);
  });

  test('vectors and 128-bit integers have the layout of gcc', () => {
    const { structs, functions } = parse(
      'typedef float v4 __attribute__((vector_size(16))); typedef int ti __attribute__((mode(TI))); v4 f(v4 a, v4 *b); ' +
        'struct s { char c; v4 x; char d; ti y; char e; v4 z[2]; }; typedef v4 u4 __attribute__((aligned(1))); ' +
        'struct t { char c; u4 x; };',
    );
    expect(structs.s?.fields?.map(({ offset }) => offset)).toEqual([0, 16, 32, 48, 64, 80]);
    expect([structs.s?.size, structs.t?.size]).toEqual([112, 17]);
    // By value, a vector does not turn into a pointer.
    expect(functions.f?.parameters.map(({ type }) => type.kind)).toEqual(['array', 'pointer']);
  });

  test('a macro that is the name of a function is a name of it, however it is written', () => {
    const { functions } = parse(
      'int impl_8(int); int plain(void); int taken(void);\n#define SUFFIX(a) a ## 8\n#define f SUFFIX(impl_)\n' +
        '#define g f\n#define taken plain\n#define none missing\n#define number 5',
    );
    expect(Object.values(functions).map(({ name, symbol }) => [name, symbol])).toEqual([
      ['impl_8', undefined],
      ['plain', undefined],
      ['taken', undefined],
      ['f', 'impl_8'],
      ['g', 'impl_8'],
    ]);
  });

  test('a macro that is a type is a type', () => {
    const { typedefs } = parse(
      '#define SIZE size_t\n#define TEXT const char *\n#define ALSO SIZE\n#define U(x) x ## _t\n#define B U(uint8)\n#define NO const\n' +
        '#define WORDS unsigned long x\nstruct s;\n#define S struct s',
    );
    expect(Object.entries(typedefs).map(([name, { type }]) => `${name} ${typeText(type)}`)).toEqual([
      'SIZE size_t',
      'TEXT const char *',
      'ALSO size_t',
      'B uint8_t',
      'S struct s',
    ]);
  });

  test('enums have the type behind their colon, and constants of 64 bits', () => {
    const { enums, structs } = parse(
      'enum a : unsigned char { A = 255 }; enum b : short; enum c { C = 0xffffffffffffffff, D = 1 }; enum d { E = -1 - 0x7fffffffffffffff }; ' +
        'struct s { enum a a; enum a bit : 3; enum b b; };',
    );
    expect(Object.values(enums).map(({ type }) => type)).toEqual([
      'unsigned char',
      'short',
      'unsigned long long',
      'long long',
    ]);
    expect([enums.c?.values, enums.d?.values]).toEqual([
      { C: '18446744073709551615', D: 1 },
      { E: '-9223372036854775808' },
    ]);
    expect(structs.s?.fields?.map(({ offset, bits }) => [offset, bits])).toEqual([
      [0, undefined],
      [1, 3],
      [2, undefined],
    ]);
  });

  test('an enum is named before its definition, or never defined and a handle', () => {
    const { enums, functions, structs, warnings } = parse(
      'enum a; enum b f(enum a x); typedef enum c c; c *g(c *p); extern enum b v; typedef enum { A2 } d; enum d; ' +
        'enum a { A }; enum b { B = -1, C = 1ll << 40 }; struct s { enum b b; enum c *c; }; enum d *h(void); d i(d x);',
    );
    expect(Object.values(functions).map((one) => signature(one, one.name))).toEqual([
      'enum b f(enum a x)',
      'c *g(c *p)',
      'enum d *h(void)',
      'd i(d x)',
    ]);
    expect([enums.a?.values, enums.b?.type, enums.c, structs.s?.size]).toEqual([{ A: 0 }, 'long long', undefined, 16]);
    expect(warnings).toEqual([]);
    // gcc takes declarations of what nobody can call.
    const never = parse(
      'enum m f(void); enum m *g(void); void h(int (*call)(enum m x)); extern enum m v; enum m (*p)(void);',
    );
    expect([Object.keys(never.functions), Object.keys(never.variables), never.warnings]).toEqual([
      ['g'],
      [],
      ['f', 'h', 'v', 'p'].map((name) => `passed over: a.h:1:6: enum m, which ${name} uses, is never defined`),
    ]);
  });

  test('static and inline functions are omitted, because they have no symbol', () => {
    expect(
      Object.keys(
        parse(
          'static inline int a(int x) { return x; } inline int b(void) { return 1; } static int c(void); int d(void);',
        ).functions,
      ),
    ).toEqual(['d']);
  });

  test('extern "C" is accepted, with and without braces', () => {
    expect(Object.keys(parse('extern "C" { int a(void); } extern "C" int b(void); int c(void);').functions)).toEqual([
      'a',
      'b',
      'c',
    ]);
  });

  test('varargs are accepted if they are allowed', () => {
    expect(sign('int f(const char *format, ...);', 'f', { allowVarargs: true })).toBe('int f(const char *format, ...)');
  });

  test('enums continue their count, also from negative values, and may use earlier ones', () => {
    expect(parse('enum e { A, B = 5, C, D = -2, E, F = B << 2 | 1, G = sizeof(long) };').enums.e?.values).toEqual({
      A: 0,
      B: 5,
      C: 6,
      D: -2,
      E: -1,
      F: 21,
      G: 8,
    });
  });

  test('enums are as large as necessary, and small if they are packed', () => {
    const { enums, structs } = parse(
      'enum a { A = 1ll << 40 }; enum b { B = -1, C = 0xffffffff }; enum __attribute__((packed)) c { D = -129 }; ' +
        'struct s { enum a a; enum b b; enum c c; };',
    );
    expect([enums.a?.type, enums.b?.type, enums.c?.type]).toEqual(['unsigned long long', 'long long', 'short']);
    expect(structs.s).toMatchObject({ size: 24, align: 8 });
    expect(structs.s?.fields?.map(({ offset }) => offset)).toEqual([0, 8, 16]);
  });

  test('structs are laid out for their target', () => {
    const text =
      'typedef struct { char c; double d; long l; void *p; short s[3]; struct in { int a; char b; } in; } t;';
    const places = (model: 'lp64' | 'llp64' | 'wasm32') => {
      const struct = parse(text, { model }).structs.t;
      return [...(struct?.fields ?? []).map(({ offset }) => offset), struct?.size, struct?.align];
    };
    expect(places('lp64')).toEqual([0, 8, 16, 24, 32, 40, 48, 8]);
    expect(places('llp64')).toEqual([0, 8, 16, 24, 32, 40, 48, 8]);
    expect(places('wasm32')).toEqual([0, 8, 16, 20, 24, 32, 40, 8]);
    // The table of one target is converted to another target from its fields.
    expect(tableFor(parse(text), 'wasm32').structs).toEqual(parse(text, { model: 'wasm32' }).structs);
  });

  test('static assertions are checked for the target', () => {
    const text =
      'struct s { long l; char c; }; _Static_assert(sizeof(struct s) == 16 && offsetof(struct s, c) == 8, "layout");';
    expect(parse(text).assertions).toBe(1);
    expect(thrown(() => parse(text, { model: 'wasm32' })).message).toMatch(/this assertion fails for wasm32: layout/);
  });

  test('comments document what follows them', () => {
    const { functions } = parse(
      '/* one\n * two */\nint a(void);\n\n// alone\n\nint b(void); // behind\nint c(void);\n// x\n// y\nint d(void);',
    );
    expect([functions.a?.doc, functions.b?.doc, functions.c?.doc, functions.d?.doc]).toEqual([
      'one\ntwo',
      undefined,
      undefined,
      'x\ny',
    ]);
  });

  test('the table is plain JSON', () => {
    const table = parseHeaderFile('kit.h', { includeDir: fixtures });
    expect(JSON.parse(JSON.stringify(table))).toEqual(JSON.parse(JSON.stringify({ ...table })));
    expect(Object.keys(table.functions).length).toBeGreaterThan(50);
    expect(table.functions.kit_counted?.parameters[1]).toMatchObject({ name: 'values', length: 'n' });
    expect(table.functions.kit_dot3?.parameters[0]).toMatchObject({ name: 'a', length: 3 });
  });

  test('names such as constructor and __proto__ are ordinary names', () => {
    const table = parse(
      'int constructor(int toString); struct __proto__ { int valueOf; }; enum hasOwnProperty { isPrototypeOf };',
    );
    expect(Object.keys(table.functions)).toEqual(['constructor']);
    expect(Object.keys(table.structs)).toEqual(['__proto__']);
  });
});

describe('the preprocessor', () => {
  test.each([
    ['#ifdef A\nint f(int);\n#else\nint f(double);\n#endif', 'int f(double)'],
    ['#define A\n#ifdef A\nint f(int);\n#endif', 'int f(int)'],
    ['#define A 3\n#if A == 3 && defined(A) && !defined B\nint f(int);\n#endif', 'int f(int)'],
    ['#if 0\n#error no\nit\'s "nothing\n#elif 1\nint f(int);\n#else\n#endif', 'int f(int)'],
    ['#define T double\n#define API\nAPI T f(T x);', 'double f(double x)'],
    ['#define LONG_LINE \\\n int\nLONG_LINE f(void);', 'int f(void)'],
    ['#define A B\n#define B A\n#define N 2\nint f(double x[N * 2 + 1]);', 'int f(double *x)'],
    ['#ifndef F_API\n#define F_API __attribute__((used))\n#endif\nF_API int f(void);', 'int f(void)'],
    ['#if __has_attribute(pure)\nint g(void);\n#endif\nint f(void);', 'int f(void)'],
    [
      "#if (-1 < 0) && (0u - 1 > 0) && (1 ? 2 : 1/0) == 2 && 0x10 == 020 && 'a' == 97\nint f(void);\n#endif",
      'int f(void)',
    ],
    ['#define EXPORT(x) __attribute__((x))\n#undef EXPORT\nint f(void);', 'int f(void)'],
    ['#pragma once\n#pragma GCC diagnostic push\n#include <math.h>\nint f(void);', 'int f(void)'],
    ['\ufeff#define X\r\nint f(void);\r\n', 'int f(void)'],
  ])('%s', (text, expected) => {
    expect(sign(text)).toBe(expected);
  });

  test('constants have values', () => {
    const { constants } = parse(
      '#define I 42\n#define H 0xFFu\n#define O 017\n#define F 1.5e3f\n#define S "a" "b\\n"\n#define SUM (I + H ' +
        '* 2)\n#define NEG -1\n#define BIG 0xFFFFFFFFFFFFFFFFull\n#define ALL ~0u\n#define CAST ' +
        '((uint8_t)300)\n#define NOT_A_VALUE int\n#define EMPTY\n#define CALL f(1)\nstatic const int K = 7;\nint ' +
        'f(int);',
    );
    const values = Object.fromEntries(Object.entries(constants).map(([name, { value }]) => [name, value]));
    expect(values).toEqual({
      I: 42,
      H: 255,
      O: 15,
      F: 1500,
      S: 'ab\n',
      SUM: 552,
      NEG: -1,
      BIG: '18446744073709551615',
      ALL: 4294967295,
      CAST: 44,
      K: 7,
    });
  });

  test('macros that are true or NULL have a value, and casts that are macros are expanded', () => {
    const { constants } = parse(
      '#define ON true\n#define OFF false\n#define NONE NULL\n#define AS_BYTE (unsigned char)\n#define X AS_BYTE 300\n' +
        '#define SAME (AS_BYTE 300)\nint f(void);',
    );
    const values = Object.fromEntries(Object.entries(constants).map(([name, { value }]) => [name, value]));
    expect(values).toEqual({ ON: 1, OFF: 0, NONE: 0, X: 44, SAME: 44 });
  });

  test('texts of byte escapes are those bytes in UTF-8, as strlen counts them', () => {
    // They were read as Latin-1: "Ã©", of which strlen is 4.
    const { constants } = parse(
      String.raw`
#define HEX "\xc3\xa9"
#define OCTAL "caf\303\251\n"
#define RAW "é\x41"
#define WIDE L"\xe9"
#define MIXED "\u00e9\xc3\xa9\\\x41"
#define BYTES "\xff\xfe"
`,
    );
    const found = Object.fromEntries(Object.entries(constants).map(([name, { value }]) => [name, value]));
    expect(found).toEqual({ HEX: 'é', OCTAL: 'café\n', RAW: 'éA', MIXED: 'éé\\A', WIDE: 'é' });
  });

  test('definitions may be given as -D or as names', () => {
    const text = '#ifdef A\nint f(B);\n#endif';
    expect(sign(text, 'f', { definitions: ['-DA', '-DB=double'] })).toBe('int f(double)');
    expect(sign(text, 'f', { definitions: { A: true, B: 'double' } })).toBe('int f(double)');
    expect(sign(text, 'f', { definitions: { A: false, B: 'double' } })).toBe('nothing');
    expect(thrown(() => parse('', { definitions: ['-I.'] })).tag).toBe('Argument');
  });

  test('includes with a guard are read once, and are named in errors', () => {
    const files: Record<string, string> = {
      'b.h': '#pragma once\ntypedef int b_t;\n',
      'c.h': 'int x y;\n',
      'd.h': '#include "d.h"\n',
    };
    const include = (name: string) => (files[name] === undefined ? undefined : { name, text: files[name] });
    expect(sign('#include "b.h"\n#include "b.h"\n#include <b.h>\nb_t f(b_t);', 'f', { include })).toBe('b_t f(b_t)');
    expect(thrown(() => parse('#include "c.h"', { include })).message).toMatch(/^c\.h:1:7: found "y", expected ";"/);
    expect(thrown(() => parse('#include "d.h"', { include })).message).toMatch(/includes go more than 64 deep/);
    expect(thrown(() => parse('#include "no.h"', { include, includePlaces: ['/x', '/y'] })).message).toMatch(
      /"no\.h" was not found \(looked in \/x, \/y\)/,
    );
  });

  test.each([
    ['#define API(x) x\nAPI(int) f(void);', 'int f(void)'],
    ['#define P(t, n) t *n\n#define Q(a, b) (a, b)\nint f Q(P(int, a),\n P(double, b));', 'int f(int *a, double *b)'],
    ['#define CAT(a, b) a##b\n#define NAME CAT(f, )\nint NAME(int CAT(x, 1));', 'int f(int x1)'],
    ['#define A(x) B(x)\n#define B(x) A(x) x\nint f(A(int) y);', undefined],
    ['#define f(x) f(x)\nint f(int x);', 'int f(int x)'],
    ['#define J(a, b, c) a##b##c\nint J(, f, )(int J(x, , 1), int J(J, 2, x));', 'int f(int x1, int J2x)'],
    [
      '#define GE(a, b) ((A << 16) + B >= ((a) << 16) + (b))\n#define A 2\n#define B 36\n#if GE(2, 17)\nint ' +
        'f(void);\n#endif',
      'int f(void)',
    ],
    ['#define HAS(x) defined(x)\n#define Y Y\n#if HAS(Y) && !HAS(Z)\nint f(void);\n#endif', 'int f(void)'],
    ['#define E() \n#define G(x) x\nE() int G() f(G((void)));', undefined],
    ['#define X(a) a a\n#define N X(X(X()))\nint f(N void);', 'int f(void)'],
    ['#if 0xFFFFFFFFFF > 0 && -1 > 0u && 1 << 40 && ~0 == -1\nint f(void);\n#endif', 'int f(void)'],
    [
      '#include <limits.h>\n#if INT_MAX == 2147483647 && LONG_MAX > INT_MAX && UINT_MAX\nint f(void);\n#endif',
      'int f(void)',
    ],
    [
      '#include <stdint.h>\n#if UINT64_MAX == 18446744073709551615u && INT32_C(5) == 5\nint f(void);\n#endif',
      'int f(void)',
    ],
    [
      '#if defined(__has_include) && __has_include(<stdint.h>) && !__has_include("no.h")\nint f(void);\n#endif',
      'int f(void)',
    ],
    ["#if '\\xff' < 0 && 'ab' == 24930\nint f(void);\n#endif", 'int f(void)'],
  ])('macros with parameters and the widest integers: %s', (text, expected) => {
    if (expected !== undefined) expect(sign(text)).toBe(expected);
    else expect(thrown(() => parse(text)).tag).toBe('Format');
  });

  test('layouts that are only for a compiler are named in a warning', () => {
    const text = '#ifdef __GNUC__\n#define P __attribute__((packed))\n#else\n#define P\n#endif\nstruct s { int a; } P;';
    expect(parse(text).warnings).toEqual([
      expect.stringMatching(/^a\.h:2:26: "packed" is only for a compiler \(__GNUC__\)/),
    ]);
    expect(parse(text, { definitions: ['__GNUC__'] })).toMatchObject({
      warnings: [],
      structs: { s: { packed: true } },
    });
    expect(
      parse('#ifndef __GNUC__\n#define __attribute__(x)\n#endif\nstruct s { char c; int a; } __attribute__((packed));'),
    ).toMatchObject({ structs: { s: { size: 5 } } });
  });

  test('an unused macro with parameters causes no warning', () => {
    expect(parse('#define MAX(a, b) ((a) > (b) ? (a) : (b))\n#define M MAX(3, 4)\nint f(void);')).toMatchObject({
      warnings: [],
      constants: { M: { value: 4 } },
    });
  });

  test('definitions may also have parameters', () => {
    expect(sign('API(int) f(void);', 'f', { definitions: ['-DAPI(x)=x'] })).toBe('int f(void)');
    expect(sign('API(int) f(void);', 'f', { definitions: { 'API(x)': 'x' } })).toBe('int f(void)');
  });

  test("output of gcc's own preprocessor is read with the locations it names", () => {
    const text =
      '# 1 "a.h"\n# 1 "<built-in>"\n# 1 "/usr/include/stdio.h" 1 3 4\nint puts(const char *);\ntypedef struct f ' +
      'FILE;\n# 7 "a.h" 2\nvoid f(FILE *out);\nint g(intt);\n';
    const error = thrown(() => parse(text, { preprocessed: true }));
    expect(error.detail).toMatchObject({ file: 'a.h', line: 8 });
    const table = parse(text.replace('intt', 'int'), { preprocessed: true });
    expect(Object.keys(table.functions)).toEqual(['f', 'g']);
    expect(Object.keys(table.typedefs)).toEqual(['FILE']);
  });
});

describe('errors show their location with a caret', () => {
  test('the message has file, line, column, the text of the line and a caret under the position', () => {
    const error = thrown(() => parse('int ok(void);\n\tdouble f(intt x);\n'));
    expect(error.message).toBe(
      'a.h:2:11: unknown type name "intt"; did you mean "int"?\n  \tdouble f(intt x);\n  \t         ^',
    );
    expect(error).toMatchObject({ tag: 'Format', detail: { file: 'a.h', line: 2, column: 11 } });
  });

  test.each([
    ['int f(int a', 1, 12, /expected "\)"/],
    ['int f(int a,);', 1, 13, /a parameter after ","/],
    ['int f(int a, int a);', 1, 18, /declared twice/],
    ['int f(void x);', 1, 12, /cannot be void/],
    ['void x;', 1, 6, /cannot be void/],
    ['int f(...);', 1, 7, /needs a parameter before it/],
    ['struct s { int a : 33; };', 1, 20, /a bit-field of 33 bits; int has 1 to 32/],
    ['struct s { float a : 3; };', 1, 20, /expected an integer/],
    ['struct s { int a[]; int b; };', 1, 17, /flexible array/],
    ['struct s { int a; struct { double a; }; };', 1, 19, /declared twice/],
    ['#pragma pack(3)', 1, 2, /one of 1, 2, 4, 8, 16/],
    ['typedef int v __attribute__((vector_size(12)));', 1, 30, /expected a power of two/],
    ['struct s { int x __attribute__((aligned(3))); };', 1, 41, /a power of two/],
    ['typedef float f __attribute__((mode(XF)));', 1, 42, /machine mode XF/],
    ['struct s { char c; int * __attribute__((aligned(16))) p; };', 1, 26, /alignment of a pointer/],
    ['struct s { [[gnu::packed]] int x; };', 1, 19, /supports __attribute__/],
    ['#define F(a, b) a\nint F(1);', 2, 5, /has 1 arguments here; expected 2/],
    ['#define F(a) a\nint F(1;', 2, 5, /are not terminated/],
    ['#define F(a) #a\nint F(1);', 2, 5, /the macro F uses "#"; this needs a C compiler/],
    ['#define F(a, ...) a\nint F(1);', 2, 5, /the macro F uses "..."; this needs a C compiler/],
    ['#define F(a, rest...) a\nint F(1);', 2, 5, /the macro F uses "..."; this needs a C compiler/],
    ['#define F(a, b) a##b\nint F(+, -);', 2, 5, /does not form a token/],
    ['struct s { int a; double a; };', 1, 26, /declared twice/],
    ['struct s { struct t x; };', 1, 21, /whose size is unknown/],
    ['struct s { int a; }; struct s { int a; };', 1, 29, /defined twice/],
    ['struct s { int a; }; union s x;', 1, 28, /is a struct, not a union/],
    ['int a[n];', 1, 6, /variable length/],
    ['int f(double x[m]);', 1, 14, /neither a constant nor an integer parameter/],
    ['int f(a, b) int a; int b; { return a; }', 1, 7, /old-style/],
    ['int f(int &x);', 1, 11, /C\+\+/],
    ['class X { };', 1, 1, /C\+\+/],
    ['template <class T> T f(T);', 1, 1, /C\+\+/],
    ['extern "C++" int f(void);', 1, 8, /expected extern "C"/],
    ['extern "C" { int f(void);', 1, 12, /never closed/],
    ['int f(void);\nfloat f(void);', 2, 7, /was declared differently in a\.h:1: int f\(void\)/],
    ['typedef int t; typedef double t;', 1, 31, /t is double here, but int/],
    ['typedef float int32_t;', 1, 15, /in the C library/],
    ['int f(void); int f;', 1, 18, /is a function/],
    ['enum e { A, A };', 1, 13, /declared twice/],
    ['enum e { };', 1, 8, /no constants/],
    ['enum e { A = 1 << 40 };', 1, 16, /shift by 40/],
    ['enum e { A = 0xffffffffffffffff, B };', 1, 34, /-2\^63 to 2\^64/],
    ['enum e : unsigned char { A = 256 };', 1, 26, /0 to 255, which unsigned char holds/],
    ['enum e : float { A };', 1, 10, /expected an integer type/],
    ['enum e { A = x };', 1, 14, /"x" is not a known constant/],
    ['enum e; struct s { enum e x; };', 1, 27, /the field x is enum e, whose size is unknown here/],
    ['enum e; enum e a[sizeof(enum e)]; enum e { A };', 1, 18, /the size of enum e is unknown/],
    ['int [3] y;', 1, 9, /expected/],
    ['unsigned float f(void);', 1, 1, /is not a type/],
    ['int f(int x) { return 1;', 1, 14, /never closed/],
    ['int f()()', 1, 6, /cannot return a function/],
    ['int f(void)[3];', 1, 6, /cannot return an array/],
    ['f(void);', 1, 1, /unknown type name "f"/],
    ['int;', 1, 1, /declares nothing/],
    ['#if\n#endif', 1, 2, /needs an expression/],
    ['#if 1 +\n#endif', 1, 8, /expected a value/],
    ['#if 1/0\n#endif', 1, 6, /divides by zero/],
    ['#if (1\n#endif', 1, 7, /expected "\)"/],
    ['#if 1 2\n#endif', 1, 7, /after the expression/],
    ['#ifdef A\nint x;', 1, 2, /no #endif/],
    ['#endif', 1, 2, /without #if/],
    ['#if 1\n#else\n#else\n#endif', 3, 2, /second #else/],
    ['#define\n', 1, 2, /needs a name/],
    ['#defin A', 1, 2, /did you mean #define/],
    ['#error stop it', 1, 2, /#error in the header: stop it/],
    ['#include nothing', 1, 10, /expected "name" or <name>/],
    ['/* no end', 1, 1, /no end/],
    ['char *s = "no end', 1, 11, /no end on its line/],
    ['int x @ y;', 1, 7, /unexpected character/],
    ['int 3x;', 1, 5, /expected the name/],
    ['int f(int x', 1, 12, /the end of the header/],
  ])('%s', (text, line, column, said) => {
    const error = thrown(() => parse(text));
    expect(error.message).toMatch(said);
    expect(error.message.split('\n').at(-1)).toMatch(/^\s*\^$/);
    expect(error).toMatchObject({ tag: 'Format', detail: { file: 'a.h', line, column } });
  });

  test('unsupported declarations can be skipped, with a warning for each', () => {
    const table = parse(
      'int a(void);\n_Decimal64 b(void);\nstruct s { float x : 2; };\nint c(const char *f, ...);\nint d(void);',
      { skipUnsupported: true, allowVarargs: false },
    );
    expect(Object.keys(table.functions)).toEqual(['a', 'd']);
    expect(table.warnings).toHaveLength(3);
    expect(table.warnings[0]).toMatch(/^passed over b: a\.h:2:1: a decimal float/);
  });

  test('what C has and is not read is passed over alone, by name, with what refers to it', () => {
    const table = parse(
      `int n; double scale(int); typeof(double *) a(__typeof__(n) x); extern __typeof__(scale) same;
       typedef __typeof__(n + 1) sum_t; sum_t b(void); int c(sum_t *p), d(void); _Decimal64 e(void);
       struct s { __typeof__(&n) p; }; struct s *f(void); __int128_t g(__uint128_t); int h(void);
       enum k { K }; __typeof(K) i(void);`,
    );
    const { functions, warnings } = table;
    expect(Object.keys(functions)).toEqual(['scale', 'a', 'same', 'f', 'g', 'h', 'i']);
    expect(signature(functions.a as CFunction, 'a')).toBe('double *a(int x)');
    expect(signature(functions.same as CFunction, 'same')).toBe('double same(int)');
    expect(warnings).toEqual([
      expect.stringMatching(
        /^passed over sum_t: a\.h:2:16: typeof of an expression is not supported; write the type out$/,
      ),
      expect.stringMatching(/^passed over b: a\.h:2:41: "sum_t" is declared in what was passed over$/),
      expect.stringMatching(/^passed over c, d: .*"sum_t" is declared in what was passed over$/),
      expect.stringMatching(/^passed over e: .* a decimal float is not supported/),
      expect.stringMatching(/^passed over s: .* typeof of an expression/),
    ]);
    // What is wrong in C is an error still.
    expect(thrown(() => parse('typedef __typeof__(1 + 1) t; int f(tt x);')).message).toMatch(/unknown type name "tt"/);
  });

  test('a text with nothing but headers of the C library is these', () => {
    const include = (name: string): SourceFile => ({
      name: `/usr/include/${name}`,
      text: 'int puts(const char *);',
      foreign: true,
    });
    const read = (text: string): string[] => Object.keys(parse(text, { include }).functions);
    expect(read('/* C */\n#include <stdio.h> // puts\n')).toEqual(['puts']);
    expect(read('#include <stdio.h>\nint own(void);')).toEqual(['own']);
  });

  test('depth, breadth and growth have limits', () => {
    for (const text of [
      `int ${'('.repeat(5000)}`,
      `int x = ${'('.repeat(5000)}`,
      `int ${'*'.repeat(5000)}x;`,
      `enum e { A = ${'('.repeat(5000)}1${')'.repeat(5000)} };`,
      `${'struct s { '.repeat(5000)}`,
    ]) {
      expect(thrown(() => parse(text)).tag).toBe('Format');
    }
    const doubling = Array.from({ length: 60 }, (_, i) => `#define M${i} M${i + 1} M${i + 1}`).join('\n');
    expect(thrown(() => parse(`${doubling}\nint x = M0;`)).message).toMatch(/expand to more than/);
    expect(thrown(() => parse(`${doubling}\n#define M60\nint x M0;`)).message).toMatch(/expand to more than/);
    expect(thrown(() => parse('int f(int, ...);', { allowVarargs: false })).message).toMatch(/varargs.*allowVarargs/);
  });
});

test('the header of the core is read for every target', () => {
  const folder = new URL('../../cpp/include/', import.meta.url).pathname;
  for (const model of ['lp64', 'llp64', 'wasm32'] as const) {
    const table = parseHeader(readFileSync(`${folder}ewald.h`, 'utf8'), {
      name: `${folder}ewald.h`,
      model,
      include: includeFrom([folder]),
    });
    expect(table.assertions).toBeGreaterThan(50);
    expect(table.functions.ewald_pi_count?.parameters.map(({ name }) => name)).toEqual(['params', 'hits']);
  }
});

test('a header of 5000 lines is read', () => {
  const text = Array.from(
    { length: 1000 },
    (_, i) =>
      `/* number ${i} */\n#define N_${i} ${i}\ntypedef struct s${i} { int a; double b[N_${i} + 1]; } ` +
      `s${i}_t;\nint f${i}(const s${i}_t *s, double *x, int n);\nenum e${i} { A${i} = ${i}, B${i} };`,
  ).join('\n');
  // benchmarks/ffi measures the time: 100 ms on an idle machine.
  expect(Object.keys(parse(text).functions)).toHaveLength(1000);
});

test('a parameter that is an array of variable length is its numbers', () => {
  const { functions } = parseHeader(`
    enum { four = 4 };
    void a(int n, int m, double a[n][m]); void b(int n, int m, const float b[restrict n][m][2]); void c(int m, int c[][m]);
    void d(int m, double (*d)[m]); void e(int n, double e[n * (n + 1) / 2]); void f(int n, double f[static n]);
    void g(double g[four * 2]); void h(int n, int m, double h[four][n * m]); void i(int n, double i[n][four]);
    void j(int j[const static four]);
  `);
  const read = Object.fromEntries(
    Object.entries(functions).map(([name, { parameters }]) => {
      const last = parameters.at(-1);
      return [name, [last && typeText(last.type), last?.length, ...(last?.static ? ['static'] : [])]];
    }),
  );
  expect(read).toEqual({
    a: ['double *', 'n * m'],
    b: ['const float (*)[2]', 'n * m'],
    c: ['int *', undefined],
    d: ['double *', undefined],
    e: ['double *', 'n * ( n + 1 ) / 2'],
    f: ['double *', 'n', 'static'],
    g: ['double *', 8],
    h: ['double *', '4 * (n * m)'],
    i: ['double (*)[4]', 'n'],
    j: ['int *', 4, 'static'],
  });
  for (const refused of ['struct s { int a[2][n]; };', 'int a[n * 2];', 'int a[2][n];'])
    expect(() => parseHeader(`int n; ${refused}`)).toThrow(/constant|variable length/);
});
