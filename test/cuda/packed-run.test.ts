// @module-tag all: whole runs on emulated CUDA.
/** Runs whose frames go to the card as the file has packed them: the bytes of the stream, and those of the bus. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createContext } from '../../dist/index.node.js';
import { ewald } from '../support/cli.js';
import { type EmulatedCard, loadAddon, present, resetCard, testThatItWasBuilt } from '../support/emulated-card.js';

testThatItWasBuilt();

interface CountingCard extends EmulatedCard {
  copied(): { readonly up: number; readonly down: number };
}
const addon = loadAddon<CountingCard>();

const [side, images] = [256, 6];
let folder = '';
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-packed-'));
  const small = [`--size=${side},${side}`, '--distance=19', '--modules=1,2', `--images=${images}`, '--blank=0.2'];
  const crystals = ['--crystals=2', '--seed=11', '--cell=44,57,68,82,97,104', '--strength=900'];
  const { code, err } = await ewald(['simulate', 'frames', '-o', folder, ...small, ...crystals]);
  expect(code, err).toBe(0);
});
afterAll(() => rm(folder, { recursive: true }));

type Options = Readonly<Record<string, unknown>>;

/** The stream of a run, its failures, and what went over the bus. */
async function streamed(decodeOn: 'device' | 'cores', more: Options = {}) {
  const name = `${decodeOn}.stream`;
  resetCard(addon);
  await using context = await createContext({ backend: 'cuda-emulated', log: { level: 'error' } });
  const given = { inputs: at('run.h5'), geometry: at('run.geom'), cells: [at('run.cell')], commandLine: 'ewald index' };
  const search = { peaks: { threshold: 12 }, minRes: 12, refineGeometry: 'off', intRadius: [3, 4, 6] };
  const options = { ...given, ...search, jobs: 2, output: at(name), force: true, decodeOn, ...more };
  const failures: string[] = [];
  for await (const { error } of context.pipeline(options as never)) if (error) failures.push(error.message);
  return { stream: readFileSync(at(name), 'latin1'), failures, ...addon.copied() };
}

const frameBytes = side * side * 2;

describe.runIf(present)('the stream of a run that decodes on the card', () => {
  const variants: Readonly<Record<string, Options>> = {
    'with several lattices, profiles of rings and regions': {
      multi: true,
      profile: {},
      rois: ['a=rect:10:60,20:90', 'b=circle:128,128,40'],
    },
    'with centred discs on a plane, without saturated peaks': {
      ...{ integration: 'rings-cen-grad', useSaturated: false },
      // Few enough reflections for squares of the frame.
      highres: 4,
    },
    'with profiles of bins': { profile: { bins: 40 }, integrate: false, intRadius: undefined },
  };
  for (const [name, options] of Object.entries(variants))
    test(`is the same ${name}`, { timeout: 120_000 }, async () => {
      const [far, near] = [await streamed('device', options), await streamed('cores', options)];
      expect(far.failures).toEqual([]);
      expect(far.stream.length).toBeGreaterThan(500);
      expect(far.stream).toBe(near.stream);
      expect(far.up).toBeLessThan(near.up);
    });

  test('sends a packed frame and the table of its blocks, and gets back peaks and squares around reflections', {
    timeout: 120_000,
  }, async () => {
    const perFrame = async (decodeOn: 'device' | 'cores', options: Options) => {
      const few = await streamed(decodeOn, { ...options, first: 2 });
      const all = await streamed(decodeOn, { ...options, first: images });
      return { up: (all.up - few.up) / (images - 2), down: (all.down - few.down) / (images - 2) };
    };
    // The first run of a process tests the device.
    await streamed('device', { first: 1 });
    const alone = { cells: [], intRadius: undefined, refineGeometry: undefined };
    const [far, near] = [await perFrame('device', alone), await perFrame('cores', alone)];
    expect(near.up).toBe(frameBytes);
    const table = (frameBytes / 8192) * 32;
    expect(far.up - table).toBeGreaterThan(1000);
    expect(far.up - table).toBeLessThan(frameBytes / 3);
    // Whether a block was damaged: a word.
    expect(far.down).toBe(near.down + 4);
    // The squares around reflections, each once; up to here, few are beyond 4 Å.
    const measured = await perFrame('device', { highres: 4 });
    expect(measured.down - far.down).toBeGreaterThan(1000);
    expect(measured.down - far.down).toBeLessThan(frameBytes / 2);
  });

  test('is the same where a chunk is damaged, of which cores have the last word', { timeout: 120_000 }, async () => {
    const bytes = readFileSync(at('run.h5'));
    // A stretch of the last chunk, which begins with the sizes of the frame and of a block.
    const head = Buffer.alloc(12);
    head.writeBigUInt64BE(BigInt(frameBytes));
    head.writeUInt32BE(8192, 8);
    const chunk = bytes.lastIndexOf(head);
    expect(chunk).toBeGreaterThan(0);
    bytes.fill(255, chunk + 2000, chunk + 2040);
    await writeFile(at('damaged.h5'), bytes);
    const options = { inputs: at('damaged.h5') };
    const [far, near] = [await streamed('device', options), await streamed('cores', options)];
    expect(far.failures.length).toBeGreaterThan(0);
    expect(far.failures).toEqual(near.failures);
    expect(far.stream).toBe(near.stream);
  });
});
