// Generates C for the comparison with a compiler: structs with everything that affects the layout, and constant
// expressions. Everything is determined by a seed.

/** Random numbers from a seed: mulberry32. */
export function numbers(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n) => Math.floor(next() * n);
  return { below, pick: (list) => list[below(list.length)], chance: (share) => next() < share };
}

const integers = [
  ['char', 8],
  ['signed char', 8],
  ['unsigned char', 8],
  ['short', 16],
  ['unsigned short', 16],
  ['int', 32],
  ['unsigned', 32],
  ['long long', 64],
  ['unsigned long long', 64],
  ['int8_t', 8],
  ['uint16_t', 16],
  ['int32_t', 32],
  ['uint64_t', 64],
  ['_Bool', 1],
  ['enum colour', 32],
  ['enum small', 8],
  ['enum large', 64],
  ['even_t', 32],
  ['odd_t', 32],
];
const others = ['float', 'double', 'void *', 'long', 'size_t', 'long double', 'int (*)(double)', 'wide_t'];

/** Types that the structs use. */
export const prologue = `#include <stddef.h>
#include <stdint.h>
enum colour { RED = -3, GREEN, BLUE = 70000 };
enum __attribute__((packed)) small { LITTLE, MORE = 200 };
enum large { FIRST, FAR = 1ll << 40 };
typedef int even_t __attribute__((aligned(16)));
typedef int odd_t __attribute__((aligned(2)));
typedef struct { char tag; double of; } wide_t __attribute__((aligned(32)));
`;

/**
 * A header of structs and unions, and the members of each to compare: `path` in C syntax, `bits` for a bit-field.
 * `plain` omits features on which gcc and clang differ, or which have no value in JavaScript.
 */
export function madeStructs(seed, count, { plain = false } = {}) {
  const random = numbers(seed);
  const structs = [];
  const lines = [];
  const scalars = plain ? integers.filter(([name]) => !/_t$|small/.test(name) || /int/.test(name)) : integers;
  for (let k = 0; k < count; k++) {
    const name = `s${k}`;
    const members = [];
    const text = body(random, name, structs, members, 0, scalars, plain, '');
    const kind = random.chance(0.15) ? 'union' : 'struct';
    const attributes = [
      ...(random.chance(0.2) && !plain ? ['packed'] : []),
      ...(random.chance(0.15) ? [`aligned(${random.pick([1, 2, 4, 8, 16, 32])})`] : []),
      ...(random.chance(0.03) ? ['aligned'] : []),
    ];
    const attribute = attributes.length > 0 ? ` __attribute__((${attributes.join(', ')}))` : '';
    const before = random.chance(0.5);
    const pack = random.chance(0.15) && !plain ? random.pick([1, 2, 4, 8, 16]) : undefined;
    const pragma = random.chance(0.5);
    if (pack) lines.push(pragma ? `#pragma pack(push, ${pack})` : `_Pragma("pack(push, ${pack})")`);
    // A forward declaration must not change the order in which structs are laid out.
    if (random.chance(0.2)) lines.push(`${kind} ${name};`);
    lines.push(`${kind}${before ? attribute : ''} ${name} {\n${text}\n}${before ? '' : attribute};`);
    if (pack) lines.push(pragma ? '#pragma pack(pop)' : '_Pragma("pack(pop)")');
    structs.push({ name, kind, members });
  }
  return { text: `${prologue}${lines.join('\n')}\n`, structs };
}

function body(random, owner, structs, members, depth, scalars, plain, indent) {
  const lines = [];
  const count = 1 + random.below(depth > 0 ? 4 : 7);
  for (let i = 0; i < count; i++) {
    const name = `f${depth}_${i}_${members.length}`;
    const aligned = random.chance(0.08) ? `aligned(${random.pick([1, 2, 4, 8, 16])})` : '';
    const packed = random.chance(0.08) && !plain ? 'packed' : '';
    const list = [aligned, packed].filter(Boolean).join(', ');
    const attribute = list ? ` __attribute__((${list}))` : '';
    const roll = random.below(100);
    if (roll < 30) {
      const [type, bits] = random.pick(scalars.filter(([, size]) => !plain || size < 64));
      if (random.chance(0.15)) {
        const zero = random.chance(0.4);
        lines.push(`${indent}  ${type} : ${zero ? 0 : 1 + random.below(bits)};`);
        continue;
      }
      const width = 1 + random.below(bits);
      lines.push(`${indent}  ${type} ${name} : ${width}${attribute};`);
      members.push({ path: name, bits: width, type });
    } else if (roll < 42 && depth < 2) {
      const kind = random.pick(['struct', 'union']);
      const inner = body(random, owner, structs, members, depth + 1, scalars, plain, `${indent}  `);
      lines.push(`${indent}  ${kind} {\n${inner}\n${indent}  };`);
    } else if (roll < 54 && structs.length > 0) {
      const { kind, name: other } = random.pick(structs.slice(-30));
      const of = random.chance(0.3) ? `[${1 + random.below(3)}]` : '';
      lines.push(`${indent}  ${kind} ${other} ${name}${of}${attribute};`);
      members.push({ path: name });
    } else if (roll < 75 || plain) {
      const [type] = random.pick(scalars.filter(([each]) => !/even_t|odd_t/.test(each)));
      const of = random.chance(0.3) ? `[${1 + random.below(4)}]` : '';
      lines.push(`${indent}  ${random.chance(0.05) ? '_Alignas(16) ' : ''}${type} ${name}${of}${attribute};`);
      members.push({ path: name, type });
    } else {
      const type = random.pick(others);
      lines.push(
        type.includes('(*)')
          ? `${indent}  int (*${name})(double)${attribute};`
          : `${indent}  ${type} ${name}${attribute};`,
      );
      members.push({ path: name });
    }
  }
  if (lines.every((line) => /^\s*[\w ]+ : /.test(line))) {
    members.push({ path: `last${depth}_${members.length}` });
    lines.push(`${indent}  char ${members.at(-1).path};`);
  }
  return lines.join('\n');
}

/**
 * A program that prints one line for each struct: size, alignment, then the offset of each member or, for a bit-field,
 * the bytes of the struct when all of its bits are set.
 */
export function measuring({ text, structs }) {
  const lines = structs.map(({ name, kind, members }) => {
    const type = `${kind} ${name}`;
    const each = members.map(({ path, bits, type: of }) =>
      bits === undefined
        ? `printf(" %zu", offsetof(${type}, ${path}));`
        : `{ union { ${type} s; unsigned char b[sizeof(${type})]; } u; memset(&u, 0, sizeof u); u.s.${path} = ${
            of === '_Bool' ? '1' : '-1'
          }; show(u.b, sizeof(${type})); }`,
    );
    return `static void m_${name}(void) { printf("%zu %zu", sizeof(${type}), (size_t)_Alignof(${type})); ${each.join(' ')} puts(""); }`;
  });
  const show =
    "static void show(const unsigned char *b, size_t n) { putchar(' '); putchar('x'); for (size_t i = 0; i < n; i++) printf(\"%02x\", b[i]); }";
  const calls = structs.map(({ name }) => `m_${name}();`).join(' ');
  return `#include <stdio.h>\n#include <string.h>\n${text}${show}\n${lines.join('\n')}\nint main(void) { ${calls} return 0; }\n`;
}

/** The same lines, from the parsed table. */
export function measured(table, structs, namedFields) {
  return structs.map(({ name, members }) => {
    const struct = table.structs[name];
    const fields = new Map(namedFields(struct.fields, table.structs).map((field) => [field.name, field]));
    const each = members.map(({ path, bits }) => {
      const field = fields.get(path);
      if (bits === undefined) return String(field.offset);
      const bytes = new Uint8Array(struct.size);
      for (let i = 0; i < bits; i++) {
        const at = field.offset * 8 + field.shift + i;
        bytes[at >> 3] |= 1 << (at & 7);
      }
      return `x${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
    });
    return [struct.size, struct.align, ...each].join(' ');
  });
}

const suffixes = ['', '', '', 'u', 'L', 'UL', 'LL', 'ull'];
const casts = [
  'int',
  'unsigned',
  'char',
  'signed char',
  'unsigned char',
  'short',
  'long',
  'uint8_t',
  '_Bool',
  'size_t',
];

/** A constant integer expression; `typed` also uses casts, sizeof and floats. */
export function expression(random, typed, depth = 0) {
  if (depth > 4 || random.chance(0.2)) {
    const roll = random.below(12);
    if (roll === 0) return random.pick(["'a'", "'\\xff'", "'\\0'", "'\\177'", "'ab'", "'\\n'"]);
    if (roll === 1)
      return `0x${random.pick(['7fffffff', '80000000', 'ffffffff', '7fffffffffffffff', 'ff'])}${random.pick(suffixes)}`;
    if (roll === 2) return `0${random.pick(['17', '37777777777', '0', '777'])}${random.pick(suffixes)}`;
    if (roll === 3 && typed) return `sizeof(${random.pick(casts)})`;
    if (roll === 5 && typed)
      return random.pick(['sizeof("text")', 'sizeof "a\\xff" "\\0b"', 'sizeof(L"ab")', "sizeof('a')", 'sizeof(1.0L)']);
    if (roll === 4 && typed) return random.pick(['1.5', '2.f', '0x1p3', '1e2', '0.1f', '.5']);
    return `${random.pick([0, 1, 2, 3, 7, 100, 65535, 2147483647, 4294967295, 9007199254740993n])}${random.pick(suffixes)}`;
  }
  const inner = () => expression(random, typed, depth + 1);
  const whole = () => (typed ? `(${random.pick(['int', 'long', 'unsigned'])})(${inner()})` : `(${inner()})`);
  switch (random.below(typed ? 11 : 8)) {
    case 0:
      return `(${inner()} ${random.pick(['+', '-', '*'])} ${inner()})`;
    case 1:
      return `(${whole()} ${random.pick(['&', '|', '^'])} ${whole()})`;
    case 2:
      return `(${inner()} ${random.pick(['<', '>', '<=', '>=', '==', '!='])} ${inner()})`;
    case 3:
      return `(${inner()} ${random.pick(['&&', '||'])} ${inner()})`;
    case 4:
      return `(${inner()} ? ${inner()} : ${inner()})`;
    case 5:
      return random.chance(0.5) ? `-(${inner()})` : random.chance(0.5) ? `!(${inner()})` : `~${whole()}`;
    case 6:
      return `(${whole()} ${random.pick(['/', '%'])} ${1 + random.below(1000)}${random.pick(suffixes)})`;
    case 7:
      return `(${whole()} ${random.pick(['<<', '>>'])} ${random.below(31)})`;
    case 8:
      return `sizeof(${inner()})`;
    case 9: {
      // `long` and `long long` are told apart where every part names its type.
      const of = random.pick(casts);
      const on = random.pick([`(${of})(${inner()})`, `${random.below(9)}${random.pick(suffixes)}`, `+(${of})1`]);
      const types = ['int', 'unsigned', 'char', 'signed char', 'long', 'unsigned long', 'long long', 'unsigned char'];
      const list = types.filter(() => random.chance(0.5)).map((type) => `${type}: ${inner()}`);
      return `_Generic((${on}), ${[...list, `default: ${inner()}`].join(', ')})`;
    }
    default:
      return `((${random.pick(casts)})(${inner()}))`;
  }
}

/** Expressions as macros and as conditions, and the program that prints their values in a compiler. */
export function madeExpressions(seed, count) {
  const random = numbers(seed);
  const values = Array.from({ length: count }, () => expression(random, true));
  const conditions = Array.from({ length: count }, () => expression(random, false));
  const macros = values.map((text, i) => `#define V${i} ${text}`).join('\n');
  const decided = conditions
    .map(
      (text, i) =>
        `#if (${text}) > ${random.pick(['0', '5', '-1', '0u'])}\n#define C${i} 1\n#else\n#define C${i} 0\n#endif`,
    )
    .join('\n');
  const text = `#include <stddef.h>\n#include <stdint.h>\n${macros}\n${decided}\n`;
  const show = values
    .map(
      (_, i) =>
        `_Generic((V${i}), float: printf("%.17g\\n", (double)(V${i})), double: printf("%.17g\\n", (double)(V${i})), unsigned long: printf("%llu\\n", (unsigned long long)(V${i})), unsigned long long: printf("%llu\\n", (unsigned long long)(V${i})), default: printf("%lld\\n", (long long)(V${i})));`,
    )
    .join('\n');
  const decisions = conditions.map((_, i) => `printf("%d\\n", C${i});`).join('\n');
  const program = `#include <stdio.h>\n${text}int main(void) {\n${show}\n${decisions}\nreturn 0; }\n`;
  return { text, values, conditions, program };
}

const ranges = { bool: [0, 1], enum: [-3, 1] };

/**
 * A value for every number in a struct of a table: the JavaScript object, and C code that writes and checks the same
 * values. Of a union only the first member that contains numbers gets values.
 */
export function filled(table, tag, random, scalarOf) {
  const writes = [];
  const checks = [];
  const put = (path, value, text) => {
    writes.push(`${path} = ${text};`);
    checks.push(`${path} == ${text}`);
    return value;
  };
  const number = (type, path, bits) => {
    const { layout } = scalarOf(type);
    if (layout.kind === 'float') {
      const value = (random.below(4000) - 2000) / 8;
      return put(path, value, `(${value})`);
    }
    if (layout.kind === 'bool') {
      const value = random.below(2);
      return put(path, value === 1, String(value));
    }
    if (type.kind === 'enum') {
      const few = layout.kind === 'unsigned' ? [0, 1] : bits === 1 ? [-1, 0] : bits === 2 ? [-2, 1] : ranges.enum;
      const value = random.pick(few);
      return put(path, value, `(${value})`);
    }
    const width = BigInt(Math.min(bits ?? layout.size * 8, layout.size === 8 && type.name === 'size_t' ? 53 : 64));
    const word = ['long', 'size_t'].includes(type.name);
    const whole = (BigInt(random.below(2 ** 32)) << 32n) | BigInt(random.below(2 ** 32));
    const value =
      layout.kind === 'signed'
        ? BigInt.asIntN(Number(word && width > 50n ? 50n : width), whole)
        : BigInt.asUintN(Number(word && width > 50n ? 50n : width), whole);
    const text = layout.kind === 'signed' ? `(${value + 1n}ll - 1)` : `${value}ull`;
    const big = layout.size === 8 && !word;
    return put(path, big ? value : Number(value), text);
  };
  const value = (type, path, bits) => {
    if (type.kind === 'scalar' || type.kind === 'enum') return number(type, path, bits);
    if (type.kind === 'struct') return struct(type.tag, path);
    if (type.kind === 'array' && !(type.of.kind === 'scalar' && type.of.name === 'char')) {
      const list = Array.from({ length: type.length }, (_, i) => value(type.of, `${path}[${i}]`));
      return list.some((one) => one === undefined) ? undefined : list;
    }
    return undefined;
  };
  const struct = (name, path, into = {}) => {
    const { kind, fields } = table.structs[name];
    for (const field of fields) {
      if (field.name === '' && field.bits !== undefined) continue;
      const before = writes.length;
      if (field.name === '') struct(field.type.tag, path, into);
      else {
        const one = value(field.type, `${path}.${field.name}`, field.bits);
        if (one !== undefined) into[field.name] = one;
      }
      if (kind === 'union' && writes.length > before) break;
    }
    return into;
  };
  const object = struct(tag, '(*p)');
  return { object, writes, checks };
}
