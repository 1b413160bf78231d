/** Flags that resemble another one, and files that are no frames: the message says what to give. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inShell } from '../../src/cli/command-line.js';
import { failureLine } from '../../src/cli/frame-lines.js';
import { formatNpy } from '../../src/frames/npy.js';
import { ewaldTogether as ewald } from '../support/cli.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-suggestions-'));
  await ewald(['simulate', 'frames', '-o', folder, '--images=3', '--size=96,96']);
});
afterAll(() => rm(folder, { recursive: true }));

test.for(['--treshold=12', '--treshold'])('ewald index %s names the flag that was meant', async (word) => {
  const { code, err } = await ewald(['index', 'run.h5', word]);
  expect(code).toBe(2);
  expect(err).toMatch(/unknown option '--treshold'\n\(Did you mean --threshold\?\)/);
});

test.for([
  [['run', 'sum', 'a.npy', '--out', 'b.npy'], 'Did you mean --output?'],
  [['run', 'center-of-mass', 'a.npy'], 'did you mean "com"?'],
  [['run', 'HAADF', 'a.npy'], 'did you mean "ring"?'],
  [['center-of-mass', 'a.npy'], 'there is no command "center-of-mass"; expected ewald run com SCAN'],
  [['centre_of_mass', 'a.npy'], 'expected ewald run com SCAN'],
  [['run', 'center_of_mass', 'a.npy'], 'did you mean "com"?'],
  [['cell_explorer', 'run.stream'], 'expected ewald stream info RUN.stream; a report (--html) draws'],
  [['hdfsee', 'run.h5'], 'expected ewald view FILE'],
  [['virtual-detector', 'a.npy'], 'expected ewald run disk SCAN, or ewald run ring SCAN'],
  [['geometry', 'dir/run.geom'], 'dir/run.geom is a file; expected ewald geometry check dir/run.geom'],
  [['stream', 'run.stream'], 'run.stream is a file; expected ewald stream info run.stream'],
  [['cell', 'run.h5', '--energy', '9000'], 'is a line of the geometry, "photon_energy = 9500 eV" (-g)'],
  [['index', 'run.h5', '--energy', '9000'], 'is a line of the geometry, "photon_energy = 9500 eV" (-g)'],
  [['index', 'run.h5', '--geom', 'run.geom'], 'Did you mean --geometry?'],
  [['pi', '1e6'], 'ewald pi takes no words; did you mean ewald pi --points 1e6?'],
  [['index', '--help-all'], 'ewald COMMAND --help all lists all options'],
  [['--help-all'], 'ewald --help lists the commands'],
  [['merge', 'run.stream'], "'-y, --symmetry <group>' not specified: point group as CrystFEL names it"],
  [['convert', 'a.h5', '--out', 'b.npy'], 'the output has a flag: ewald convert a.h5 -o b.npy'],
] as const)('ewald %j: names of other programs are understood', async ([words, message]) => {
  const { code, err } = await ewald(words);
  expect([code, err]).toEqual([2, expect.stringContaining(message)]);
});

test.for([
  [['run', 'sum', 'a.npy', '--no-data-timeout', '5'], '--no-data-timeout of this command is called --stall'],
  [['index', 'a.h5', '--stall=5'], '--stall of this command is called --no-data-timeout'],
] as const)('ewald %j names the present flag', async ([words, message]) => {
  const { code, err } = await ewald(words);
  expect([code, err]).toEqual([2, expect.stringContaining(message)]);
});

test.for(['--multi=1', '--no-integrate=yes', '--json=true'])(
  'ewald index %s: the flag takes no value',
  async (word) => {
    const flag = word.replace(/=.*/, '');
    const { code, err } = await ewald(['index', 'run.h5', word]);
    expect([code, err]).toEqual([2, expect.stringContaining(`${flag} takes no value; give ${flag} alone, or leave`)]);
  },
);

test('the next command is printed as a shell takes it', async () => {
  const words = ['simulate', 'frames', '-o', join(folder, 'my data'), '--images=1', '--size=64,64'];
  const { code, out } = await ewald(words);
  const at = (name: string): string => `'${join(folder, 'my data', name)}'`;
  expect([code, out.trimEnd()]).toEqual([
    0,
    `1 frame in ${at('run.h5').slice(1, -1)}; index it with: ewald index ${at('run.h5')} -g ${at('run.geom')} ` +
      `-p ${at('run.cell')} -o ${at('run.stream')}`,
  ]);
  expect(inShell("it's")).toBe("'it'\\''s'");
});

test('options are refused by their names in other rooms', async () => {
  const { Context } = await import('../../dist/udf.node.js');
  await using ctx = new Context({ context: { backend: 'wasm' } });
  const options = { follow: true, navShape: [2, 2], noDataTimeout: 5 } as const;
  await expect(ctx.load('a.raw', options as never)).rejects.toThrow('the option noDataTimeout is called stallS');
  const { createContext } = await import('../../dist/index.node.js');
  await using context = await createContext({ backend: 'wasm' });
  const run = async () => {
    for await (const _ of context.pipeline({ inputs: 'a.h5', stallS: 5 } as never)) break;
  };
  await expect(run()).rejects.toThrow('the option stallS is called noDataTimeout');
});

test.for([
  ['--max-frames', ['index', 'run.h5', '--max-frames', '3'], '--frames'],
  ['--max-image-size', ['index', 'run.h5', '--max-image-size', '3'], undefined],
  ['--min-ress', ['index', 'run.h5', '--min-ress=3'], '--min-res'],
  ['--no-integrat', ['index', 'run.h5', '--no-integrat'], '--no-integrate'],
] as const)('%s suggests flags of near words alone', async ([flag, words, near]) => {
  const { code, err } = await ewald(words);
  expect(code).toBe(2);
  expect(err).toContain(`unknown option '${flag}'\n${near === undefined ? '(--help' : `(Did you mean ${near}?)`}`);
});

test('a threshold that is no number is refused, and its unit is stated', async () => {
  const { code, err } = await ewald(['index', join(folder, 'run.h5'), '--threshold', 'banana']);
  expect([code, err]).toEqual([2, 'ewald: --threshold is "banana"; expected a number, in units of the frame\n']);
});

/** The beginnings of files that are no lists of spots, and what to do with each. */
const others = [
  [
    'run.stream',
    'CrystFEL stream format 2.3\nGenerated by x\n',
    /it is a stream: ewald stream info .* ewald index searches its peaks/,
  ],
  ['run.geom', 'wavelength  = 1.0 A\n', /it is a geometry of a detector: give it as geometry \(-g\)/],
  [
    'said.geom',
    '; made by hand\n\n  ; twice\nq0/min_fs = 0\n',
    /it is a geometry of a detector: give it as geometry \(-g\)/,
  ],
  ['run.cell', 'CrystFEL unit cell file version 1.0\n', /it is a known cell: give it as one of the cells \(-p\)/],
  ['merged.hkl', 'CrystFEL reflection list version 2.0\n', /it is a list of merged reflections: ewald merge/],
] as const;

test.for(others)('ewald cell and ewald index name what %s is', async ([name, text, words]) => {
  const file = join(folder, `list-${name}`);
  await writeFile(file, text);
  const cell = await ewald(['cell', file]);
  expect([cell.code, cell.err]).toEqual([1, expect.stringMatching(words)]);
  // A stream is an input of ewald index.
  if (name.endsWith('.stream')) return;
  const { code, out } = await ewald(['index', file]);
  expect([code, out]).toEqual([1, expect.stringMatching(words)]);
  expect(out).not.toMatch(/none of the known frame formats|if it lists files/);
});

test('a file of a run that holds plain numbers is described to what takes a description', () => {
  const [origin, error] = [{ filename: 'x.bin', event: 0, serial: 1 }, new Error()];
  error.message =
    "x.bin (512 bytes) has none of the known formats: npy. If it holds plain numbers, describe them: dtype: 'u16', " +
    'sigShape: [16, 16]';
  const command = 'ewald convert FILE --dtype u16 --sig-shape 16,16 -o frames.h5';
  expect(failureLine(origin, error)).toContain(`If it holds plain numbers: ${command}`);
});

test('an output in a folder that does not exist names the folder, as far as possible as it was written', async () => {
  const input = join(folder, 'ones.npy');
  await writeFile(input, formatNpy({ shape: [4], data: new Float64Array(4), complex: false }));
  const absent = join(folder, 'absent');
  for (const [file, named, cwd] of [
    [join(absent, 'a.npy'), absent, undefined],
    ['absent/a.npy', 'absent', folder],
  ] as const) {
    const { code, err } = await ewald(['fft', input, '-o', file, '--kind', 'c2c'], cwd === undefined ? {} : { cwd });
    expect([code, err]).toEqual([
      1,
      `ewald: ${file} cannot be written: the folder ${named} does not exist; make it first\n`,
    ]);
  }
});

test('frames that fail for one reason are one line and their number', { tags: 'all' }, async () => {
  const bytes = await readFile(join(folder, 'run.h5'));
  await writeFile(join(folder, 'cut.h5'), bytes.subarray(0, bytes.length / 2));
  const cut = Array.from({ length: 80 }, (_, i) => `cut.h5 //${i}`);
  const lines = ['run.h5 //0', ...cut, 'run.h5 //1', 'cut.h5 //0', 'absent.h5 //3', ''];
  await writeFile(join(folder, 'cut.lst'), lines.join('\n'));
  const flags = ['-g', join(folder, 'run.geom'), '-p', join(folder, 'run.cell')];
  const { code, err } = await ewald(['index', '-i', join(folder, 'cut.lst'), ...flags, '-o', join(folder, 'c.stream')]);
  expect(code).toBe(1);
  const failed = err.match(/^✗.*/gm) ?? [];
  expect(failed).toEqual([
    expect.stringMatching(/cut\.h5 \/\/0.*it is truncated/),
    '✗ 79 further frames for the same reason',
    expect.stringMatching(/cut\.h5 \/\/0.*it is truncated/),
    `✗ ${join(folder, 'absent.h5')} //3 does not exist`,
  ]);
  for (const line of failed) expect(line.split('.h5').length).toBeLessThanOrEqual(2);
});

test.for([
  ['merged.hkl', 'CrystFEL reflection list version 2.0\nSymmetry: 4/m\n', /list of merged reflections: ewald merge/],
  ['merged.mtz', 'MTZ \u0015\u0000\u0000\u0000', /MTZ file of reflections: ewald merge/],
  ['run.stream', 'CrystFEL stream format 2.3\n', /a stream: ewald stream info/],
  ['notes.txt', 'nothing\n', /a text file, which holds no frames/],
] as const)('ewald info recognises %s', async ([name, text, words]) => {
  const file = join(folder, name);
  await writeFile(file, text, 'latin1');
  const { code, err } = await ewald(['info', file]);
  expect(code).toBe(1);
  expect(err).toMatch(words);
});

test('a mistake is answered with what was meant', async () => {
  const at = (name: string): string => join(folder, name);
  await writeFile(
    at('scan.npy'),
    formatNpy({ shape: [2, 2, 16, 16], data: new Float64Array(1024).fill(1), complex: false }),
  );
  await writeFile(at('old.stream'), 'CrystFEL stream format 2.3\nGenerated by ewald 0.1.0\n');
  await writeFile(at('other.stream'), 'CrystFEL stream format 2.3\nGenerated by CrystFEL 0.10.2\n');
  // A list that is typed may name files anywhere on the machine, but no addresses.
  await writeFile(at('address.lst'), 'http://127.0.0.1:9/run.h5\n');
  const index = ['index', at('run.h5'), '-g', at('run.geom')];
  for (const [words, expected, said] of [
    [
      ['run', 'com', at('scan.npy'), '-r', '500'],
      2,
      /-r is 500, and no pixel of a frame of 16 × 16 is farther than 11/,
    ],
    [['run', 'disk', at('scan.npy'), '-r', '500'], 2, /-r is 500, and no pixel/],
    [['run', 'ring', at('scan.npy'), '--ri=300', '--ro=400'], 2, /--ri is 300, and no pixel/],
    [['run', 'sum', at('scan.npy'), '-o', at('x.png')], 2, /-o is .*x\.png, but it writes numbers .*; --png .*x\.png/],
    [['run', 'sum', at('scan.npy')], 0, /nothing was written: -o FILE\.npy keeps the results, --png FILE\.png a/],
    [
      [...index, '-p', '1LYZ', '-o', at('no.stream')],
      1,
      /for the PDB entry 1LYZ, download 1lyz\.pdb and give that file/,
    ],
    [
      [...index, '-p', at('run.cell'), '-o', at('other.stream')],
      2,
      /other\.stream exists and is not a stream that ewald wrote; choose another name, or pass --force/,
    ],
    [['index', '-i', at('address.lst'), '-o', at('no.stream')], 1, /names http:.*, which is not in its folder/],
    // NumPy's short names count bytes; u8 is known, and has eight bits.
    [['convert', at('run.raw'), '--dtype', 'u2', '-o', at('no.h5')], 2, /did you mean dtype "u16"\?/],
    [['convert', at('run.raw'), '--dtype', 'f8', '-o', at('no.h5')], 2, /did you mean dtype "f64"\?/],
    [['convert', 'a.h5', 'b'], 2, /the output has a flag: ewald convert a\.h5 -o b\.h5/],
    [
      [...index, '-p', at('run.cell'), '-o', at('old.stream')],
      1,
      /stream written to .*, in the place of that of \d{4}-/,
    ],
  ] as const) {
    const { code, out, err } = await ewald([...words]);
    expect([words.slice(0, 2).join(' '), code, out + err]).toEqual([
      expect.anything(),
      expected,
      expect.stringMatching(said),
    ]);
  }
});
