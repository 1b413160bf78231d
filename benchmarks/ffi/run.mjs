#!/usr/bin/env node
// Measures the overhead of a call through a header over a direct call, and the time to parse a header. Calls are
// verified first, then timed in turns, so that a busy machine slows both sides equally. The best of many short rounds
// counts.
//   node benchmarks/ffi/run.mjs [--json]
// Needs build/esm (node scripts/build.mjs types), emcc for wasm, gcc and koffi for native.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { record } from '../lib/lines.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const fixtures = join(root, 'test/ffi/fixtures');
const json = process.argv.includes('--json');
const module = join(root, 'build/esm/entries/ffi.node.js');
if (!existsSync(module)) {
  console.error('bench ffi: build/esm is not built; run node scripts/build.mjs types');
  process.exit(1);
}
const { getLibHandle, parseHeader } = await import(pathToFileURL(module).href);

const results = [];
const say = (text) => {
  if (!json) console.log(text);
};
/** `aim` is the largest acceptable `value`. */
const mark = (what, value, unit, aim, note) => {
  const pass = value <= aim;
  record({ what, value, unit, aim, most: true });
  results.push({ what, value: Number(value.toPrecision(4)), unit, aim, pass, note });
  say(
    `  ${pass ? 'pass' : 'MISS'}  ${what}: ${value.toPrecision(3)} ${unit} (at most ${aim})${note ? `, ${note}` : ''}`,
  );
};

const calls = 50_000;
const rounds = 120;

/** Nanoseconds per call of each loop in its best round; the loops take turns. */
function race(loops) {
  const best = Object.fromEntries(Object.keys(loops).map((name) => [name, Number.POSITIVE_INFINITY]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, loop] of Object.entries(loops)) {
      const started = performance.now();
      loop();
      best[name] = Math.min(best[name], ((performance.now() - started) / calls) * 1e6);
    }
  }
  return best;
}

/**
 * Nanoseconds of processor time per call, ours and theirs, of each case in its best round. One loop calls all of them by
 * turns, as a program does that calls many functions; `share` of its calls are made of a case.
 */
function alternated(cases) {
  const best = cases.map(() => [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
  const spent = () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  };
  for (let round = 0; round < rounds / 2; round++) {
    for (const [i, [, , share, ...sides]] of cases.entries()) {
      for (const [side, call] of sides.entries()) {
        const count = calls / share;
        const started = spent();
        for (let n = 0; n < count; n++) call();
        const each = ((spent() - started) / count) * 1000;
        // The first rounds compile.
        if (round > 4) best[i][side] = Math.min(best[i][side], each);
      }
    }
  }
  return best;
}
const equal = (what, a, b) => {
  if (a !== b) throw new Error(`${what}: ${a} instead of ${b}`);
};
const ns = (value) => `${value.toFixed(1)} ns`;

/** Loops over a call with two arguments. */
const looped = (f, first) => () => {
  let sum = 0;
  for (let i = 0; i < calls; i++) sum += f(first ?? i, 16);
  return sum;
};

const folder = mkdtempSync(join(tmpdir(), 'ewald-bench-ffi-'));
const build = (command, ...args) => {
  try {
    execFileSync(command, args, { cwd: fixtures, stdio: ['ignore', 'pipe', 'pipe'] });
    return true;
  } catch (error) {
    say(`  absent: ${command} (${error.code ?? error.status})`);
    return false;
  }
};

say(
  `Node ${process.versions.node}, ${process.platform} ${process.arch}, ${cpus().length} x ${cpus()[0]?.model.trim()}`,
);
try {
  const wasm = join(folder, 'kit.wasm');
  say('\ncalls of a wasm module');
  if (
    build(
      'emcc',
      '-O2',
      '-I.',
      'kit.c',
      '-sSTANDALONE_WASM',
      '--no-entry',
      '-sALLOW_MEMORY_GROWTH',
      '-sEXPORTED_FUNCTIONS=_malloc,_free',
      '-o',
      wasm,
    )
  ) {
    const kit = await getLibHandle({ header: 'kit.h', includeDir: fixtures, library: wasm });
    const { instance } = await WebAssembly.instantiate(readFileSync(wasm), {
      env: { emscripten_notify_memory_growth() {} },
    });
    const bare = instance.exports;
    equal('kit_add', kit.kit_add(1, 16), bare.kit_add(1, 16));
    const array = kit.alloc('double', 16);
    const address = array.address;
    const copied = new Float64Array(16).fill(1);
    const best = race({
      bare: looped((a, b) => bare.kit_add(a, b)),
      ewald: looped((a, b) => kit.kit_add(a, b)),
      bareArray: looped(bare.kit_sum, address),
      own: looped(kit.kit_sum, array),
      copy: looped(kit.kit_sum, copied),
    });
    mark(
      'int f(int, int) over the bare export',
      Math.max(0, best.ewald - best.bare),
      'ns',
      100,
      `${ns(best.bare)} bare, ${ns(best.ewald)} through the header`,
    );
    mark(
      'double f(const double *, int) over the bare export, memory of alloc()',
      best.own - best.bareArray,
      'ns',
      100,
      `${ns(best.bareArray)} bare, ${ns(best.own)}`,
    );
    say(`        the same with a JavaScript array of 16, copied into the heap: ${ns(best.copy)}`);
    results.push({ what: 'wasm: array of 16 copied', value: best.copy, unit: 'ns' });
    array.dispose();
    kit.dispose();
  }

  say('\ncalls of a native library');
  const koffi = await import('koffi').then(
    (found) => found.default ?? found,
    () => undefined,
  );
  if (!koffi) say('  absent: koffi');
  const native = join(folder, 'libkit.so');
  if (koffi && build('gcc', '-O2', '-shared', '-fPIC', '-I.', 'kit.c', '-lm', '-o', native)) {
    const kit = await getLibHandle({ header: 'kit.h', includeDir: fixtures, library: native });
    const library = koffi.load(native);
    const add = library.func('kit_add', 'int', ['int', 'int']);
    const sum = library.func('kit_sum', 'double', ['double *', 'int']);
    const array = new Float64Array(16).fill(1);
    equal('kit_add', kit.kit_add(1, 16), add(1, 16));
    equal('kit_sum', kit.kit_sum(array, 16), sum(array, 16));
    const rowsSum = library.func('kit_rows_sum', 'double', ['double **', 'int', 'int']);
    const length = library.func('kit_length', 'size_t', ['str']);
    const point = koffi.struct({ x: 'double', y: 'double' });
    const norm = library.func('kit_norm', 'double', [koffi.pointer(point)]);
    const hundred = Array.from({ length: 100 }, () => new Float64Array(16).fill(1));
    equal('kit_rows_sum', kit.kit_rows_sum(hundred, 100, 16), rowsSum(hundred, 100, 16));
    equal('kit_length', kit.kit_length('hello world'), length('hello world'));
    const { kit_add, kit_sum, kit_rows_sum, kit_length, kit_norm } = kit;
    const cases = [
      ['int f(int, int)', 1.1, 1, () => kit_add(1, 16), () => add(1, 16)],
      ['double f(const double *, int)', 1.2, 2, () => kit_sum(array, 16), () => sum(array, 16)],
      ['a text', 1.2, 2, () => kit_length('hello world'), () => length('hello world')],
      ['a const struct', 2, 10, () => kit_norm({ x: 3, y: 4 }), () => norm({ x: 3, y: 4 })],
      ['double ** of 100 typed rows', 2, 250, () => kit_rows_sum(hundred, 100, 16), () => rowsSum(hundred, 100, 16)],
    ];
    for (const [i, [ours, theirs]] of alternated(cases).entries()) {
      const [what, most] = cases[i];
      mark(`${what} over koffi's own`, ours / theirs, 'x', most, `${ns(theirs)} koffi, ${ns(ours)} through the header`);
    }
    const large = new Float64Array(1e6);
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 50; i++) {
      const started = performance.now();
      kit.kit_sum(large, 1);
      least = Math.min(least, performance.now() - started);
    }
    // A copy of 8 MB would take a millisecond; here nothing is copied.
    mark('passing 10^6 doubles', least * 1000, 'us', 50, 'its first element is read');
    kit.dispose();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

say('\nreading a header of 5000 lines');
const lines = Array.from({ length: 1000 }, (_, i) => [
  `/* function ${i} of the library: what it takes and gives */`,
  `#define KIT_SIZE_${i} ${i}`,
  `typedef struct kit_s${i} { int count; double values[KIT_SIZE_${i} + 1]; const char *name; } kit_s${i}_t;`,
  `int kit_f${i}(const kit_s${i}_t *state, double *values, int count);`,
  '',
]).flat();
const text = lines.join('\n');
equal('functions', Object.keys(parseHeader(text).functions).length, 1000);
const times = [];
for (let i = 0; i < 15; i++) {
  const started = performance.now();
  parseHeader(text);
  times.push(performance.now() - started);
}
times.sort((a, b) => a - b);
// The first parse of a process includes compiling the parser, so it is reported separately.
const first = `import { readFileSync } from 'node:fs'; const { parseHeader } = await import(${JSON.stringify(pathToFileURL(module).href)});
const text = readFileSync(0, 'utf8'); const started = performance.now(); parseHeader(text); console.log(performance.now() - started);`;
const cold = Number(execFileSync(process.execPath, ['--input-type=module', '-e', first], { input: text }));
mark(
  `${lines.length} lines`,
  times[7],
  'ms',
  100,
  `median of 15; best ${times[0].toFixed(1)} ms, the first in a fresh process ${cold.toFixed(1)} ms`,
);

if (json) console.log(JSON.stringify({ results }));
if (results.some(({ pass }) => pass === false) && !json)
  say('\na missed aim fails nothing: machines differ, and a busy one more so');
