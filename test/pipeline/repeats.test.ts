/** Unusual inputs of a run are reported by name: files given twice, files replaced before --resume, long cells. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cellDoubt } from '../../src/pipeline/first-frames/unknown-cell.js';
import { ewaldTogether as ewald } from '../support/cli.js';
import { dataFolder } from '../support/data.js';

const sim = (name: string): string => resolve(dataFolder ?? '', 'sim', name);
let folder = '';
const at = (name: string): string => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-repeats-'));
  if (dataFolder) copyFileSync(sim('mono.h5'), at('run.h5'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const search = ['-g', sim('mono.geom'), '-p', 'none', '--threshold=12', '--backend=wasm', '-j1'];

describe.skipIf(!dataFolder)(`inputs of a run${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  test.for<[string, () => string[], RegExp | undefined]>([
    ['one file by two names', () => [at('run.h5'), `${folder}/./run.h5`], /run\.h5, which is .*; it is read once/],
    ['a list with a frame twice', () => ['-i', at('twice.lst')], /run\.h5 \/\/1 is given twice/],
    ['a list with a file and a frame of it', () => ['-i', at('both.lst')], /run\.h5 \/\/2.* is given twice/],
    ['a list with two frames', () => ['-i', at('two.lst')], undefined],
    ['one file twice by one name', () => [at('run.h5'), at('run.h5')], /run\.h5 .* twice; it is read once/],
  ])('%s: what is given twice is named', async ([, words, warning]) => {
    writeFileSync(at('twice.lst'), 'run.h5 //1\nrun.h5 //1\n');
    writeFileSync(at('both.lst'), 'run.h5\nrun.h5 //2\n');
    writeFileSync(at('two.lst'), 'run.h5 //1\nrun.h5 //2\n');
    const { code, out, err } = await ewald(['index', ...words(), ...search]);
    expect(code, err).toBe(0);
    if (warning?.source.includes('read once')) expect(out + err).toMatch(/0 of 6 frames/);
    if (warning) expect(err).toMatch(warning);
    else expect(err).not.toContain('twice');
  });

  test('a file that was replaced is not the run that --resume continues', async () => {
    const words = ['index', at('run.h5'), ...search, '-o', at('a.stream')];
    expect(await ewald(words)).toMatchObject({ code: 0 });
    expect(await ewald([...words, '--resume'])).toMatchObject({ code: 0 });
    const bytes = readFileSync(at('run.h5'));
    writeFileSync(at('run.h5'), Buffer.concat([bytes, Buffer.alloc(1)]));
    const refused = await ewald([...words, '--resume']);
    writeFileSync(at('run.h5'), bytes);
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.err).toMatch(
      /run\.h5 is not the file that .*a\.stream was started with: it had \d+ bytes and has \d+/,
    );
  });
});

/** Spots of a cubic cell near a sphere, in 1/Å. */
function spotsOf(edge: number): Float32Array {
  const spots: number[] = [];
  for (let h = -12; h <= 12; h++)
    for (let k = -12; k <= 12; k++)
      for (let l = -2; l <= 2; l++) {
        const [x, y, z] = [h / edge, k / edge, l / edge];
        if (Math.abs(Math.hypot(x, y, z + 0.77) - 0.77) < 0.0008) spots.push(x, y, z);
      }
  return Float32Array.from(spots);
}

test.for([
  [240, 150, true],
  [120, 150, false],
  [240, 300, false],
] as const)('a cell of %i Å, looked for up to %i Å: doubted is %s', ([edge, longest, doubted]) => {
  const doubt = cellDoubt([spotsOf(edge), spotsOf(edge)], longest);
  expect(doubt !== undefined).toBe(doubted);
  if (doubted) expect(doubt).toMatch(/of a cell of 2\d\d Å or longer.*--max-length \d+/);
});
