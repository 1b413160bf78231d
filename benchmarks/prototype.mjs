// Indexing beside the prototype it has to beat: the same 30 image lists, 300 spots, one core, taking turns in one run.
// The prototype and the lists are no part of this project: EWALD_PROTOTYPES and EWALD_TEST_DATA say where they are.
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

// The lattice of all ten images, within 1.4 degrees (data/README.md).
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
      return { cell: [cell.slice(0, 3), cell.slice(3, 6), cell.slice(6, 9)], spots: spots.map((spot) => spot.slice(0, 3)) };
    });
}

/** Milliseconds an image through the package: a batch of all lists on one thread, the best of some repeats. */
async function makeOurs(createContext, sameLattice, backend, lists) {
  const context = await createContext({ backend, strict: true });
  const indexer = await context.indexer({ batch: lists.length, maxSpots: 300, threads: 1 });
  const offsets = [0];
  for (const { spots } of lists) offsets.push(offsets.at(-1) + spots.length);
  const input = { spots: Float32Array.from(lists.flatMap(({ spots }) => spots.flat())), offsets: Uint32Array.from(offsets), cells: lists[0].cell };
  return {
    async run() {
      let best = Number.POSITIVE_INFINITY;
      let result = await indexer.run(input);
      for (let i = 0; i < repeats; i++) {
        const begin = performance.now();
        result = await indexer.run({ ...input, into: result });
        best = Math.min(best, performance.now() - begin);
      }
      const right = lists.filter((_, i) =>
        result
          .image(i)
          .crystals()
          .some(({ cell }) => sameLattice(cell, truth)),
      ).length;
      return { ms: best / lists.length, right };
    },
    dispose: () => context.dispose(),
  };
}

/** Builds the prototype; gives a function that runs it, or why there is none. */
function makePrototype(kind, folder) {
  const source = join(prototypes, 'indexing/bench.cpp');
  const flags = ['-O3', '-std=c++17', '-fno-math-errno', '-fno-trapping-math', '-w'];
  const program = join(folder, kind === 'native' ? 'prototype' : 'prototype.js');
  const object = join(folder, `${kind}.o`);
  // Two steps: an old Emscripten cannot minify its own JavaScript at -O3, which only matters when it links.
  const steps =
    kind === 'native'
      ? [['g++', '-march=x86-64-v3', ...flags, source, '-o', program]]
      : [
          ['emcc', '-msimd128', ...flags, '-c', source, '-o', object],
          ['emcc', '-O1', '-msimd128', object, '-sNODERAWFS=1', '-sALLOW_MEMORY_GROWTH=1', '-sEXIT_RUNTIME=1', '-o', program],
        ];
  for (const [compiler, ...args] of steps) {
    const built = spawnSync(compiler, args, { encoding: 'utf8' });
    if (built.status !== 0) return { why: `${compiler} did not build the prototype: ${(built.stderr ?? String(built.error)).trim().split('\n').at(-1)}` };
  }
  // Old Emscripten takes Node's fetch for a browser's.
  const pre = join(folder, 'pre.cjs');
  writeFileSync(pre, 'delete globalThis.fetch;\n');
  const command = kind === 'native' ? [program] : [process.execPath, '-r', pre, program];
  return {
    run() {
      const { stdout = '', status } = spawnSync(command[0], [...command.slice(1), 'fx', '300', String(repeats), '0', `${join(data, 'ffbidx')}/`], {
        encoding: 'utf8',
      });
      const [, ok, ms] = /images ok (\d+)\/30.*?mean ([\d.]+) ms\/image/.exec(stdout) ?? [];
      return status === 0 && ms ? { ms: Number(ms), right: Number(ok) } : undefined;
    },
  };
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** Ratios prototype over ours, one a backend; `absent` says why there are none. */
export async function comparePrototype({ createContext, sameLattice, print }) {
  const lists = existsSync(join(data, 'ffbidx')) ? readLists(join(data, 'ffbidx')) : [];
  if (lists.length !== 30) return { absent: `the 30 image lists were not found in ${join(data, 'ffbidx')}` };
  if (!existsSync(join(prototypes, 'indexing/bench.cpp'))) return { absent: `no prototype in ${prototypes}` };
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
      let ours;
      try {
        ours = await makeOurs(createContext, sameLattice, backend, lists);
      } catch (error) {
        print(`  --    indexing, ${backend}: ${error.message}`);
        continue;
      }
      const times = { ours: [], prototype: [] };
      const right = { ours: 30, prototype: 30 };
      for (let round = 0; round < rounds; round++) {
        for (const [name, contestant] of Object.entries({ ours, prototype })) {
          const result = await contestant.run();
          if (!result) continue;
          times[name].push(result.ms);
          right[name] = Math.min(right[name], result.right);
        }
      }
      await ours.dispose();
      if (times.prototype.length === 0) {
        print(`  --    indexing, ${backend}: the prototype did not run`);
        continue;
      }
      wrong ||= right.ours < right.prototype;
      const [mine, theirs] = [median(times.ours), median(times.prototype)];
      const note = `${mine.toFixed(3)} ms an image (${right.ours}/30 right), prototype ${theirs.toFixed(3)} ms (${right.prototype}/30)${right.ours < right.prototype ? ', FEWER RIGHT' : ''}`;
      lines.push({ what: `indexing 30 lists of 300 spots on one core, ${backend} over the prototype's fx`, ratio: theirs / mine, aim: 1, note, times, right });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { lines, wrong };
}
