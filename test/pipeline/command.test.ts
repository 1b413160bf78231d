/** `ewald index` on frames with typical user input: correct, incomplete and wrong. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCell } from '../../dist/index.node.js';
import { ewaldTogether as ewald, ewald as ewaldAlone } from '../support/cli.js';
import { dataFolder } from '../support/data.js';
import { tier, variants } from '../support/variants.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-frames-'));
});
afterAll(() => rm(folder, { recursive: true }));

const sim = (name: string): string => join(dataFolder ?? '', 'sim', name);
const search = ['-g', sim('mono.geom'), '-p', sim('mono.cell'), '--threshold=12', '--min-res=20', '--backend=wasm'];
const usual = [...search, '--executor=inline'];

describe.skipIf(!dataFolder)(`frames on the command line${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  test('a list names files and single frames; serial numbers are continuous', { tags: 'nightly' }, async () => {
    const list = join(folder, 'in.lst');
    writeFileSync(list, `${sim('mono.h5')} //4\n${sim('mono.h5')} //1\n`);
    const stream = join(folder, 'list.stream');
    const { code, err } = await ewald([
      'index',
      '-i',
      list,
      '--allow-outside',
      ...usual,
      '-o',
      stream,
      '--serial-start',
      '7',
    ]);
    expect(code, err).toBe(0);
    const text = readFileSync(stream, 'utf8');
    expect([...text.matchAll(/^Event: (.*)$/gm)].map(([, event]) => event)).toEqual(['//4', '//1']);
    expect([...text.matchAll(/^Image serial number: (.*)$/gm)].map(([, serial]) => serial)).toEqual(['7', '8']);
  });

  test('more jobs give the same stream, except for the command line', { tags: 'nightly' }, async () => {
    const streams = await Promise.all(
      ['1', '3'].map(async (jobs) => {
        const stream = join(folder, `jobs-${jobs}.stream`);
        await ewald(['index', sim('mono.h5'), ...search, '-o', stream, '-j', jobs]);
        return readFileSync(stream, 'utf8').split('\n').slice(3).join('\n');
      }),
    );
    expect(streams[0]?.length).toBeGreaterThan(10_000);
    expect(streams[1]).toBe(streams[0]);
  });

  test.for(['dispersion', 'dispersion-extended'])(
    '%s finds the crystals without a threshold',
    { tags: 'all' },
    async (finder) => {
      const plain = usual.filter((word) => !word.startsWith('--threshold'));
      const words = ['index', sim('mono.h5'), ...plain, `--peaks=${finder}`, '--kernel-size=4', '--json'];
      const { code, out, err } = await ewald(words);
      expect(code, err).toBe(0);
      const lines = out.trim().split('\n');
      expect(lines.map((line) => JSON.parse(line).crystals.length)).toEqual([1, 1, 1, 1, 1, 1]);
    },
  );

  test.for(variants(['peakfinder8', 'zaef', 'dispersion']))(
    '%s: the flags that are printed repeat the run to the byte',
    { tags: tier },
    async (finder) => {
      const words = [
        'index',
        sim('mono.h5'),
        '-g',
        sim('mono.geom'),
        '-p',
        sim('mono.cell'),
        '--backend=wasm',
        '-j',
        '1',
      ];
      const streams = ['told', 'repeated'].map((name) => join(folder, `${finder}-${name}.stream`));
      const [told = '', repeated = ''] = streams;
      const { code, err } = await ewald([...words, `--peaks=${finder}`, '-o', told]);
      expect(code, err).toBe(0);
      const flags =
        /first 4 frames \(1 unit of the frame per photon, spots of 0\.\d+ pixels sigma\) (--.*)$/m
          .exec(err)?.[1]
          ?.split(' ') ?? [];
      expect(flags).toContain('--int-radius=4,5,7');
      const again = await ewald([...words, ...flags, '-o', repeated]);
      expect(again.code, again.err).toBe(0);
      expect(again.err).not.toMatch(/from the first/);
      const body = (file: string): string => readFileSync(file, 'utf8').split('\n').toSpliced(2, 1).join('\n');
      expect(body(repeated).match(/Begin crystal/g)).toHaveLength(6);
      expect(body(repeated)).toBe(body(told));
    },
  );

  test('zaef also finds the crystals, with the given radii and gradient', { tags: 'nightly' }, async () => {
    const words = ['index', sim('mono.h5'), ...usual, '--peaks=zaef', '--min-squared-gradient=200'];
    const [usualRadii, wide] = await Promise.all([
      ewald([...words, '--json']),
      ewald([...words, '--peak-radius=8,9,12', '--json']),
    ]);
    const peaks = ({ out }: { out: string }): number[] =>
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
        .map(({ crystals, peaks }) => (crystals.length === 1 ? peaks : 0));
    expect(usualRadii.code, usualRadii.err).toBe(0);
    expect(Math.min(...peaks(usualRadii))).toBeGreaterThan(0);
    // The peaks are twice the first radius apart.
    expect(peaks(wide).reduce((sum, n) => sum + n, 0)).toBeLessThan(peaks(usualRadii).reduce((sum, n) => sum + n, 0));
  });

  test('JSON lines carry the indices of the peaks', { tags: 'all' }, async () => {
    const { code, out } = await ewald(['index', sim('mono.h5'), ...usual, '--json']);
    expect(code).toBe(0);
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(6);
    const [crystal] = lines[0].crystals;
    expect(crystal.indices).toHaveLength(3 * crystal.indexedPeaks.length);
    expect(crystal.indexedPeaks.length).toBeGreaterThan(50);
    expect(crystal.resolutionA).toBeGreaterThan(1);
  });

  test('with -p none only peaks are found, and the run reports that nothing was indexed', { tags: 'all' }, async () => {
    const words = ['index', sim('mono.h5'), '-g', sim('mono.geom'), '-p', 'none', '--threshold=12', '--backend=wasm'];
    const { code, out } = await ewald(words);
    expect(code).toBe(0);
    expect(out).toMatch(/0 of 6 frames indexed, 0 crystals, 6 hits/);
    expect(out).toMatch(/only searched for peaks \(-p none\); to index them, give -p CELL/);
  });

  test.for([
    ['a wrong cell', '60,65,45,90,95,90', true],
    ['the right cell', sim('run.cell'), false],
  ] as const)(
    '%s: a run whose crystals explain few of the peaks says so',
    { tags: 'all' },
    async ([, cell, doubted]) => {
      const words = [
        '-g',
        sim('run.geom'),
        '-p',
        cell,
        '--threshold=12',
        '--no-integrate',
        '--backend=wasm',
        '-j',
        '1',
      ];
      const { code, out, err } = await ewald(['index', sim('run.h5'), ...words]);
      expect(code, err).toBe(doubted ? 1 : 0);
      expect(/warning: the crystals explain only \d+ % of the peaks .*check the cell/.test(err)).toBe(doubted);
      // Most frames of a doubtful cell are not ticked.
      expect((out.match(/^\? .*run\.h5/gm) ?? []).length > 6).toBe(doubted);
    },
  );

  test('without -p the cell is determined from the frames, and the flag that repeats it is printed', {
    tags: 'all',
  }, async () => {
    const [own, again] = [join(folder, 'own.stream'), join(folder, 'again.stream')];
    const words = ['index', sim('mono.h5'), '-g', sim('mono.geom'), '--min-res=20', '-j', '1', '--backend=wasm'];
    const { code, err } = await ewald([...words, '-o', own]);
    expect(code, err).toBe(0);
    const search = /--threshold=[\d.]+ .*$/m.exec(err)?.[0]?.split(' ') ?? [];
    const [, cell = ''] =
      /cell: from 6 of the first 6 frames -p (\S+) \(mP; errors .* A, .* deg[^;]*; odds against aP/.exec(err) ?? [];
    const truth = [36.2, 62.5, 98.1, 90, 97.3, 90];
    for (const [i, x] of cell.split(',').map(Number).entries())
      expect(Math.abs(x - (truth[i] ?? 0))).toBeLessThan(0.05);
    const { out } = await ewald(['stream', 'compare', own, sim('mono.truth.json'), '--json']);
    expect(JSON.parse(out)).toMatchObject({ crystalsRight: 6, crystalsWrong: 0 });
    await ewald([...words, ...search, '-p', cell, '-o', again]);
    const body = (file: string): string => readFileSync(file, 'utf8').split('\n').toSpliced(2, 1).join('\n');
    expect(body(again)).toBe(body(own));
  });

  test('two kinds of crystals in one run, each found by its own cell', { tags: 'all' }, async () => {
    const list = join(folder, 'two.lst');
    writeFileSync(list, `${sim('mono.h5')} //0\n${sim('run.h5')} //0\n${sim('mono.h5')} //1\n${sim('run.h5')} //1\n`);
    const cells = ['-p', sim('mono.cell'), '-p', sim('run.cell')];
    const words = [
      'index',
      '-i',
      list,
      '--allow-outside',
      '-g',
      sim('run.geom'),
      ...cells,
      '--threshold=12',
      '--min-res=20',
    ];
    const { code, out, err } = await ewald([...words, '-j', '1', '--backend=wasm', '--json']);
    expect(code, err).toBe(0);
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ crystals }) => crystals.map(({ knownCell }: { knownCell: number }) => knownCell))).toEqual([
      [0],
      [1],
      [0],
      [1],
    ]);
    expect(err).toMatch(/known cell 1, 2 crystals: median cell 36\.2.*known cell 2, 2 crystals: median cell 79\.0/s);
  });

  test('ewald cell determines the cell of frames and writes it for -p', { tags: 'nightly' }, async () => {
    const cell = join(folder, 'found.cell');
    const words = ['cell', sim('weak.h5'), '-g', sim('weak.geom'), '--min-res=20', '--backend=wasm'];
    const { code, out, err } = await ewald([...words, '-o', cell]);
    expect(code, err).toBe(0);
    const best = /best, indexes 8 of 8 .*\n +tP +(\S+) +\1 +38\.0\d+ .*errors /;
    expect(out).toMatch(
      new RegExp(`${best.source}.*; odds against .*reuse it with -p \\1,\\1,38\\.\\S+,90,90,90`, 's'),
    );
    const { cell: rows } = readCell(readFileSync(cell, 'utf8'));
    expect(rows.map((row) => Math.hypot(...row))).toEqual([79, 79, 38].map((x) => expect.closeTo(x, 1)));
    // A user may have corrected the file since.
    expect((await ewald([...words, '-o', cell])).err).toMatch(
      /exists and its format cannot say which program wrote it.*--force/s,
    );
    // Frames without crystals have no cell.
    const blank = join(folder, 'blank.npy');
    const header = `${"{'descr': '<u2', 'fortran_order': False, 'shape': (2, 1024, 1024), }".padEnd(117)}\n`;
    const frames = new Uint16Array(2 * 1024 * 1024).fill(3);
    writeFileSync(
      blank,
      Buffer.concat([Buffer.from('\x93NUMPY\x01\0v\0', 'latin1'), Buffer.from(header), Buffer.from(frames.buffer)]),
    );
    const nothing = await ewald(['cell', blank, '-g', sim('run.geom'), '--threshold=12', '--backend=wasm']);
    expect(nothing.out).toMatch(/no frame has the 15 peaks required to determine a lattice/);
    expect(nothing.code).toBe(1);
  });

  test('frames with too few peaks for a lattice are not hits, and may be omitted', { tags: 'all' }, async () => {
    const stream = join(folder, 'hits.stream');
    const words = [
      'index',
      sim('weak.h5'),
      '-g',
      sim('weak.geom'),
      '-p',
      sim('weak.cell'),
      '--threshold=12',
      '--min-res=20',
    ];
    const more = ['--no-non-hits-in-stream', '--backend=wasm', '-j', '1', '-o', stream];
    const { code, out, err } = await ewald([...words, ...more]);
    expect(code, err).toBe(0);
    expect(out).toMatch(/8 of 10 frames indexed, 8 crystals, 8 hits/);
    const text = readFileSync(stream, 'utf8');
    expect(text.match(/^hit = 1$/gm)).toHaveLength(8);
    expect(text).not.toMatch(/^hit = 0$/m);
  });

  test('the stream goes to standard output and through devices', { tags: 'all' }, async () => {
    const { code, out } = await ewald(['index', sim('mono.h5'), ...usual, '-o', '-', '--no-integrate']);
    expect(code).toBe(0);
    expect(out.startsWith('CrystFEL stream format 2.3\n')).toBe(true);
    expect(out.endsWith('----- End chunk -----\n')).toBe(true);
    expect((await ewald(['index', sim('mono.h5'), ...usual, '-o', '/dev/null'])).code).toBe(0);
    expect(existsSync('/dev/null')).toBe(true);
  });

  test('a full disk leaves no truncated stream', async () => {
    const { code, err } = await ewald(['index', sim('mono.h5'), ...usual, '-o', '/dev/full']);
    expect(code).not.toBe(0);
    expect(err).toMatch(/\/dev\/full/);
  });

  test('Ctrl-C keeps the finished frames, in a file beside the stream of an earlier run', { tags: 'all' }, async () => {
    const list = join(folder, 'long.lst');
    writeFileSync(list, `${sim('run.h5')}\n`.repeat(60));
    const stream = join(folder, 'cut.stream');
    const input = ['-i', list, '--allow-outside', '-g', sim('run.geom'), '-p', sim('run.cell')];
    const words = ['index', ...input, '--threshold=12', '-o', stream];
    const earlier = 'CrystFEL stream format 2.3\nGenerated by ewald 0.0.0\newald index\n';
    writeFileSync(stream, earlier);
    const more = ['--backend=wasm', '--hdf5', join(folder, 'cut.h5')];
    const { code, err } = await ewaldAlone([...words, ...more], {
      interruptWhen: () => existsSync(`${stream}.part`) && statSync(`${stream}.part`).size > 100_000,
    });
    expect(code).toBe(130);
    expect(err).toContain('interrupted: the frames in progress are finished first; another Ctrl-C ends at once');
    expect(err).toContain(`finished results are in ${stream}.part; --resume continues it\n`);
    expect(readFileSync(`${stream}.before`, 'utf8')).toBe(earlier);
    expect(readFileSync(`${stream}.part`, 'utf8').endsWith('----- End chunk -----\n')).toBe(true);
  });

  test.for([
    [['index'], 2, /nothing to index/],
    [
      ['index', sim('mono.h5'), '--peaks=zaeff'],
      2,
      /--peaks is "zaeff"; expected one of peakfinder8, zaef.*did you mean "zaef"/,
    ],
    [
      ['index', sim('mono.h5'), '--peaks=zaef', '--min-pix-count=3'],
      2,
      /--min-pix-count belongs to peakfinder8, .*; --peaks zaef/,
    ],
    [
      ['index', sim('mono.h5'), '--min-squared-gradient=3'],
      2,
      /--min-squared-gradient belongs to zaef; --peaks peakfinder8/,
    ],
    [
      ['index', sim('mono.h5'), '--peaks=dispersion', '--min-snr=3'],
      2,
      /--min-snr belongs to peakfinder8 and zaef; --peaks dispersion/,
    ],
    [['index', sim('mono.h5'), '--peaks=dispersion', '--gain=0'], 2, /--gain/],
    [
      ['index', sim('mono.h5'), '--peaks=zaef', '--peak-radius=4,5,99'],
      2,
      /--peak-radius is "4,5,99".*1 to 64, in pixels/,
    ],
    [
      ['index', sim('mono.h5'), ...usual, '--int-radius=5,4,3'],
      2,
      /--int-radius is "5,4,3"; expected 3 rising numbers/,
    ],
    [
      ['index', sim('mono.h5'), ...usual, '--tolerance=5,5,5,1.5,1.5,1.5'],
      2,
      /--tolerance .* add --accept-by crystfel/,
    ],
    [
      ['index', sim('mono.h5'), ...usual, '--peaks=peakfinder9'],
      2,
      /--peaks=peakfinder9 is a flag of CrystFEL.* use peakfinder8, zaef or dispersion/,
    ],
    [
      ['index', sim('mono.h5'), ...usual, '--xgandalf-tolerance=0.02'],
      2,
      /--xgandalf-tolerance is a flag of CrystFEL's.*--method/,
    ],
    [['index', sim('mono.h5'), ...usual, '--ffbidx-max-spots=9'], 2, /--ffbidx-max-spots .*--max-spots/],
    [['index', sim('mono.h5'), ...usual, '-j', '0'], 2, /-j is "0"; expected an integer from 1 to 1024/],
    [['index', sim('mono.h5'), ...usual, '--threshhold=3'], 2, /--threshold/],
    [['index', sim('mono.h5'), ...usual, '--dataset', '/nowhere'], 2, /\/nowhere/],
    [['index', sim('mono.h5'), '-g', sim('mono.cell')], 1, /mono\.cell/],
    [['index', sim('mono.h5'), '-g', '/nowhere.geom'], 1, /nowhere\.geom cannot be read/],
    [['index', '-i', '/nowhere.lst'], 1, /nowhere\.lst cannot be read/],
  ] as const)('%j', async ([words, wanted, message]) => {
    const { code, err } = await ewald(words);
    expect(err).toMatch(message);
    expect(err).not.toMatch(/ENOENT|defect of ewald|at .*\.js:/);
    expect(code).toBe(wanted);
  });

  test('a geometry of another detector is refused before a frame is read, with both sizes', async () => {
    const geometry = join(folder, 'large.geom');
    writeFileSync(geometry, readFileSync(sim('mono.geom'), 'utf8').replace('max_ss = 1023', 'max_ss = 2047'));
    const { code, err } = await ewald(['index', sim('mono.h5'), '-g', geometry, '--threshold=12', '--backend=wasm']);
    expect(code).not.toBe(0);
    expect(err).toMatch(/ss 2047.*1024 x 1024/s);
  });

  test('a file that is not a stream is not replaced without --force', async () => {
    const file = join(folder, 'notes.txt');
    writeFileSync(file, 'mine');
    const { code, err } = await ewald(['index', sim('mono.h5'), ...usual, '-o', file]);
    expect(code).toBe(2);
    expect(err).toMatch(/is not a stream that ewald wrote.*--force/s);
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  test('a truncated file is reported, and its complete frames are kept', async () => {
    const cut = join(folder, 'cut.h5');
    writeFileSync(cut, readFileSync(sim('mono.h5')).subarray(0, 2_000_000));
    const { code, err } = await ewald(['index', cut, ...usual, '-o', join(folder, 'whole.stream')]);
    expect(code).not.toBe(0);
    expect(err).toMatch(/cut\.h5/);
    expect(err).not.toMatch(/at .*\.js:/);
  });

  test('parameters are tuned on the first readable frames; without any, the run ends with the reason', {
    tags: 'all',
  }, async () => {
    const bytes = readFileSync(sim('mono.h5'));
    // The chunks of its six frames end here; those of four frames end at the other offset.
    const [begin, four, six] = [13_704, 2_377_037, 3_558_679];
    const some = join(folder, 'some.h5');
    writeFileSync(some, Buffer.from(bytes).fill(255, begin, four));
    const given = ['-g', sim('mono.geom'), '-p', sim('mono.cell'), '--backend=wasm'];
    const run = await ewald(['index', some, ...given, '-o', join(folder, 'some.stream')]);
    expect(run.code).toBe(1);
    expect(run.err).toMatch(/from the first 2 frames .*--threshold=[1-9]/);
    expect(run.out).toMatch(/2 of 6 frames indexed.*4 could not be read/);
    const none = join(folder, 'none.h5');
    writeFileSync(none, Buffer.from(bytes).fill(255, begin, six));
    const nothing = await ewald(['index', none, ...given, '-o', join(folder, 'none.stream')]);
    expect(nothing.code).not.toBe(0);
    expect(nothing.err).toMatch(/none\.h5.*chunk of \[0, 0, 0\] is damaged/);
    expect(nothing.err).not.toMatch(/--threshold/);
  });
});
