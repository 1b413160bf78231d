/** Laws over what is written on a command line, each command run in this process. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { kinds, npyOf, tiffOf } from './containers.mjs';
import { nxmxOf } from './hdf5.mjs';
import { bits, within } from './law.mjs';
import { listOf } from './lists.mjs';
import { centre, geometryOf, plain, runOptions, sceneNumbers, side } from './runs.mjs';
import { countsOf } from './scans.mjs';
import { randomOf, stills, streamOf } from './stills.mjs';

const seeds = fc.integer({ min: 1, max: 2 ** 31 - 1 });

/** A function that runs `ewald` with words, and returns its exit code and what it writes. */
async function commandOf(folder) {
  const cli = new URL('cli.js', `${folder}/`);
  const [, program] = /import\(["'](\.\/[^"']+)["']\)/.exec(readFileSync(cli, 'utf8')) ?? [];
  const { runCommand } = await import(new URL(program, cli).href);
  return async (words) => {
    const kept = ['stdout', 'stderr'].map((name) => process[name].write);
    const written = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'])
      process[name].write = (chunk, encoding, done) => {
        written[name] += Buffer.from(chunk).toString();
        (typeof encoding === 'function' ? encoding : done)?.();
        return true;
      };
    const [argv, before] = [process.argv, process.exitCode];
    process.exitCode = undefined;
    process.argv = [process.execPath, fileURLToPath(cli), ...words];
    try {
      await runCommand(words, new AbortController().signal);
      return { code: process.exitCode ?? 0, said: written.stderr, out: written.stdout };
    } finally {
      process.exitCode = before;
      process.argv = argv;
      for (const [i, name] of ['stdout', 'stderr'].entries()) process[name].write = kept[i];
    }
  };
}

/** A folder for one input, removed afterwards. */
async function inFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-laws-'));
  try {
    return await work((name) => join(folder, name), folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Flags of what a command may do beside its results, none of which is asked for. */
const idle = [
  ['run', '--html-mb', '5'],
  ['run', '--no-stay'],
  ['run', '--base-url', '/x/'],
  ['run', '--allow-host', 'a.example'],
  ['run', '--frame-ancestors', 'https://a.example'],
  ['run', '--trust-proxy', '10.0.0.1'],
  ['index', '--base-url', '/x/'],
  ['index', '--allow-host', 'a.example'],
  ['index', '--html-mb', '5'],
];

/** Commands with inputs that are right, by the names of their files. */
const commands = {
  run: ['run', 'sum', 'scan.npy', '-o', 'out.npy'],
  index: ['index', 'scan.npy', '-g', 'det.geom', '-p', 'none', '-o', 'out.stream'],
  merge: ['merge', 'a.stream', '-y', 'mmm', '-o', 'out.hkl'],
  convert: ['convert', 'scan.npy', '-o', 'out.h5'],
  calibrate: ['calibrate', 'scan.npy', '-o', 'out.json'],
  info: ['info', 'scan.npy'],
  fft: ['fft', 'scan.npy', '-o', 'out.npy'],
  pi: ['pi'],
  check: ['reflections', 'check', 'a.hkl', '-p', '20,26,32,90,90,90'],
  compare: ['reflections', 'compare', 'a.hkl', 'a.hkl', '-p', '20,26,32,90,90,90'],
  'convert a list': ['reflections', 'convert', 'a.hkl', '-p', '20,26,32,90,90,90', '-o', 'out.mtz'],
  rings: ['cell', 'rings', '20,26,32,90,90,90'],
  reduce: ['reduce', 'scan.npy', '-g', 'det.geom', '-o', 'out.cxi'],
  frames: ['simulate', 'frames', '-o', 'out'],
};
/** Words that no flag of one number takes. */
const noNumbers = ['abc', 'NaN', '', '0x10', '1,5', '1e400', '1 2', '12px', '--', '٣', '5e', '+-3', 'null'];
/** How help calls the value of a flag that is one number. */
const ofNumber = /^ {2}(?:-\w, )?(--[a-z0-9-]+) <(?:n|x|px|s|eV|mm|m|deg|A|MB|°|Å|nm|kV|%|pixels|seconds)>/gm;

/** The flags of each command that take one number, as its help has them: [command, flag]. */
async function numberFlags(command) {
  const all = [];
  for (const [name, words] of Object.entries(commands)) {
    const of = words.slice(0, /^(reflections|cell|simulate)$/.test(words[0]) ? 2 : 1);
    const { out } = await command([...of, '--help']);
    for (const [, flag] of out.matchAll(ofNumber)) all.push([name, flag]);
  }
  return all;
}

/** The widest range of all rows of a name: [low, high]. */
async function rangesOf(folder) {
  const ranges = new Map();
  for (const rows of Object.values(await import(new URL('command.node.js', `${folder}/`).href))) {
    if (typeof rows !== 'object' || rows === null) continue;
    for (const [name, { range } = {}] of Object.entries(rows).map(([key, row]) => [key, row ?? {}])) {
      if (!range || typeof range.low !== 'number') continue;
      const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
      const [low, high] = ranges.get(flag) ?? [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      ranges.set(flag, [Math.min(low, range.low), Math.max(high, range.high)]);
    }
  }
  return ranges;
}

export async function shellLaws({ ewald, data, shell, context, executors, folder }) {
  const command = await commandOf(folder);
  const scene = () => sceneNumbers({ ewald, data, shell });
  const [flags, ranges] = [await numberFlags(command), await rangesOf(folder)];
  const inputs = {
    'scan.npy': npyOf(countsOf({ nav: [4, 4], sig: [16, 16], seed: 3 }), [4, 4, 16, 16], 'u16', true, false),
    'det.geom': geometryOf(plain),
    'a.stream': streamOf(stills({ seed: 5, crystals: 8, group: 'mmm' })),
    'a.hkl': ewald.formatReflections(listOf({ group: 'mmm', seed: 4, most: 4, share: 1 }), 'hkl', {
      cell: ewald.readCell('20,26,32,90,90,90'),
      wavelengthA: 1.3,
    }).content,
  };
  return [
    {
      law: 'a word that is no number is refused where a flag takes one, by its name and before anything is written',
      drawn: fc.record({ flag: fc.constantFrom(...flags), word: fc.constantFrom(...noNumbers) }),
      answers: ({ flag: [name, flag], word }) =>
        inFolder(async (at, place) => {
          for (const [file, content] of Object.entries(inputs)) writeFileSync(at(file), content);
          const words = commands[name].map((own) => (/^[a-z]+\.\w+$|^out$/.test(own) ? at(own) : own));
          const { code, said } = await command([...words, `${flag}=${word}`]);
          const files = readdirSync(place).filter((file) => !(file in inputs));
          return [
            [name, flag, word, true, true, []],
            [name, flag, word, code !== 0, said.includes(flag), files],
          ];
        }),
      agree: bits,
      draws: 25,
    },
    {
      law: 'a number beyond its range is refused by the name of its flag and before anything is written',
      drawn: fc.record({
        flag: fc.constantFrom(...flags.filter(([, flag]) => ranges.has(flag))),
        isBelow: fc.boolean(),
        far: fc.constantFrom(1, 1.5, 10, 1e6),
      }),
      answers: ({ flag: [name, flag], isBelow, far }) =>
        inFolder(async (at, place) => {
          const [low, high] = ranges.get(flag);
          const value = isBelow ? low - far * Math.max(1, Math.abs(low)) : high + far * Math.max(1, Math.abs(high));
          fc.pre(Number.isFinite(value) && Math.abs(isBelow ? low : high) < 1e15);
          for (const [file, content] of Object.entries(inputs)) writeFileSync(at(file), content);
          const words = commands[name].map((own) => (/^[a-z]+\.\w+$|^out$/.test(own) ? at(own) : own));
          const { code, said } = await command([...words, `${flag}=${value}`]);
          const files = readdirSync(place).filter((file) => !(file in inputs));
          return [
            [name, flag, value, true, true, []],
            [name, flag, value, code !== 0, said.includes(flag), files],
          ];
        }),
      agree: bits,
      draws: 25,
    },
    {
      law: 'a flag that changes nothing alone is refused by its name before anything is written',
      drawn: fc.record({ flag: fc.constantFrom(...idle), seed: seeds }),
      answers: ({ flag: [name, ...flag], seed }) =>
        inFolder(async (at, place) => {
          const drawn = { nav: [2, 2], sig: [8, 8], seed };
          writeFileSync(at('scan.npy'), npyOf(countsOf(drawn), [2, 2, 8, 8], 'u16', true, false));
          const words = name === 'run' ? ['run', 'sum', at('scan.npy')] : ['index', at('scan.npy')];
          const { code, said } = await command([...words, '-o', at('out'), ...flag]);
          const files = readdirSync(place);
          return [
            [true, true, ['scan.npy']],
            [code !== 0, said.includes(flag[0].replace(/^--no-/, '--')) || said.includes(flag[0]), files],
          ];
        }),
      agree: bits,
      draws: 24,
    },
    {
      law: 'a correction from a TIFF is that from an .npy file, unless the TIFF says that 0 is white, which is refused',
      drawn: fc.record({
        seed: seeds,
        flag: fc.constantFrom('--dark', '--gain-map', '--excluded-pixels', '--mask'),
        white: fc.constantFrom(0, 1),
        dtype: fc.constantFrom('u8', 'u16', 'f32'),
        little: fc.boolean(),
      }),
      answers: ({ seed, flag, white, dtype, little }) =>
        inFolder(async (at) => {
          const random = randomOf(seed);
          const counts = countsOf({ nav: [2, 2], sig: [8, 9], seed });
          writeFileSync(at('scan.npy'), npyOf(counts, [2, 2, 8, 9], 'u16', true, false));
          const values = Array.from({ length: 72 }, () =>
            flag === '--excluded-pixels' ? Number(random() < 0.1) : 1 + Math.floor(3 * random()),
          );
          writeFileSync(at('own.npy'), npyOf(values, [8, 9], dtype, true, false));
          writeFileSync(at('own.tif'), tiffOf(values, [8, 9], dtype, little, false, white));
          const run = (file, out) =>
            command(['run', flag === '--mask' ? 'masks' : 'sum', at('scan.npy'), flag, at(file), '-o', at(out)]);
          const [one, other] = [await run('own.npy', 'a.npy'), await run('own.tif', 'b.npy')];
          if (white === 0)
            return [
              [true, false, true],
              [other.code !== 0, existsSync(at('b.npy')), /0 is white/.test(other.said)],
            ];
          const bytes = (name) => [...readFileSync(at(name))];
          return [
            [one.code, bytes('a.npy')],
            [other.code, bytes('b.npy')],
          ];
        }),
      agree: bits,
      draws: 5,
    },
    {
      law: 'the hits that reduce keeps, and workers, have the crystals of the run',
      drawn: fc.record({
        seed: seeds,
        blanks: fc.array(fc.nat(3), { maxLength: 3 }),
        dtype: fc.constantFrom('u16', 'i32'),
        masked: fc.integer({ min: 0, max: 30 }),
        full: fc.constantFrom(500, 60000),
        how: fc.constantFrom('hits', 'executor'),
      }),
      answers: ({ seed, blanks, dtype, masked, full, how }) =>
        inFolder(async (at) => {
          const random = randomOf(seed);
          const pixels = side ** 2;
          const numbers = await scene();
          const frames = [0, 1, 2].map((f) => numbers.slice(f * pixels, (f + 1) * pixels));
          for (const place of blanks) frames.splice(place, 0, new Array(pixels).fill(2));
          const bad = new Set(Array.from({ length: masked }, () => Math.floor(random() * pixels)));
          const mask = Array.from({ length: pixels }, (_, p) => Number(bad.has(p)));
          // What is above the ceiling shows the largest number of its type.
          const values = frames.flat().map((x, i) => (bad.has(i % pixels) ? 40000 : x > full ? kinds[dtype].most : x));
          const shape = [frames.length, side, side];
          writeFileSync(at('run.h5'), nxmxOf(values, { shape, dtype, mask, centrePx: centre.map((x) => -x) }));
          writeFileSync(at('det.geom'), geometryOf(plain));
          const found = async (more) => {
            const out = [];
            for await (const { result, error } of context.pipeline({ ...runOptions, ...more })) {
              if (error) throw error;
              const { peaks, crystals } = result;
              if (crystals.length > 0)
                out.push({
                  peaks: [...peaks.fs, ...peaks.ss, ...peaks.intensity],
                  crystals: crystals.map(({ reciprocal, saturated, reflections }) => ({
                    reciprocal,
                    saturated,
                    reflections: reflections.map(({ h, k, l, intensity, sigma }) => [h, k, l, intensity, sigma]),
                  })),
                });
            }
            return out;
          };
          const whole = await found({ inputs: at('run.h5'), geometry: at('det.geom') });
          if (how === 'executor') {
            const executor = await executors.Executor.inline({ context: { backend: 'wasm' } });
            const other = await found({ inputs: at('run.h5'), geometry: at('det.geom'), executor });
            await executor.dispose();
            return [whole, other];
          }
          const { peaks } = runOptions;
          await context.reduce({ inputs: [at('run.h5')], geometry: at('det.geom'), peaks, output: at('hits.cxi') });
          return [whole, await found({ inputs: at('hits.cxi'), geometry: at('hits.geom') })];
        }),
      agree: within(1e-6, 'the geometry beside the hits has its numbers as text', 1e-6),
      draws: 4,
    },
    {
      law: 'a geometry is refined on crystals of either hand alike',
      drawn: fc.record({
        left: fc.array(fc.boolean(), { minLength: 9, maxLength: 9 }),
        shift: fc.constantFrom(0.4, -0.5),
      }),
      answers: ({ left, shift }) =>
        inFolder(async (at) => {
          const numbers = await scene();
          const bytes = (n) => new File([npyOf(numbers, [3, side, side], 'u16', true, false)], `${n}.npy`);
          const corner = [centre[0] + shift, centre[1]];
          const run = context.pipeline({
            inputs: [0, 1, 2].map(bytes),
            ...runOptions,
            geometry: geometryOf({ ...plain, corner }),
            output: at('right.stream'),
          });
          for await (const { error } of run) if (error) throw error;
          const text = readFileSync(at('right.stream'), 'utf8');
          let n = 0;
          const negated = (line) => line.replace(/[-+](?=\d+\.)/g, (sign) => (sign === '-' ? '+' : '-'));
          const turned = text.replace(/^astar = .*\nbstar = .*\ncstar = .*$/gm, (lines) =>
            left[n++ % 9] ? negated(lines) : lines,
          );
          writeFileSync(at('left.stream'), turned);
          const refined = async (name) => {
            const { crystals, pairs, notes } = await shell.refineStreamGeometry(at(name), {
              output: at(`${name}.geom`),
              force: true,
            });
            const geometry = readFileSync(at(`${name}.geom`), 'utf8')
              .split('\n')
              .filter((line) => !line.startsWith(';'));
            const isSaid = notes.some((note) => /left-handed/.test(note));
            return {
              crystals,
              pairs,
              isSaid,
              numbers: geometry
                .join(' ')
                .match(/-?\d+(?:\.\d+)?(?:e-?\d+)?/g)
                .map(Number),
            };
          };
          const [one, other] = [await refined('right.stream'), await refined('left.stream')];
          return [{ ...one, isSaid: left.slice(0, n).some(Boolean) }, other];
        }),
      agree: within(1e-6, 'the same equations; lengths in metres', 1e-8),
      draws: 2,
    },
  ];
}
