/**
 * The same outcome ends every command in the same way: the table of src/cli/README.md, tested for all commands,
 * their outcomes and faults.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContext, formatNpy, readNpy } from 'ewald';
import { simulateMerlin } from 'ewald/udf';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { endsBy } from '../../src/cli/ends.js';
import { runFrames } from '../../src/cli/index-frames.js';
import { fail } from '../../src/cli/output.js';
import { RunSummary } from '../../src/pipeline/summary.js';
import { EwaldError } from '../../src/util/errors.js';
import { ewald, ewaldTogether } from '../support/cli.js';
import { NatsServer, natsPresent, WorkerProcess } from '../support/nats.js';

const addon = `dist/native/${process.platform}-${process.arch}/ewald_native.node`;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-ends-'));
  const write = (name: string, content: string | Uint8Array): void => writeFileSync(join(folder, name), content);
  write(
    'scan.npy',
    formatNpy({ shape: [4, 8, 8], complex: false, data: Float32Array.from({ length: 256 }, (_, i) => i) }),
  );
  write('words.txt', 'hello\n');
  write('mine.npy', 'precious');
  write('mine.html', 'precious');
  write(
    'throws.mjs',
    `export const bad = { name: 'bad', buffers: { n: { kind: 'nav', dtype: 'f32' } },
    processFrame() { throw new TypeError('no'); } };`,
  );
  write('bad.stream', 'hello\n');
  mkdirSync(join(folder, 'old'));
  write('old/truth.json', '{}');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Frames with and without crystals, their streams, and lists of spots with and without a lattice. */
async function simulate(): Promise<void> {
  const searched = '-p sim/run.cell --threshold 20 --min-snr 5 --backend wasm -j 1';
  for (const words of [
    'simulate frames -o sim --images 2 --size 700,700 --symmetry 4/mmm --seed 1',
    'simulate frames -o blank --images 2 --size 128,128 --blank 1',
    'simulate spots -o lists --images 1',
    'simulate spots -o nearly --images 3 --cell 79,80.2,38,90,90,90 --seed 3',
    `index sim/run.h5 -g sim/run.geom ${searched} -o run.stream`,
  ])
    expect((await end(words)).code, words).toBe(0);
  const stream = readFileSync(join(folder, 'run.stream'), 'utf8');
  writeFileSync(join(folder, 'torn.stream'), stream.slice(0, stream.lastIndexOf('----- End chunk')));
  const bare = stream.replace(/--- Begin crystal[\s\S]*?--- End crystal\n/g, '');
  writeFileSync(join(folder, 'bare.stream'), bare);
  writeFileSync(join(folder, 'other.stream'), stream.replaceAll('//0', '//7').replaceAll('//1', '//8'));
  const noise = Array.from({ length: 60 }, (_, i) =>
    [7, 11, 13].map((k) => ((k * i * i) % 101) / 300 - 0.16).join(' '),
  );
  writeFileSync(join(folder, 'noise.txt'), `${noise.join('\n')}\n`);
  writeFileSync(join(folder, 'far.lst'), 'sim/run.h5 //500\nsim/run.h5 //1\n');
  const geometry = readFileSync(join(folder, 'sim/run.geom'), 'utf8');
  writeFileSync(join(folder, 'far.geom'), geometry.replace(/^(p0\/max_fs = )\d+/m, '$1100'));
}

const end = async (words: string): Promise<{ code: number | null; err: string; out: string }> => {
  const { code, err, out } = await ewaldTogether(words.split(' '), { cwd: folder });
  expect(out + err, words).not.toContain('defect of ewald');
  return { code, err, out };
};

test('a command that is refused prints no JSON, and one that tells of each of its inputs has an error for one', async () => {
  for (const words of ['run sum,max words.txt', 'fft words.txt -o out.npy', 'stream compare bad.stream bad.stream'])
    expect(await end(`${words} --json`), words).toEqual({
      code: expect.any(Number),
      err: expect.stringMatching(/^ewald: ./),
      out: '',
    });
  const { code, out } = await end('info words.txt --json');
  expect([code, JSON.parse(out)]).toEqual([
    1,
    [{ file: 'words.txt', error: { tag: 'Format', message: expect.any(String) } }],
  ]);
});

/** Faults, the exit code that each has in all commands, and the commands in which it can occur. */
const faults: readonly [fault: string, code: number, ...commands: string[]][] = [
  ['nothing is wrong', 0, 'info scan.npy', 'pi --points 100 --backend wasm', 'devices', 'fft --help'],
  [
    'a missing file',
    1,
    'info absent.npy',
    'convert absent.npy -o out.h5',
    'reduce absent.h5 -o out.cxi',
    'run sum absent.npy',
    'fft absent.npy -o out.npy',
    'geometry check absent.geom',
    'stream compare absent.stream absent.stream',
    'stream info absent.stream',
    'index absent.txt',
    'ffi absent.h',
    'run sum scan.npy --dark absent.npy',
    'run scan.npy --udf absent.mjs',
    'merge absent.stream -y 1',
  ],
  [
    'a file of another format',
    1,
    'info words.txt',
    'convert words.txt -o out.h5',
    'run sum words.txt',
    'fft words.txt -o out.npy',
    'geometry check words.txt',
    'stream compare bad.stream bad.stream',
    'stream info bad.stream',
  ],
  [
    'a flag that there is not',
    2,
    ...[
      'info',
      'convert',
      'reduce',
      'run',
      'fft',
      'geometry check',
      'stream compare',
      'simulate spots',
      'simulate frames',
    ],
    ...['udf new', 'pi', 'validate', 'bench', 'page', 'ffi', 'devices', 'worker', 'cluster', 'index', 'cell', 'merge'],
  ],
  [
    'a value out of range',
    2,
    'info scan.npy --dtype u7',
    'convert scan.npy -o out.h5 --packing zip',
    'reduce sim/run.h5 -o out.cxi --blanks 2',
    'convert scan.npy -o out.h5 --frames 9:1',
    'run disk scan.npy -r x',
    'run disk scan.npy -r -1',
    'run sum scan.npy --roi 9',
    'fft scan.npy -o out.npy --axes 7',
    'fft scan.npy -o out.npy --kind foo',
    'simulate spots -o new --images 0',
    'simulate frames -o new --size 1',
    'pi --points 0',
    'validate nosuch:row',
    'bench --seconds x',
    'udf new sums --language fortran',
    'udf new radial-variance',
    'page --port 99999',
  ],
  ['a flag that has no effect', 2, 'run sum scan.npy -r 3', 'fft scan.npy -o out.npy --length 7', 'pi --ri 3'],
  [
    'an unknown backend',
    2,
    'pi --backend gpu',
    'fft scan.npy -o out.npy --backend gpu',
    'run sum scan.npy --backend gpu',
    'devices --backend gpu',
    'validate pi:* --backend gpu',
    'bench pi:* --backend gpu',
  ],
  [
    'an output that exists',
    2,
    'convert scan.npy -o mine.npy',
    'run sum scan.npy -o mine.npy',
    'fft scan.npy -o mine.npy',
    'simulate spots -o old',
    'validate pi:* --html mine.html',
    'udf new sums --folder old',
  ],
  ['an output that is the input', 2, 'convert scan.npy -o scan.npy --force', 'fft scan.npy -o scan.npy --force'],
  ['an output by the name of another format', 2, 'convert scan.npy -o out.xyz', 'fft scan.npy -o out.npz'],
  [
    'a missing folder for outputs',
    1,
    'convert scan.npy -o no/out.h5',
    'fft scan.npy -o no/out.npy',
    'udf new sums --folder no/sums',
  ],
  ['a function of the user that throws', 1, 'run scan.npy --udf throws.mjs'],
  ['one of several that fails', 1, 'info scan.npy absent.npy', 'info scan.npy words.txt'],
];

test.for(faults)('%s: exit code %i', async ([fault, code, ...commands]) => {
  for (const command of commands) {
    const words = fault === 'a flag that there is not' ? `${command} --nosuchflag` : command;
    const { code: found, err } = await end(words);
    expect(`${words}: ${found}`, err).toBe(`${words}: ${code}`);
  }
});

test('a backend that is absent: exit code 2', async () => {
  const context = await createContext();
  const present = context.backends.map(({ name }) => name);
  await context.dispose();
  const absent = ['cuda', 'webgpu', 'native'].find((name) => !present.includes(name as 'native'));
  for (const words of ['pi --points 100', 'fft scan.npy -o gone.npy', 'run sum scan.npy'])
    if (absent) expect((await end(`${words} --backend ${absent}`)).code, words).toBe(2);
});

const onFrames = '--threshold 20 --min-snr 5 --backend wasm -j 1';
const never = 'it ends by Ctrl-C, whose code is tested with its page or its server';
/**
 * The outcomes of every command: the exit code of what is done and trusted, of what the user must look at or what
 * failed, and of what is refused before any work; or why a command has no such outcome here.
 */
const outcomes: Readonly<Record<string, readonly [trusted: string[], doubtful: string[], refused: string[]] | string>> =
  {
    index: [
      [
        `sim/run.h5 -g sim/run.geom -p sim/run.cell ${onFrames}`,
        `sim/run.h5 -g sim/run.geom -p sim/run.cell ${onFrames} --grid 4x3 -o wells.stream`,
        'lists/spots-001.txt --backend wasm',
      ],
      [
        `sim/run.h5 -g sim/run.geom -p 9,11,13,90,90,90 ${onFrames}`,
        `blank/run.h5 -g blank/run.geom -p sim/run.cell ${onFrames}`,
        `blank/run.h5 -g blank/run.geom -p none ${onFrames}`,
        `-i far.lst -g sim/run.geom -p sim/run.cell ${onFrames} -o far.stream`,
        'noise.txt -p 79,79,38,90,90,90 --backend wasm',
        'lists/spots-001.txt absent.txt --backend wasm',
      ],
      ['sim/run.h5 -g sim/run.geom --threshold x', 'sim/run.h5 -g sim/run.geom --dataset /no'],
    ],
    'geometry check': [['sim/run.geom sim/run.h5'], ['far.geom sim/run.h5'], ['sim/run.h5 sim/run.geom']],
    'geometry refine': [[], ['words.txt -o new.geom'], ['run.stream']],
    'stream merge': [
      ['run.stream -o joined.stream'],
      ['torn.stream -o joined.stream --force'],
      ['run.stream -o run.stream'],
    ],
    'stream map': [['wells.stream -o hits.png'], ['run.stream -o hits.png'], ['wells.stream -o hits.txt']],
    'stream info': [['run.stream'], ['torn.stream', 'bad.stream'], ['run.stream --nosuch']],
    'stream compare': [['run.stream run.stream'], ['run.stream bad.stream', 'run.stream other.stream'], ['run.stream']],
    // So few crystals cannot be divided into halves; test/merging merges more.
    merge: [
      ['--help'],
      ['run.stream -y 4/mmm', 'bad.stream -y 4/mmm', 'bare.stream -y 4/mmm'],
      ['run.stream -y 4/mmn'],
    ],
    cell: [
      ['nearly/spots-001.txt nearly/spots-002.txt --backend wasm'],
      [
        `blank/run.h5 -g blank/run.geom ${onFrames.replace(' -j 1', '')}`,
        // Of these, two decide; the third makes mP as probable as oP, and one alone gives no odds.
        'nearly/spots-001.txt nearly/spots-002.txt nearly/spots-003.txt --backend wasm',
        'nearly/spots-001.txt --backend wasm',
      ],
      ['sim/run.h5 --min-length -1'],
    ],
    'cell compare': [
      ['10,10,10,90,90,90 10,10,10,90,90,90'],
      ['10,10,10,90,90,90 9,10,11,90,90,90'],
      ['10,10,10,90,90,90'],
    ],
    'cell transform': [['10,10,10,90,90,90 a,b,-c'], ['words.txt a,b,-c'], ['10,10,10,90,90,90 2a,b,c']],
    'cell rings': [['10,10,10,90,90,90'], ['words.txt'], ['10,10,10,90,90,90 --highres 3 --lowres 2']],
    'cell ambiguities': [['10,10,10,90,90,90 -y 23'], ['words.txt -y 23'], ['10,10,10,90,90,90']],
    'reflections compare': [['--help'], ['words.txt words.txt -p 10,10,10,90,90,90'], ['words.txt']],
    'reflections convert': [['--help'], ['words.txt -o a.mtz -p 10,10,10,90,90,90'], ['words.txt -o a.words']],
    'reflections check': [['--help'], ['words.txt -p 10,10,10,90,90,90'], ['--nosuch']],
    reduce: [
      ['sim/run.h5 -o hits.cxi --threshold=12 -j 1 --backend wasm'],
      ['words.txt -o gone.cxi'],
      ['sim/run.h5 -o x.cxi --blanks 2'],
    ],
    info: [['scan.npy'], ['scan.npy words.txt'], ['scan.npy --dtype u7']],
    convert: [['scan.npy -o new.h5'], ['words.txt -o other.h5'], ['scan.npy -o new.xyz']],
    calibrate: [['--help'], ['words.txt'], ['scan.npy -o scan.npy']],
    run: [['sum scan.npy -o sum.npy'], ['scan.npy --udf throws.mjs'], ['sum scan.npy -r 3']],
    'udf new': [['sums --folder made'], ['sums --folder no/sums'], ['sums --language fortran']],
    fft: [['scan.npy -o fft.npy'], ['words.txt -o gone.npy'], ['scan.npy -o gone.npy --kind foo']],
    page: never,
    view: never,
    'simulate frames': [['-o made-frames --images 1 --size 64,64'], ['-o words.txt/in'], ['-o new --size 1']],
    'simulate scan': [['--help'], ['-o words.txt/in.h5'], ['-o new.h5 --nosuch']],
    'simulate spots': [['-o made-lists --images 1'], ['-o words.txt/in'], ['-o new --images 0']],
    'simulate merlin': never,
    'simulate dectris': never,
    devices: [[''], [], ['--backend gpu']],
    validate: [['pi:* --backend wasm'], [], ['nosuch:row']],
    bench: [['--help'], [], ['pi:nosuch']],
    worker: never,
    cluster: [['--help'], ['--connect nats://127.0.0.1:9'], ['--nosuch']],
    ffi: [['--help'], ['absent.h'], ['--nosuch']],
    pi: [['--points 100 --backend wasm'], [], ['--points 0']],
  };

/** The commands that a help lists, and whether the command has work of its own beside them. */
const listed = async (words: string[]): Promise<readonly [names: string[], isCommand: boolean]> => {
  const { out } = await ewaldTogether([...words, '--help'], { cwd: folder });
  const [, list = ''] = out.split('\nCommands:\n');
  const names = [...list.matchAll(/^ {2}(\w+)/gm)].map(([, name = '']) => name);
  return [names, names.length === 0 || /^Usage: .*\[command\] </m.test(out)];
};

test('every command has its outcomes: 0 trusted, 1 to be looked at or failed, 2 refused', { tags: 'all' }, async () => {
  await simulate();
  const commands: string[] = [];
  for (const name of (await listed([]))[0]) {
    const [parts, isCommand] = await listed([name]);
    commands.push(...(isCommand ? [name] : []), ...parts.map((part) => `${name} ${part}`));
  }
  expect(Object.keys(outcomes).sort()).toEqual(commands.sort());
  const wrong: string[] = [];
  for (const [command, rows] of Object.entries(outcomes))
    if (typeof rows !== 'string')
      for (const [code, lines] of rows.entries())
        for (const line of lines) {
          const words = `${command} ${line}`.trim();
          const { code: found, err } = await end(words);
          if (found !== code) wrong.push(`${words}: ${found} instead of ${code}: ${err}`);
        }
  expect(wrong).toEqual([]);
  // One impossible line of a list leaves the others.
  expect(readFileSync(join(folder, 'far.stream'), 'utf8').match(/Begin crystal/g)).toHaveLength(1);
});

test.for(['another terminal', 'Ctrl-C'])('a run that is ended by %s exits with its own code and words', async (by) => {
  const [before, stop] = [process.exitCode, new AbortController()];
  const { write } = process.stderr;
  let said = '';
  process.stderr.write = ((text: string) => {
    said += text;
    return true;
  }) as typeof write;
  const summary = new RunSummary(undefined, []);
  /** A run that has searched two frames when it ends, as one whose cluster or whose user ends it. */
  const pipeline = async function* ({ onEvent }: { onEvent(event: unknown): void }) {
    onEvent({ kind: 'end', isWhole: false, summary, outputs: [], isLive: false });
    if (by === 'Ctrl-C') stop.abort();
    yield* [];
    throw new EwaldError('Aborted', 'the run was cancelled by ewald cluster on host b');
  };
  const context = { pipeline, dispose: async () => undefined };
  try {
    endsBy(stop.signal);
    const asked = { executor: { kind: 'inline' }, options: { inputs: [] }, isStream: false };
    const deps = { createContext: async () => context, signal: stop.signal };
    await runFrames(asked as never, { json: true } as never, deps as never).catch((error) => {
      process.exitCode = fail(error);
    });
    expect([process.exitCode, /cancelled by ewald cluster on host b/.test(said)]).toEqual(
      by === 'Ctrl-C' ? [130, false] : [1, true],
    );
  } finally {
    process.stderr.write = write;
    process.exitCode = before;
  }
});

test('a run is resumed with nothing to do, with other frames, and beside a file that is broken', {
  tags: 'all',
}, async () => {
  const made = 'simulate frames -o six --images 6 --size 700,700 --symmetry 4/mmm --seed 1';
  expect((await end(made)).code).toBe(0);
  const how = '-g six/run.geom -p six/run.cell --threshold 20 --min-snr 5 --backend wasm -j 1';
  const chunks = (name: string): number => readFileSync(join(folder, name), 'utf8').split('Begin chunk').length - 1;
  const index = `index six/run.h5 ${how}`;
  const first = await end(`${index} -o whole.stream --merge 4/mmm`);
  const before = readFileSync(join(folder, 'whole.stream'), 'utf8');
  const again = await end(`${index} -o whole.stream --merge 4/mmm --resume`);
  // Few crystals: how good the merge is remains open, the second time as the first.
  expect([again.code, again.err]).toEqual([first.code, expect.not.stringContaining('nothing to merge')]);
  expect(readFileSync(join(folder, 'whole.stream'), 'utf8')).toBe(before);
  expect(first.err).not.toContain('nothing to merge');
  // Frames 1, 3 and 5 were left out, and come before the last one that is there.
  await end(`${index} -o some.stream --frames 0:6:2`);
  expect(chunks('some.stream')).toBe(3);
  expect((await end(`${index} -o some.stream --frames 0:6 --resume`)).code).toBe(0);
  expect(chunks('some.stream')).toBe(6);
  for (const words of ['absent.h5 six/run.h5', 'words.txt six/run.h5', 'six/run.h5 words.txt']) {
    const { code, err, out } = await end(`index ${words} ${how} -o beside.stream --force`);
    expect([code, out], `${words}: ${err}`).toEqual([1, expect.stringContaining('6 of 7 frames indexed')]);
  }
});

/** A module with a function that says when it has started. */
function spinning(name: string, method: string, top = ''): string {
  const text = `import { writeSync } from 'node:fs';
    const started = () => writeSync(2, 'started');
    export const spin = {
      name: 'spin', module: import.meta.url, buffers: { n: { kind: 'nav', dtype: 'f32' } }, ${method}
    };
    ${top}`;
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test.each([
  ['while it runs', 'processFrame() { started(); for (;;); }', '', []],
  ['while its module is loaded', 'processFrame() {}', 'started(); for (;;);', []],
  ['while parts are merged', 'processFrame() {}, merge() { started(); for (;;); }', '', ['--executor', 'workers']],
])('a function of the user that never returns %s ends with Ctrl-C', { tags: 'all' }, async (_, method, top, more) => {
  const udf = spinning('spins.mjs', method, top);
  const words = ['run', 'scan.npy', '--udf', udf, '-o', 'spun.npy', '--backend', 'wasm', ...more];
  const { signal } = await ewald(words, { cwd: folder, interruptAt: /started/, insists: true });
  expect(signal).toBe('SIGINT');
  expect(existsSync(join(folder, 'spun.npy'))).toBe(false);
});

test.skipIf(!existsSync(addon))(
  'a function of the user that Ctrl-C interrupts leaves its finished positions as NAME.part',
  { tags: 'all' },
  async () => {
    const shape = [64, 256, 256];
    const data = Float32Array.from({ length: 64 * 65536 }, (_, i) => 1 + Math.floor(i / 65536));
    writeFileSync(join(folder, 'long.npy'), formatNpy({ shape, complex: false, data }));
    writeFileSync(
      join(folder, 'interrupts.mjs'),
      `export const first = { name: 'first', buffers: { n: { kind: 'nav', dtype: 'f32' } },
        processFrame({ frame, results }) {
          results.n[0] = frame[0];
          if (frame[0] === 20) process.kill(process.pid, 'SIGINT');
        } };`,
    );
    const words = ['run', 'long.npy', '--udf', 'interrupts.mjs', '-o', 'first.npy', '--backend', 'wasm'];
    const { code, err, out } = await ewald(words, { cwd: folder });
    expect([code, err]).toEqual([130, expect.stringContaining('interrupted: what was finished is kept')]);
    expect(out).toMatch(/first\.npy\.part\n[\s\S]*\d+ of 64 positions measured; the others are NaN/);
    expect(existsSync(join(folder, 'first.npy'))).toBe(false);
    const { data: kept } = readNpy(readFileSync(join(folder, 'first.npy.part')));
    const measured = [...kept].findIndex(Number.isNaN);
    expect(measured).toBeGreaterThanOrEqual(16);
    expect([...kept].slice(0, measured)).toEqual(Array.from({ length: measured }, (_, i) => 1 + i));
  },
);

test.skipIf(!existsSync(addon))(
  'a function of the user that never returns on a live scan ends with the second Ctrl-C',
  { tags: 'all' },
  async () => {
    writeFileSync(join(folder, 'frames.raw'), new Uint16Array(4 * 64));
    const open = { format: 'raw', dtype: 'u16', sigShape: [8, 8], navShape: [2, 2] } as const;
    const detector = await simulateMerlin(join(folder, 'frames.raw'), { port: 0, open });
    const udf = spinning('spins-live.mjs', 'processFrame() { started(); for (;;); }');
    const { host, port, dataPort } = detector;
    const address = ['--connect', `merlin://${host}:${port}`, '--data-port', String(dataPort), '--udf', udf];
    try {
      const words = ['run', ...address, '-o', 'live.npy', '--backend', 'wasm'];
      const { signal } = await ewald(words, { cwd: folder, interruptAt: /started/, insists: true });
      expect(signal).toBe('SIGINT');
      expect(existsSync(join(folder, 'live.npy'))).toBe(false);
    } finally {
      await detector.close();
    }
  },
);

test.skipIf(!natsPresent)(
  'a merge of the parts of a cluster that never returns ends with Ctrl-C',
  { tags: 'all' },
  async () => {
    const server = await new NatsServer().start();
    const worker = await new WorkerProcess(server.url, ['--allow-modules']).joined();
    try {
      writeFileSync(
        join(folder, 'merges.mjs'),
        `import { writeSync } from 'node:fs';
      export const merges = {
        name: 'merges', module: import.meta.url, buffers: { n: { kind: 'nav', dtype: 'f32' } },
        processFrame() {}, merge() { writeSync(2, 'started'); for (;;); },
      };`,
      );
      const words = ['run', 'scan.npy', '--udf', 'merges.mjs', '-o', 'merged.npy', '--executor', server.url];
      const { signal } = await ewald(words, { cwd: folder, interruptAt: /started/, insists: true });
      expect(signal).toBe('SIGINT');
      expect(existsSync(join(folder, 'merged.npy'))).toBe(false);
    } finally {
      worker.kill();
      await server.stop();
    }
  },
);

test('a count of pi that takes long says how long', { tags: 'all' }, async () => {
  const words = ['pi', '--points', '1e16', '--backend', 'wasm'];
  const { code, err } = await ewald(words, { interruptAt: /take about/ });
  expect(code).toBe(130);
  expect(err).toMatch(/^10000000000000000 points on wasm take about \d+ (days|years); Ctrl-C ends the count$/m);
});

test('a library whose start never returns ends with Ctrl-C', { tags: 'all' }, async () => {
  writeFileSync(join(folder, 'spin.h'), 'int f(int a);\n#warning started\n');
  // (module (func (loop br 0)) (start 0))
  const sections = [
    [1, 1, 0x60, 0, 0],
    [3, 1, 0],
    [8, 0],
    [10, 1, 7, 0, 3, 0x40, 0x0c, 0, 0x0b, 0x0b],
  ].map(([id = 0, ...bytes]) => [id, bytes.length, ...bytes]);
  writeFileSync(join(folder, 'spin.wasm'), Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections.flat()]));
  const words = ['ffi', 'spin.h', '--lib', './spin.wasm', '--call', 'f', '1'];
  const { signal } = await ewald(words, { cwd: folder, interruptAt: /started/, insists: true });
  expect(signal).toBe('SIGINT');
});

test('a module of the user whose setup never returns ends with Ctrl-C', { tags: 'all' }, async () => {
  // (memory 1), heap() and process() that return 0, and setup() with (loop br 0).
  const text = (name: string): number[] => [name.length, ...Buffer.from(name)];
  const sections = [
    [1, 3, 0x60, 0, 1, 0x7f, 0x60, 4, 0x7f, 0x7f, 0x7f, 0x7f, 1, 0x7f, 0x60, 0, 0],
    [3, 3, 0, 1, 1],
    [5, 1, 0, 1],
    [7, 4, ...text('memory'), 2, 0, ...text('heap'), 0, 0, ...text('process'), 0, 1, ...text('setup'), 0, 2],
    [10, 3, 4, 0, 0x41, 0, 0x0b, 4, 0, 0x41, 0, 0x0b, 9, 0, 3, 0x40, 0x0c, 0, 0x0b, 0x41, 0, 0x0b],
  ].map(([id = 0, ...bytes]) => [id, bytes.length, ...bytes]);
  writeFileSync(join(folder, 'setup.wasm'), Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections.flat()]));
  const buffers = "buffers() { started(); return { n: { kind: 'nav', dtype: 'f32' } }; }, processFrame() {}";
  const udf = spinning('setup.mjs', `wasm: new URL('setup.wasm', import.meta.url), ${buffers}`);
  const words = ['run', 'scan.npy', '--udf', udf, '-o', 'setup.npy', '--backend', 'wasm'];
  const { code, signal } = await ewald(words, { cwd: folder, interruptAt: /started/, insists: true });
  // One that comes just before its setup ends the run as usual.
  expect([130, 'SIGINT']).toContain(signal ?? code);
  expect(existsSync(join(folder, 'setup.npy'))).toBe(false);
});

/** An array of Zarr in one file of a few bytes, whatever it claims. */
function claims(name: string, shape: readonly number[]): string {
  mkdirSync(join(folder, name));
  const more = { compressor: null, filters: null, fill_value: 0, order: 'C' };
  const about = { zarr_format: 2, shape, chunks: shape.map(() => 1), dtype: '<u2', ...more };
  writeFileSync(join(folder, name, '.zarray'), JSON.stringify(about));
  return name;
}

test.skipIf(!existsSync(addon)).each([
  ['10⁹ frames', () => ['run', 'sum', claims('many.zarr', [1e9, 1, 1]), '-o', 'claims.npy', '--status', '0']],
  [
    '10⁹ chunks in a frame',
    () => [
      'run',
      'sum',
      claims('wide.zarr', [2, 32000, 32000]),
      '-o',
      'claims.npy',
      '--status',
      '0',
      '--max-frame-bytes',
      '1e10',
    ],
  ],
  [
    '10⁶ lines in a list',
    () => {
      const lines = Array.from({ length: 1e6 }, (_, i) => `absent.h5 //${i}\n`);
      writeFileSync(join(folder, 'long.lst'), lines.join(''));
      return ['index', '-i', 'long.lst', '-p', '79,79,38,90,90,90', '-o', 'claims.stream'];
    },
  ],
] as const)('%s do not keep a command that is ended by Ctrl-C', { tags: 'all' }, async (_, make) => {
  const words = make();
  const { code, signal } = await ewald(words, {
    ...{ cwd: folder, env: { EWALD_LOG_LEVEL: 'debug' }, insists: true },
    // The state is served before the frames are counted.
    interruptAt: /: available|http:/,
  });
  expect([130, 'SIGINT']).toContain(signal ?? code);
  expect(readdirSync(folder).filter((name) => name.includes('claims'))).toEqual([]);
});
