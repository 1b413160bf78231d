// Compares indexing with the prototype that it has to beat: the same 30 image lists, 300 spots, one core, with all
// methods taking turns in one run. The prototype and the lists are not part of this project; EWALD_PROTOTYPES and
// EWALD_TEST_DATA give their folders.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const prototypes = process.env.EWALD_PROTOTYPES ?? join(root, '../shared/prototypes');
const data = process.env.EWALD_TEST_DATA ?? join(root, '../shared/data');
const rounds = 5;
const repeats = 9;

// The common lattice of all ten images, within 1.4 degrees (data/README.md).
const truth = [
  [39.431, 25.274, 63.585],
  [28.514, 60.643, -41.787],
  [-29.096, 20.499, 9.895],
];

function readLists(folder) {
  return readdirSync(folder)
    .filter((name) => /^image\d+_\w+\.txt$/.test(name))
    .map((name) => {
      const lines = readFileSync(join(folder, name), 'utf8')
        .split('\n')
        .filter((line) => line.trim() && !line.startsWith('#'));
      const numbers = lines.map((line) => line.trim().split(/\s+/).map(Number));
      const [cell = [], ...spots] = numbers;
      return {
        cell: [cell.slice(0, 3), cell.slice(3, 6), cell.slice(6, 9)],
        spots: spots.map((spot) => spot.slice(0, 3)),
      };
    });
}

/**
 * Milliseconds per image through the package on one thread: for each list the best of some repeats, as the prototype
 * measures. A fast method gets a few copies of the image in each call, as in a batch. Measurements are short because a
 * busy machine interrupts short ones least.
 */
async function makeOurs(createContext, sameLattice, backend, method, lists) {
  const context = await createContext({ backend, strict: true });
  const copies = method === 'exhaustive' ? 1 : 8;
  const indexer = await context.indexer({ batch: copies, maxSpots: 300, threads: 1, method });
  const inputs = lists.map(({ spots, cell }) => ({
    spots: Float32Array.from(Array(copies).fill(spots.flat()).flat()),
    offsets: Uint32Array.from({ length: copies + 1 }, (_, i) => i * spots.length),
    cells: cell,
  }));
  return {
    async run() {
      let [ms, right] = [0, 0];
      for (const input of inputs) {
        let best = Number.POSITIVE_INFINITY;
        const result = await indexer.run(input);
        for (let i = 0; i < repeats; i++) {
          const begin = performance.now();
          await indexer.run({ ...input, into: result });
          best = Math.min(best, performance.now() - begin);
        }
        ms += best / copies / lists.length;
        right += result
          .image(0)
          .crystals()
          .some(({ cell }) => sameLattice(cell, truth));
      }
      return { ms, right };
    },
    dispose: () => context.dispose(),
  };
}

/** Builds the prototype. Returns a function that runs it, or the reason why it is unavailable. */
function makePrototype(kind, folder) {
  const source = join(prototypes, 'indexing/bench.cpp');
  const flags = ['-O3', '-std=c++17', '-fno-math-errno', '-fno-trapping-math', '-w'];
  const program = join(folder, kind === 'native' ? 'prototype' : 'prototype.js');
  const object = join(folder, `${kind}.o`);
  // Compiles and links in two steps: an old Emscripten cannot minify its own JavaScript at -O3, which only matters when
  // linking.
  const steps =
    kind === 'native'
      ? [['g++', '-march=x86-64-v3', ...flags, source, '-o', program]]
      : [
          ['emcc', '-msimd128', ...flags, '-c', source, '-o', object],
          [
            'emcc',
            '-O1',
            '-msimd128',
            object,
            '-sNODERAWFS=1',
            '-sALLOW_MEMORY_GROWTH=1',
            '-sEXIT_RUNTIME=1',
            '-o',
            program,
          ],
        ];
  for (const [compiler, ...args] of steps) {
    const built = spawnSync(compiler, args, { encoding: 'utf8' });
    if (built.status !== 0)
      return {
        why:
          `${compiler} did not build the prototype: ` +
          `${(built.stderr ?? String(built.error)).trim().split('\n').at(-1)}`,
      };
  }
  // Old Emscripten mistakes Node's fetch for that of a browser.
  const pre = join(folder, 'pre.cjs');
  writeFileSync(pre, 'delete globalThis.fetch;\n');
  const command = kind === 'native' ? [program] : [process.execPath, '-r', pre, program];
  return {
    run(mode) {
      const args = [mode, '300', String(repeats), '0', `${join(data, 'ffbidx')}/`];
      const { stdout = '', status } = spawnSync(command[0], [...command.slice(1), ...args], { encoding: 'utf8' });
      const [, ok, ms] = /images ok (\d+)\/30.*?mean ([\d.]+) ms\/image/.exec(stdout) ?? [];
      return status === 0 && ms ? { ms: Number(ms), right: Number(ok) } : undefined;
    },
  };
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

// The aims: speeds relative to a mode of the prototype, and milliseconds per image for turbo.
const aims = [
  { method: 'fast', mode: 'fx', native: 1.5, wasm: 1.3 },
  { method: 'exhaustive', mode: 'prune', native: 1, wasm: 1 },
  { method: 'turbo', native: 0.1, wasm: 0.25 },
];

/** Lines with an aim for each backend and method; `absent` gives the reason if there are no lines. */
export async function comparePrototype({ createContext, sameLattice, print }) {
  const lists = existsSync(join(data, 'ffbidx')) ? readLists(join(data, 'ffbidx')) : [];
  if (lists.length !== 30) return { absent: 'the 30 image lists were not found; EWALD_TEST_DATA says where they are' };
  if (!existsSync(join(prototypes, 'indexing/bench.cpp')))
    return { absent: 'the prototype was not found; EWALD_PROTOTYPES says where it is' };
  const folder = mkdtempSync(join(tmpdir(), 'ewald-prototype-'));
  const lines = [];
  let wrong = false;
  try {
    for (const backend of ['native', 'wasm']) {
      const prototype = makePrototype(backend, folder);
      if (prototype.why) {
        print(`  --    indexing, ${backend}: ${prototype.why}`);
        continue;
      }
      const contestants = [];
      try {
        for (const aim of aims) {
          const ours = await makeOurs(createContext, sameLattice, backend, aim.method, lists);
          contestants.push({ name: aim.method, run: () => ours.run(), dispose: () => ours.dispose() });
          if (aim.mode)
            contestants.push({ name: aim.mode, run: () => prototype.run(aim.mode), dispose: () => undefined });
        }
        lines.push(...(await takeTurns(backend, contestants)));
        wrong ||= lines.some((line) => line.wrong);
      } catch (error) {
        print(`  --    indexing, ${backend}: ${error.message}`);
      } finally {
        for (const { dispose } of contestants) await dispose();
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { lines, wrong };
}

/**
 * Runs rounds in which all contestants take turns, so that a busy moment affects all of them. The medians are compared.
 */
async function takeTurns(backend, contestants) {
  const results = new Map(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, run } of contestants) {
      const result = await run();
      if (!result) throw new Error(`the prototype did not run in mode ${name}`);
      results.get(name).push(result);
    }
  }
  const of = (name) => ({
    ms: median(results.get(name).map(({ ms }) => ms)),
    right: Math.min(...results.get(name).map(({ right }) => right)),
  });
  const words = ({ ms, right }) => `${ms.toFixed(3)} ms an image, ${right}/30 right`;
  return aims.map(({ method, mode, [backend]: aim }) => {
    const mine = of(method);
    const times = Object.fromEntries(
      [method, mode].filter(Boolean).map((name) => [name, results.get(name).map(({ ms }) => ms)]),
    );
    if (!mode)
      return {
        what: `indexing, ${method}, ${backend}: ms an image`,
        value: mine.ms,
        aim,
        most: true,
        note: `${mine.right}/30 right`,
        times,
        wrong: mine.right < 30,
      };
    const theirs = of(mode);
    const wrong = mine.right < theirs.right;
    const note = `${words(mine)}; prototype ${words(theirs)}${wrong ? ', FEWER RIGHT' : ''}`;
    return {
      what: `indexing, ${method}, ${backend} over the prototype's ${mode}`,
      value: theirs.ms / mine.ms,
      aim,
      note,
      times,
      wrong,
    };
  });
}
