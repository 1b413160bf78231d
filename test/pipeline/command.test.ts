/** `ewald index` on frames with what users type: good, half and wrong. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ewald } from '../support/cli.js';
import { dataFolder } from '../support/data.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-frames-'));
});
afterAll(() => rm(folder, { recursive: true }));

const sim = (name: string): string => join(dataFolder ?? '', 'sim', name);
const search = ['-g', sim('mono.geom'), '-p', sim('mono.cell'), '--threshold=12', '--min-res=20', '--backend=wasm'];
const usual = [...search, '--executor=inline'];

describe.skipIf(!dataFolder)(`frames on the command line${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  test('a list names files and single frames; the serial number goes on', async () => {
    const list = join(folder, 'in.lst');
    writeFileSync(list, `${sim('mono.h5')} //4\n${sim('mono.h5')} //1\n`);
    const stream = join(folder, 'list.stream');
    const { code, err } = await ewald(['index', '-i', list, ...usual, '-o', stream, '--serial-start', '7']);
    expect(code, err).toBe(0);
    const text = readFileSync(stream, 'utf8');
    expect([...text.matchAll(/^Event: (.*)$/gm)].map(([, event]) => event)).toEqual(['//4', '//1']);
    expect([...text.matchAll(/^Image serial number: (.*)$/gm)].map(([, serial]) => serial)).toEqual(['7', '8']);
  });

  test('more jobs, the same stream but for the command line', async () => {
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

  test('JSON lines carry the indices of the peaks', async () => {
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

  test('without a cell peaks alone are found, and the run says that nothing was indexed', async () => {
    const words = ['index', sim('mono.h5'), '-g', sim('mono.geom'), '--threshold=12', '--backend=wasm'];
    const { code, out } = await ewald(words);
    expect(code).toBe(0);
    expect(out).toMatch(/0 of 6 frames indexed, 0 crystals, 6 hits/);
  });

  test('the stream goes to standard output and through devices', async () => {
    const { code, out } = await ewald(['index', sim('mono.h5'), ...usual, '-o', '-', '--no-integrate']);
    expect(code).toBe(0);
    expect(out.startsWith('CrystFEL stream format 2.3\n')).toBe(true);
    expect(out.endsWith('----- End chunk -----\n')).toBe(true);
    expect((await ewald(['index', sim('mono.h5'), ...usual, '-o', '/dev/null'])).code).toBe(0);
    expect(existsSync('/dev/null')).toBe(true);
  });

  test('a full disk leaves no torn stream', async () => {
    const { code, err } = await ewald(['index', sim('mono.h5'), ...usual, '-o', '/dev/full']);
    expect(code).not.toBe(0);
    expect(err).toMatch(/\/dev\/full/);
  });

  test('Ctrl-C keeps what is finished as a stream', async () => {
    const list = join(folder, 'long.lst');
    writeFileSync(list, `${sim('run.h5')}\n`.repeat(60));
    const stream = join(folder, 'cut.stream');
    const words = ['index', '-i', list, '-g', sim('run.geom'), '-p', sim('run.cell'), '--threshold=12', '-o', stream];
    const { code } = await ewald([...words, '--backend=wasm'], { interruptAfterMs: 6000 });
    expect(code).toBe(130);
    expect(readFileSync(stream, 'utf8').endsWith('----- End chunk -----\n')).toBe(true);
  });

  test.for([
    [['index'], 2, /nothing to index/],
    [['index', sim('mono.h5'), '--peaks=zaef'], 2, /--peaks is "zaef"; known is peakfinder8/],
    [
      ['index', sim('mono.h5'), ...usual, '--int-radius=5,4,3'],
      2,
      /--int-radius is "5,4,3"; needed are three rising radii/,
    ],
    [['index', sim('mono.h5'), ...usual, '-j', '0'], 2, /--jobs/],
    [['index', sim('mono.h5'), ...usual, '--threshhold=3'], 2, /--threshold/],
    [['index', sim('mono.h5'), ...usual, '--data', '/nowhere'], 2, /\/nowhere/],
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

  test('a file that is no stream is not replaced without --force', async () => {
    const file = join(folder, 'notes.txt');
    writeFileSync(file, 'mine');
    const { code, err } = await ewald(['index', sim('mono.h5'), ...usual, '-o', file]);
    expect(code).toBe(2);
    expect(err).toMatch(/is no stream.*--force/s);
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  test('a file that is cut short is told, and what is whole is kept', async () => {
    const cut = join(folder, 'cut.h5');
    writeFileSync(cut, readFileSync(sim('mono.h5')).subarray(0, 2_000_000));
    const { code, err } = await ewald(['index', cut, ...usual, '-o', join(folder, 'whole.stream')]);
    expect(code).not.toBe(0);
    expect(err).toMatch(/cut\.h5/);
    expect(err).not.toMatch(/at .*\.js:/);
  });
});
