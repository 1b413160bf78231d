/** Frames with more peaks than usual, and with fewer kept than were found. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { open } from 'ewald/data';
import { describe, expect, test } from 'vitest';
import { createContext, formatChunk, type PeakList, parseGeometry, readCell } from '../../dist/index.node.js';
import { dataFolder } from '../support/data.js';

const sim = (name: string): string => resolve(dataFolder ?? '', 'sim', name);
const peaks = { threshold: 12, minSnr: 4.5, localBgRadius: 4 };

describe.skipIf(!dataFolder)(`many peaks${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  test('maxPeaks keeps the strongest peaks; a warning, the item and the stream report the rest', async () => {
    const context = await createContext({ backend: 'wasm' });
    const dataset = await open(sim('run.h5'));
    const warnings: string[] = [];
    const geometry = parseGeometry(readFileSync(sim('run.geom'), 'utf8'));
    const run = (maxPeaks?: number) =>
      context.pipeline({
        inputs: [{ dataset, frames: [3, 4] }],
        ...{ geometry, cells: [], peaks: { ...peaks, ...(maxPeaks ? { maxPeaks } : {}) } },
        onEvent: (event) => {
          if (event.kind === 'warning') warnings.push(event.text);
        },
      });
    const all: number[] = [];
    for await (const { result, chunk } of run()) {
      all.push(result?.peaks.count ?? 0);
      expect(chunk?.notes).toEqual([]);
    }
    expect(warnings).toEqual([]);
    for await (const { result, chunk } of run(20)) {
      const omitted = (all.shift() ?? 0) - 20;
      expect(omitted).toBeGreaterThan(0);
      expect([result?.peaks.count, result?.peaks.omitted]).toEqual([20, omitted]);
      expect(formatChunk(chunk as never)).toContain(`\newald/omitted_peaks = ${omitted}\n`);
    }
    // The warning is given once per run.
    expect(warnings).toEqual([expect.stringMatching(/run\.h5 has \d+ peaks, of which the 20 strongest are kept/)]);
    await dataset.dispose();
    await context.dispose();
  });

  test('a frame with more than 4096 peaks is indexed', async () => {
    const context = await createContext({ backend: 'wasm' });
    const dataset = await open(sim('run.h5'));
    const detector = await context.detector(dataset, {
      geometry: parseGeometry(readFileSync(sim('run.geom'), 'utf8')),
    });
    const cells = [readCell(readFileSync(sim('run.cell'), 'utf8'))];
    const searcher = await context.frameSearcher({ detector, cells, peaks });
    const found = await searcher.peaks((await dataset.read(3, 1)) as Uint16Array);
    const often = Math.ceil(5000 / found.count);
    const column = (values: Float32Array): Float32Array =>
      Float32Array.from({ length: often * values.length }, (_, i) => values[i % values.length] ?? 0);
    const list: PeakList = {
      ...{ count: often * found.count, fs: column(found.fs), ss: column(found.ss), rings: undefined },
      ...{ intensity: column(found.intensity), maximum: column(found.maximum), snr: column(found.snr) },
      background: column(found.background),
      pixels: new Uint32Array(often * found.count).fill(3),
      panel: new Uint32Array(often * found.count),
    };
    const { crystals, spots } = await searcher.index(list);
    expect(spots.length).toBe(3 * list.count);
    expect(crystals).toHaveLength(1);
    await searcher.dispose();
    await dataset.dispose();
    await context.dispose();
  });
});
