/** Raw words of a JUNGFRAU in runs: from words to the crystals and hits that their photons have. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createContext } from 'ewald';
import { open } from 'ewald/data';
import { Executor } from 'ewald/executors';
import { afterAll, describe, expect, test } from 'vitest';
import type { RunEvent } from '../../dist/index.node.js';
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

describe('a pedestal that drifts in a run', () => {
  const detector = new Jungfrau([64, 64], 9500, 5);
  const geometry = [
    'photon_energy = 9500 eV',
    'clen = 0.1',
    'res = 13333',
    'adu_per_photon = 1',
    'data = /entry/data/data',
    'dim0 = %',
    'dim1 = ss',
    'dim2 = fs',
    ...['min_fs = 0', 'max_fs = 63', 'min_ss = 0', 'max_ss = 63', 'corner_x = -32', 'corner_y = -32'].map(
      (one) => `p0/${one}`,
    ),
    'p0/fs = +x',
    'p0/ss = +y',
  ];

  /** What a run over these files warns of; in each of them pixels without light move by .08 photons. */
  async function warned(files: readonly string[], more: object): Promise<string> {
    const told: string[] = [];
    const onEvent = (event: RunEvent): void => {
      if (event.kind === 'warning') told.push(event.text);
    };
    const context = await createContext({ backend: 'wasm', log: { level: 'error' } });
    const run = context.pipeline({
      inputs: files.map(of),
      geometry: of('small.geom'),
      cells: [],
      constants: `${of('g.h5')},${of('p.h5')}`,
      energy: 9500,
      peaks: { threshold: 400, minSnr: 5, minPixCount: 2, localBgRadius: 3 },
      onEvent,
      ...more,
    });
    for await (const item of run) if (item.error) throw item.error;
    await context.dispose();
    return told.filter((text) => text.includes('pedestal')).join('\n');
  }

  test('is said of a run, though no file and no worker has seen the whole of it', { tags: 'all' }, async () => {
    writeFileSync(of('small.geom'), geometry.join('\n'));
    await detector.write([of('g.h5'), of('p.h5')]);
    const each = 20;
    for (const [file, begin] of [
      ['drift-1.h5', 0],
      ['drift-2.h5', 0.08],
    ] as const) {
      const words = Array.from({ length: each }, (_, i) =>
        detector.words(new Float64Array(detector.n).fill(begin + (0.08 * i) / each)),
      );
      const all = new Uint16Array(each * detector.n);
      for (const [i, one] of words.entries()) all.set(one, i * detector.n);
      await writeTree(of(file), {
        entry: { children: { data: { children: { data: { value: all, shape: [each, 64, 64] } } } } },
      });
    }
    const drifts = /^the run: pixels without light have moved from 0\.0\d to 0\.1\d photons: the pedestal drifts; .*$/;
    const both = ['drift-1.h5', 'drift-2.h5'];
    expect(await warned(both, {})).toMatch(drifts);
    expect(await warned(['drift-1.h5'], {})).toBe('');
    for (const items of [{}, { briefItems: true }]) {
      const executor = await Executor.inline();
      expect(await warned(both, { executor, ...items })).toMatch(drifts);
      await executor.dispose();
    }
    expect(await warned(both, { follow: true, noDataTimeout: 1, firstFramesTimeoutS: 1 })).toMatch(drifts);
  });
});
