/** Laws over C: what goes into a struct comes out, and what JavaScript writes through pointers arrives or is refused. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import fc from 'fast-check';
import { bits } from './law.mjs';
import { randomOf } from './stills.mjs';

const seeds = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const hasCompiler = (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'gcc')));

/**
 * A wasm module whose malloc gives back small memory that was freed at once, and grows by whole pages; `same(p)` is p,
 * and `end_of(p, end)` writes p + 2 to *end.
 */
const module = Uint8Array.from(
  [
    [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    section(1, [3, 0x60, 1, 0x7f, 1, 0x7f, 0x60, 1, 0x7f, 0, 0x60, 2, 0x7f, 0x7f, 0]),
    section(3, [4, 0, 1, 0, 2]),
    section(5, [1, 0, 1]),
    section(6, [2, 0x7f, 1, 0x41, 0x80, 8, 0x0b, 0x7f, 1, 0x41, 0, 0x0b]),
    section(7, [
      5,
      ...exported('memory', 2, 0),
      ...['malloc', 'free', 'same', 'end_of'].flatMap((name, i) => exported(name, 0, i)),
    ]),
    section(10, [
      4,
      ...body(
        [1, 1, 0x7f],
        // Small memory that was freed: if (n <= 64 && last) { p = last; last = 0; return p; }
        [0x20, 0, 0x41, 0xc0, 0, 0x4d, 0x23, 1, 0x41, 0, 0x47, 0x71, 0x04, 0x40],
        [0x23, 1, 0x21, 1, 0x41, 0, 0x24, 1, 0x20, 1, 0x0f, 0x0b],
        // p = top; top += (n + 79) & -16;
        [0x23, 0, 0x21, 1, 0x23, 0, 0x20, 0, 0x41, 0xcf, 0, 0x6a, 0x41, 0x70, 0x71, 0x6a, 0x24, 0],
        // if (top > size << 16) grow(((top - (size << 16)) >> 16) + 1);
        [0x23, 0, 0x3f, 0, 0x41, 16, 0x74, 0x4b, 0x04, 0x40, 0x23, 0, 0x3f, 0, 0x41, 16, 0x74, 0x6b],
        [0x41, 16, 0x76, 0x41, 1, 0x6a, 0x40, 0, 0x1a, 0x0b, 0x20, 1],
      ),
      ...body([0], [0x20, 0, 0x24, 1]),
      ...body([0], [0x20, 0]),
      ...body([0], [0x20, 1, 0x20, 0, 0x41, 2, 0x6a, 0x36, 2, 0]),
    ]),
  ].flat(),
);
function leb(n) {
  return n < 128 ? [n] : [(n & 127) | 128, ...leb(n >> 7)];
}
function section(id, bytes) {
  return [id, ...leb(bytes.length), ...bytes];
}
function exported(name, kind, index) {
  return [name.length, ...new TextEncoder().encode(name), kind, index];
}
function body(locals, ...code) {
  const all = [...locals, ...code.flat(), 0x0b];
  return [...leb(all.length), ...all];
}
const moduleHeader = { source: 'double *same(double *values); void end_of(const char *text, char **end);' };

/** Kinds of members: their C type, and a value that it holds, from a number in [0, 1). */
const scalars = {
  'signed char': (u) => Math.floor(255 * u) - 127,
  'unsigned char': (u) => Math.floor(256 * u),
  short: (u) => Math.floor(65535 * u) - 32767,
  int: (u) => Math.floor(2 ** 31 * (2 * u - 1)),
  'unsigned int': (u) => Math.floor(2 ** 32 * u),
  float: (u) => Math.fround(u * 1000 - 500),
  double: (u) => u * 1e6 - 5e5,
};

/**
 * A struct that is drawn: its text, a value, and paths of its numbers. Members are scalars, arrays, bit-fields, structs, and
 * structs without a name.
 */
function structOf(random, depth = 0, prefix = 'm') {
  const lines = [];
  const value = {};
  const paths = [];
  // Up to sixteen bytes are passed in registers, by the kinds of all members in eight of them.
  const count = 1 + Math.floor(random() * (depth === 0 && random() < 0.3 ? 5 : 2));
  for (let i = 0; i < count; i++) {
    const name = `${prefix}${i}`;
    const kind = random();
    const type = Object.keys(scalars)[Math.floor(random() * 9)] ?? 'float';
    if (kind < 0.35) {
      lines.push(`${type} ${name};`);
      value[name] = scalars[type](random());
      paths.push(name);
    } else if (kind < 0.42) {
      lines.push(`${type} ${name}[2];`);
      value[name] = [scalars[type](random()), scalars[type](random())];
      paths.push(`${name}[0]`, `${name}[1]`);
    } else if (kind < 0.6 || depth === 2) {
      const width = 1 + Math.floor(random() * 20);
      lines.push(`unsigned int ${name} : ${width};`);
      value[name] = Math.floor(random() * 2 ** width);
      paths.push(name);
    } else {
      const isNamed = kind < 0.8;
      const inner = structOf(random, depth + 1, isNamed ? 'm' : `${name}_`);
      lines.push(`struct { ${inner.text} }${isNamed ? ` ${name}` : ''};`);
      if (isNamed) value[name] = inner.value;
      else Object.assign(value, inner.value);
      paths.push(...inner.paths.map((path) => (isNamed ? `${name}.${path}` : path)));
    }
  }
  return { text: lines.join(' '), value, paths };
}
const numberAt = (value, path) =>
  path
    .split(/[.[\]]+/)
    .filter(Boolean)
    .reduce((own, key) => own[key], value);

/** A library that is compiled of a header and its functions, in a folder of its own. */
async function compiled(getLibHandle, { header, source }, work) {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-laws-c-'));
  try {
    writeFileSync(join(folder, 'law.h'), header);
    writeFileSync(join(folder, 'law.c'), `#include "law.h"\n${source}\n`);
    const name = process.platform === 'darwin' ? 'liblaw.dylib' : 'liblaw.so';
    execFileSync('gcc', ['-O1', '-shared', '-fPIC', 'law.c', '-o', name], { cwd: folder, stdio: 'pipe' });
    const lib = await getLibHandle({
      header: 'law.h',
      includeDir: folder,
      library: 'law',
      buildDir: folder,
      backend: 'native',
    });
    try {
      return await work(lib);
    } finally {
      lib.dispose();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Writes 9 through a pointer of C in one way. */
const writes = {
  write: (pointer) => pointer.write(9),
  'as().write': (pointer) => pointer.as('double').write(9),
  'as().as().write': (pointer) => pointer.as('void').as('double').write(9),
  'as(n).set': (pointer) => pointer.as('double', 2).set(0, 9),
  'as(n).copyFrom': (pointer) => pointer.as('double', 2).copyFrom([9]),
  'array().use': (pointer) => pointer.array(2).use((view) => void view.fill(9)),
  'as(n).use': (pointer) => pointer.as('double', 2).use((view) => void view.fill(9)),
};

const native = ({ ffi: { getLibHandle } }) => [
  {
    law: 'what goes into a struct comes out of C, by value as by pointer',
    drawn: fc.record({ seed: seeds, structs: fc.integer({ min: 1, max: 60 }) }),
    answers: ({ seed, structs }) => {
      const random = randomOf(seed);
      const all = Array.from({ length: structs }, () => structOf(random));
      const header = all.flatMap(({ text }, n) => [
        `struct drawn${n} { ${text} };`,
        `double sum${n}(struct drawn${n} s);`,
        `double sum_of${n}(const struct drawn${n} *s);`,
        `struct drawn${n} same${n}(struct drawn${n} s);`,
      ]);
      const source = all.flatMap(({ paths }, n) => [
        `double sum${n}(struct drawn${n} s) { return ${paths.map((path, i) => `${i + 1} * (double)s.${path}`).join(' + ')}; }`,
        `double sum_of${n}(const struct drawn${n} *s) { return sum${n}(*s); }`,
        `struct drawn${n} same${n}(struct drawn${n} s) { return s; }`,
      ]);
      return compiled(getLibHandle, { header: `${header.join('\n')}\n`, source: source.join('\n') }, (lib) => {
        const numbers = (of, paths) => paths.map((path) => numberAt(of, path));
        const expected = all.map(({ text, value, paths }) => {
          const sum = numbers(value, paths).reduce((total, one, i) => total + (i + 1) * one, 0);
          return { text, sum, sumOf: sum, numbers: numbers(value, paths) };
        });
        const found = all.map(({ text, value, paths }, n) => ({
          text,
          sum: lib[`sum${n}`](value),
          sumOf: lib[`sum_of${n}`](value),
          numbers: numbers(lib[`same${n}`](value), paths),
        }));
        return [expected, found];
      });
    },
    agree: bits,
    draws: 6,
  },
  {
    law: 'a header in other words binds the same functions: typedefs, macros, const, and other orders',
    drawn: fc.record({ seed: seeds, structs: fc.integer({ min: 1, max: 6 }) }),
    answers: ({ seed, structs }) => {
      const random = randomOf(seed);
      const all = Array.from({ length: structs }, () => structOf(random));
      const plain = all.flatMap(({ text }, n) => [
        `struct drawn${n} { ${text} };`,
        `double sum${n}(const struct drawn${n} *s, int times, const double *more);`,
      ]);
      const definitions = all.map(({ paths }, n) => {
        const sum = paths.map((path, i) => `${i + 1} * (double)s->${path}`).join(' + ');
        return `double sum${n}(const struct drawn${n} *s, int times, const double *more) { return times * (${sum}) + more[0]; }`;
      });
      // The same declarations by other names of types, in another order, with parameters without a name.
      const words = [
        'typedef double real;',
        'typedef int number;',
        '#define ARG(type) const type *',
        '#define TIMES number',
      ];
      const other = [
        ...words,
        ...all.map((_, n) => `typedef struct drawn${n} drawn${n}_t;`),
        ...all.map((_, n) => `extern real sum${n}(ARG(drawn${n}_t) s, TIMES times, ARG(real));`).reverse(),
        ...all
          .map(
            ({ text }, n) =>
              `struct drawn${n} { ${text
                .replace(/\bdouble\b/g, 'real')
                .replace(/\bint\b/g, 'signed int')
                .replace(/unsigned signed int/g, 'unsigned')} };`,
          )
          .reverse(),
      ];
      const source = definitions.join('\n');
      const of = (header) =>
        compiled(getLibHandle, { header: `${header.join('\n')}\n`, source }, (lib) =>
          all.map(({ text, value }, n) => [text, lib[`sum${n}`](value, 3, Float64Array.of(0.5))]),
        );
      const expected = all.map(({ text, value, paths }) => [
        text,
        3 * paths.reduce((total, path, i) => total + (i + 1) * numberAt(value, path), 0) + 0.5,
      ]);
      return Promise.all([of(plain), of(other)]).then((both) => [[expected, expected], both]);
    },
    agree: bits,
    draws: 2,
  },
  {
    law: 'what an asynchronous call works with is neither freed nor moved under it, or the call says so',
    drawn: fc.record({
      how: fc.constantFrom('close', 'dispose', 'free', 'transfer', 'wait'),
      n: fc.integer({ min: 1, max: 9 }),
    }),
    answers: ({ how, n }) => {
      const header = [
        'typedef struct store store;',
        'store *store_new(int value);',
        'int store_value(const store *s);',
        'void store_free(store *s);',
        'double add_up(const double *values, int count);',
        '',
      ].join('\n');
      const source = [
        '#include <stdlib.h>\n#include <unistd.h>',
        'struct store { int value; };',
        'store *store_new(int value) { store *s = malloc(64); s->value = value; return s; }',
        'int store_value(const store *s) { usleep(20000); return s->value; }',
        'void store_free(store *s) { s->value = -1; free(s); }',
        'double add_up(const double *v, int n) { usleep(20000); double s = 0; while (n--) s += v[n]; return s; }',
      ].join('\n');
      return compiled(getLibHandle, { header, source }, async (lib) => {
        const refused = (work) => {
          try {
            work();
            return false;
          } catch {
            return true;
          }
        };
        if (how === 'transfer') {
          const values = Float64Array.from({ length: n }, () => 1);
          const late = lib.add_up.async(values, n);
          structuredClone(values.buffer, { transfer: [values.buffer] });
          return [
            true,
            await late.then(
              () => false,
              () => true,
            ),
          ];
        }
        const store = lib.store_new(n);
        const late = lib.store_value.async(store);
        const end = {
          close: () => lib.store_free(store),
          dispose: () => store.dispose(),
          free: () => lib.free(store),
          wait: () => {
            throw new Error('waits');
          },
        }[how];
        const isRefused = refused(end);
        const value = await late;
        if (isRefused) lib.store_free(store);
        return [
          [true, n],
          [isRefused, value],
        ];
      });
    },
    agree: bits,
    draws: 8,
  },
];

export async function cLaws({ ffi, memory }) {
  const lib = await ffi.getLibHandle({ header: moduleHeader, library: module, cpp: 'builtin' });
  return [
    {
      law: 'what is written through a pointer into an argument arrives, or is refused',
      drawn: fc.record({
        way: fc.constantFrom(...Object.keys(writes)),
        shape: fc.constantFrom('typed array', 'list', 'memory'),
      }),
      answers: ({ way, shape }) => {
        const given = {
          'typed array': () => Float64Array.of(1, 2),
          list: () => [1, 2],
          memory: () => lib.alloc('double', 2).copyFrom([1, 2]),
        }[shape]();
        let isRefused = false;
        try {
          writes[way](lib.same(given));
        } catch (error) {
          isRefused = error.tag === 'Argument';
        }
        const after = shape === 'memory' ? given.toArray() : [...given];
        if (shape === 'memory') given.dispose();
        return [true, isRefused !== after.includes(9)];
      },
      agree: bits,
      draws: 30,
    },
    {
      law: 'a pointer that C gives into a text or an array leads there as long as it is held',
      drawn: fc.record({
        text: fc.stringMatching(/^[a-z]{3,20}$/),
        others: fc.integer({ min: 0, max: 20 }),
        how: fc.constantFrom('list', 'ref', 'result'),
      }),
      answers: ({ text, others, how }) => {
        const end = how === 'ref' ? lib.ref('char *') : [null];
        const found = how === 'result' ? lib.same([text.length, 2]) : undefined;
        if (how !== 'result') lib.end_of(text, end);
        for (let i = 0; i < others; i++) {
          lib.end_of('#'.repeat(24), [null]);
          lib.same([-1, -1, -1]);
        }
        if (found) return [text.length, found.read()];
        const read = (how === 'ref' ? end.at(0) : end[0]).text();
        if (how === 'ref') end.dispose();
        return [text.slice(2), read];
      },
      agree: bits,
      draws: 20,
    },
    {
      law: 'what is written to a view of a heap arrives there, or is an error',
      drawn: fc.record({
        rows: fc.integer({ min: 1, max: 4 }),
        columns: fc.integer({ min: 1, max: 5 }),
        grows: fc.constantFrom('before', 'within', 'never'),
        value: fc.integer({ min: 1, max: 99 }),
        of: fc.constantFrom('withRow', 'use'),
      }),
      answers: ({ rows, columns, grows, value, of }) => {
        const grow = () => lib.alloc('double', 20_000).dispose();
        if (grows === 'before') grow();
        const write = (view) => {
          if (grows === 'within') grow();
          view[0] = value;
        };
        const table =
          of === 'withRow' ? memory.IndirectMemory2D.create(rows, columns, 'd', { memory: lib.memory }) : undefined;
        const array = table ? undefined : lib.alloc('double', columns);
        let isRefused = false;
        try {
          if (table) table.withRow(rows - 1, write);
          else array.use(write);
        } catch (error) {
          isRefused = error.code === 'DISPOSED';
        }
        const found = table ? table.row(rows - 1).at(0) : array.at(0);
        (table ?? array).dispose();
        return [true, isRefused || found === value];
      },
      agree: bits,
      draws: 20,
    },
    ...(hasCompiler ? native({ ffi }) : []),
  ];
}
