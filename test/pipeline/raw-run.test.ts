/** Raw words of a JUNGFRAU in runs: from words to the crystals and hits that their photons have. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { open } from 'ewald/data';
import { afterAll, describe, expect, test } from 'vitest';
import { ewaldTogether as ewald } from '../support/cli.js';
import { dataFolder } from '../support/data.js';
import { Jungfrau, writeTree } from '../support/jungfrau.js';

const sim = (name: string): string => resolve(dataFolder ?? '', 'sim', name);
const folder = mkdtempSync(join(tmpdir(), 'ewald-raw-run-'));
const of = (name: string): string => join(folder, name);
const energy = '9500';
let constants = 'gains.h5,pedestals.h5';

/** Two frames of mono.h5 as words, with the constants of their detector. */
async function writeRun(): Promise<void> {
  const source = await open(sim('mono.h5'));
  const frames = 2;
  const detector = new Jungfrau(source.shape.sig, Number(energy), 3);
  const all = new Uint16Array(frames * detector.n);
  for (let frame = 0; frame < frames; frame++)
    all.set(detector.words((await source.read(frame, 1)) as Uint16Array), frame * detector.n);
  await writeTree(of('raw.h5'), {
    entry: { children: { data: { children: { data: { value: all, shape: [frames, ...source.shape.sig] } } } } },
  });
  constants = await detector.write([of('gains.h5'), of('pedestals.h5')]);
  await source.dispose();
  const text = readFileSync(sim('mono.geom'), 'utf8');
  writeFileSync(of('raw.geom'), text.replace(/^mask.*$/gm, '').replace(/adu_per_photon.*/g, 'adu_per_eV = 0.041'));
}
afterAll(() => rmSync(folder, { recursive: true }));

const crystalsOf = (stream: string): number => readFileSync(stream, 'utf8').split('--- Begin crystal').length - 1;

describe.skipIf(!dataFolder)(`raw words in runs${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  const raw = () => ['--constants', constants, '--energy', energy];

  test('the command indexes words, keeps their hits as quarter photons and describes them', {
    tags: 'all',
  }, async () => {
    await writeRun();
    const common = ['-g', of('raw.geom'), '-p', sim('mono.cell'), '--backend', 'wasm', '-j', '1'];
    const indexed = await ewald(['index', of('raw.h5'), ...common, ...raw(), '-o', of('raw.stream')]);
    expect(indexed.code, indexed.err).toBe(0);
    expect(crystalsOf(of('raw.stream'))).toBe(2);
    expect(readFileSync(of('raw.stream'), 'utf8')).toMatch(/adu_per_photon = 4\b/);
    const kept = await ewald([
      'reduce',
      of('raw.h5'),
      '-g',
      of('raw.geom'),
      ...raw(),
      '-o',
      of('hits.cxi'),
      '--json',
      '-j',
      '1',
      '--backend',
      'wasm',
    ]);
    expect(JSON.parse(kept.out)).toMatchObject({ frames: 2, hits: 2, kept: 2 });
    expect(readFileSync(of('hits.geom'), 'utf8')).toMatch(/adu_per_photon = 4\b/);
    const again = await ewald([
      'index',
      of('hits.cxi'),
      '-g',
      of('hits.geom'),
      ...common.slice(2),
      '-o',
      of('hits.stream'),
    ]);
    expect(again.code, again.err).toBe(0);
    expect(crystalsOf(of('hits.stream'))).toBe(2);
    const [hits, words] = [await open(of('hits.cxi')), await open(of('raw.h5'), { constants, energy: Number(energy) })];
    expect(await hits.read(1, 1)).toEqual(await words.read(1, 1));
    await hits.dispose();
    await words.dispose();
    const info = await ewald(['info', of('raw.h5'), ...raw(), '--json']);
    expect(JSON.parse(info.out)[0]).toMatchObject({ dtype: 'i16', meta: { unitsPerPhoton: 4 } });
  });

  test('constants of other frames than those of files are refused by name', async () => {
    const live = await ewald([
      'index',
      '--zmq-input',
      'tcp://127.0.0.1:1',
      '-g',
      of('raw.geom'),
      ...raw(),
      '-o',
      of('x.stream'),
    ]);
    expect(live.err).toMatch(/--constants/);
    expect(live.code).not.toBe(0);
  });
});
