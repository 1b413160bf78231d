/** The proof of a reduction finds each way of reducing frames that does harm, and accepts what does none. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Context, createContext, type SearchedFrame } from 'ewald';
import { open } from 'ewald/data';
import { simulateFrames } from 'ewald/shell';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Cell } from '../../src/crystal/cell.js';
import { limitsOf } from '../../src/pipeline/reduce/limits.js';
import { mergedBoth } from '../../src/pipeline/reduce/merged-both.js';
import type { ProvenFrame } from '../../src/pipeline/reduce/pairs.js';
import { type Proof, proofOf } from '../../src/pipeline/reduce/proof.js';
import { column, rowLength, tableOf } from '../../src/pipeline/stages/reflection-table.js';
import { harmed, harms, seeded, writeNxmx } from './hits-support.js';

const cell: Cell = [
  [52, 0, 0],
  [0, 52, 0],
  [0, 0, 44],
];
const accept = limitsOf('accept');

/** A normal number. */
const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/**
 * Frames of 120 observations each of a crystal with weak and strong reflections; `after` changes what is measured, or
 * gives none.
 */
function frames(
  count: number,
  after: (intensity: number, sigma: number, partiality: number, random: () => number) => number | undefined,
): ProvenFrame[] {
  const random = seeded(7);
  const truth = new Map<string, number>();
  return Array.from({ length: count }, () => {
    const [before, kept]: [number[][], number[][]] = [[], []];
    const size = Math.exp(0.3 * normal(random));
    const background = 0.3 * normal(random);
    for (let i = 0; i < 120; i++) {
      const [h, k, l] = [1 + Math.floor(9 * random()), Math.floor(9 * random()), Math.floor(9 * random())];
      const key = [...[h, k].sort((a, b) => b - a), l].join();
      const strength = truth.get(key) ?? -100 * Math.log(1 - random());
      truth.set(key, strength);
      const partiality = 0.24 + 0.76 * random();
      const sigma = Math.sqrt(100 + size * partiality * strength);
      const intensity = size * partiality * strength + sigma * (normal(random) + background);
      const row = new Array<number>(rowLength).fill(0);
      const inverseD = Math.hypot(h / 52, k / 52, l / 44);
      const values = {
        h,
        k,
        l,
        fs: 10 * (i % 20),
        ss: 10 * Math.floor(i / 20),
        inverseD,
        partiality,
        intensity,
        sigma,
      };
      for (const [name, value] of Object.entries(values)) row[column[name as keyof typeof column]] = value;
      before.push(row);
      const changed = after(intensity, sigma, partiality, random);
      if (changed !== undefined) kept.push(row.with(column.intensity, changed));
    }
    return {
      before: [{ table: Float64Array.from(before.flat()) }],
      after: [{ table: Float64Array.from(kept.flat()) }],
    };
  });
}

const failing = ({ failures }: Proof): string[] =>
  [...new Set(failures.map((text) => /\((?:accepted: )(\w+)/.exec(text)?.[1] ?? text))].sort();

describe('observations both ways', () => {
  test('what is not changed, and loses some edges by chance, is accepted', () => {
    const same = proofOf(
      frames(60, (intensity) => intensity),
      cell,
      accept,
    );
    expect(same).toMatchObject({
      missing: 0,
      bias: { value: 0, error: 0 },
      failures: [],
      crystals: { both: 60, lost: 0 },
    });
    const edges = proofOf(
      frames(60, (intensity, sigma, partiality, random) =>
        partiality < 0.3 && random() < 0.8 ? undefined : intensity + 0.05 * sigma * normal(random),
      ),
      cell,
      accept,
    );
    expect(edges.failures).toEqual([]);
    expect(edges.missing).toBeGreaterThan(0.03);
    expect(Math.abs(edges.bias.value)).toBeLessThan(3.5 * edges.bias.error);
    expect(edges.text).toMatch(
      /^proof: 60 frames both ways: bias [+−]0\.00\d+ ± 0\.00\d+ σ: below the noise up to a multiplicity of \d/,
    );
  });

  test('a bias of a twentieth of an error is found in 60 frames, and its multiplicity is named', () => {
    const proof = proofOf(
      frames(60, (intensity, sigma) => intensity + 0.05 * sigma),
      cell,
      accept,
    );
    expect(failing(proof)).toContain('bias');
    expect(proof.multiplicity).toBeCloseTo(400, -1);
    expect(
      failing(
        proofOf(
          frames(60, (intensity, sigma, _, random) => intensity + 0.3 * sigma * normal(random)),
          cell,
          accept,
        ),
      ),
    ).toContain('noise');
  });

  test('a selection of upward fluctuations is found, though each observation that is left is exact', () => {
    const proof = proofOf(
      frames(160, (intensity, sigma) => (intensity > 0.5 * sigma ? intensity : undefined)),
      cell,
      {
        ...accept,
        missing: 1,
      },
    );
    expect(failing(proof)).toEqual(['merge']);
    const weak = proof.merged.shells.map(([first]) => first.value / first.error);
    expect(Math.min(...weak)).toBeGreaterThan(5);
  });

  test('crystals that are lost are counted, and errors of frames are those of their scatter', () => {
    const some = frames(40, (intensity) => intensity).map((one, i) => (i % 10 === 0 ? { ...one, after: [] } : one));
    expect(failing(proofOf(some, cell, accept))).toEqual(['lost']);
    // A background that is common to a frame makes its observations err together.
    const random = seeded(3);
    const shifts = Array.from({ length: 60 }, () => 0.2 * normal(random));
    const shifted = frames(60, (intensity) => intensity).map(({ before, after }, i) => {
      const table = Float64Array.from(after[0]?.table ?? []);
      for (let at = 0; at < table.length; at += rowLength)
        table[at + column.intensity] =
          (table[at + column.intensity] as number) + (shifts[i] as number) * (table[at + column.sigma] as number);
      return { before, after: [{ table }] };
    });
    const { bias } = proofOf(shifted, cell, accept);
    const [mean, n] = [shifts.reduce((sum, one) => sum + one) / 60, 60];
    expect(bias.value).toBeCloseTo(mean, 6);
    expect(bias.error).toBeCloseTo(Math.sqrt(shifts.reduce((sum, one) => sum + (one - mean) ** 2, 0)) / n, 6);
    expect(mergedBoth([], cell, [1]).shells).toHaveLength(2);
  });

  test('limits are read by name, and others are refused', () => {
    expect(limitsOf('accept', 'bias<.1, noise<1.5')).toEqual({ ...accept, bias: 0.1, noise: 1.5 });
    for (const text of ['bias', 'bias>.1', 'rmsd<1', 'noise<x', 'bias<-1'])
      expect(() => limitsOf('accept', text)).toThrow(/expected limits such as bias<\.02,noise<1\.03/);
  });
});

describe('frames both ways', { tags: 'all' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-proof-'));
  const of = (name: string): string => join(folder, name);
  let ctx: Context;
  let items: SearchedFrame[] = [];
  const usual = { geometry: of('set/weak.geom'), cells: [of('set/weak.cell')], refineGeometry: 'off' } as const;
  const peaks = { threshold: 2.6, minSnr: 4.5, minPixCount: 2, maxPixCount: 200, localBgRadius: 4 } as const;

  async function searched(options: object): Promise<SearchedFrame[]> {
    const found: SearchedFrame[] = [];
    for await (const item of ctx.pipeline({ ...usual, peaks, intRadius: [4, 5, 7], inputs: [], ...options }))
      if (item.error) throw item.error;
      else found.push(item);
    return found;
  }
  const tables = ({ result }: SearchedFrame) =>
    result.crystals.map(({ reflections = [] }) => ({ table: tableOf(reflections) }));

  beforeAll(async () => {
    ctx = await createContext({ backend: 'wasm', log: { level: 'error' } });
    mkdirSync(of('set'));
    const simulation = {
      images: 40,
      seed: 412,
      detectorPx: [640, 640],
      pixelMm: 0.12,
      background: 1,
      strength: 220,
    } as const;
    await simulateFrames(of('set'), { ...simulation, cell, symmetry: '4/m' }, { name: 'weak' });
    items = await searched({ inputs: [of('set/weak.h5')] });
  });
  afterAll(async () => {
    await ctx.dispose();
    rmSync(folder, { recursive: true });
  });

  test('spots are accepted, in the file and in words', async () => {
    const { refineGeometry: _, ...given } = usual;
    const common = {
      ...given,
      peaks,
      intRadius: [4, 5, 7] as const,
      inputs: [of('set/weak.h5')],
      keep: 'spots',
      proof: 30,
    } as const;
    const { proof } = await ctx.reduce({ ...common, output: of('spots.cxi'), html: of('spots.html'), force: true });
    expect(proof).toMatchObject({ frames: 30, failures: [], crystals: { lost: 0 } });
    const file = await open(of('spots.cxi'));
    const text = (await file.field?.('/entry/reduction/proof'))?.values[0];
    await file.dispose();
    expect(JSON.parse(text as string)).toEqual(JSON.parse(JSON.stringify(proof)));
    // Each observation is the same with the peaks that the file lists; another search finds others.
    expect(proof).toMatchObject({
      missing: 0,
      variance: { value: 0 },
      anew: { crystals: { lost: expect.any(Number) } },
    });
    expect(proof?.anew?.missing).toBeGreaterThan(0);
    expect(proof?.text).toMatch(
      /^proof: 30 frames both ways: each observation is the same; 0 of \d+ crystals lost; programs that search the kept/,
    );
    const page = readFileSync(of('spots.html'), 'utf8');
    expect(page).toContain(proof?.text);
    expect(page).toMatch(/<b>Pixels<\/b> that are kept of frame \d+ of weak\.h5: \d+ %/);
    expect(page.match(/<circle class="line line-0"/g)).toHaveLength((proof?.shells.length ?? 0) * 4);
  });

  test('a proof without an observation fails', async () => {
    const { refineGeometry: _, ...given } = usual;
    const none = await ctx.reduce({
      ...given,
      cells: ['171,183,90,90,90,90'],
      peaks,
      inputs: [of('set/weak.h5')],
      first: 6,
      keep: 'spots',
      proof: 2,
      output: of('none.cxi'),
      force: true,
    });
    expect(none.isDoubtful).toBe(true);
    expect(none.proof?.failures).toEqual(['there is no observation to compare']);
    // Nothing of the run is left beside the hits.
    expect(readdirSync(folder).filter((name) => name.includes('.run'))).toEqual([]);
  });

  test.each(harms)('%s fails', async (how) => {
    const source = await open(of('set/weak.h5'));
    const [height = 0, width = 0] = source.shape.sig;
    const { beamCentrePx = { x: 0, y: 0 } } = source.meta;
    const changed: Uint16Array[] = [];
    for (const [i, item] of items.entries()) {
      const frame = (await source.read(i, 1)) as Uint16Array;
      changed.push(harmed(how, frame, [height, width], [beamCentrePx.x, beamCentrePx.y], item));
    }
    await writeNxmx(of('harmed.h5'), [height, width], changed, {
      meta: how === 'peaks, masked' ? { ...source.meta, markers: [65535] } : source.meta,
      mask: (await source.mask?.()) as Uint8Array,
    });
    await source.dispose();
    const after = await searched({ inputs: [of('harmed.h5')] });
    const both = items.map((item, i) => ({ before: tables(item), after: tables(after[i] as SearchedFrame) }));
    const proof = proofOf(both, cell, accept);
    expect(proof.failures).not.toEqual([]);
    const worst = Math.max(...proof.shells.map(({ bias }) => Math.abs(bias.value) / bias.error));
    // A selection has exact observations; what is missing and the merge tell it.
    if (how === 'peaks, masked') expect(failing(proof)).toContain('missing');
    else expect(worst).toBeGreaterThan(how === 'k = 2, ties up' ? 3.5 : 10);
  });
});
