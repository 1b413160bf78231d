/** Runs whose crystals explain few of the peaks: the cell is in doubt, and every output says so. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Context,
  createContext,
  type PipelineItem,
  type PipelineOptions,
  type RunEvent,
  readCell,
  readStream,
} from '../../dist/index.node.js';
import { mergeStream } from '../../dist/merging.js';
import { refineStreamGeometry } from '../../dist/shell.node.js';
import { dataFolder } from '../support/data.js';
import { refused } from '../support/refused.js';

const sim = (name: string): string => resolve(dataFolder ?? '', 'sim', name);
let context: Context;
beforeAll(async () => {
  context = await createContext({ backend: 'wasm' });
});
afterAll(() => context.dispose());

interface Ran {
  readonly items: readonly PipelineItem[];
  readonly events: readonly RunEvent[];
  readonly stream: string;
  readonly refined: string;
}

async function ran(options: Partial<PipelineOptions>): Promise<Ran> {
  const [items, events]: [PipelineItem[], RunEvent[]] = [[], []];
  const texts = { stream: '', refined: '' };
  const run = context.pipeline({
    ...{ inputs: { file: sim('run.h5'), frames: [0, 1, 2, 3, 4, 5] }, geometry: sim('run.geom') },
    ...{ peaks: { threshold: 12, minSnr: 4.5, localBgRadius: 4 }, minRes: 20, commandLine: 'ewald test' },
    output: (piece) => {
      texts.stream += Buffer.from(piece).toString();
    },
    refinedGeometry: (piece) => {
      texts.refined += Buffer.from(piece).toString();
    },
    ...options,
    onEvent: (event) => void events.push(event),
  });
  for await (const item of run) items.push(item);
  return { items, events, ...texts };
}

const warnings = ({ events }: Ran): string[] => events.flatMap((event) => (event.kind === 'warning' ? event.text : []));
const ends = ({ events }: Ran) => events.find((event) => event.kind === 'end');

describe.skipIf(!dataFolder)(`a doubtful cell${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  let wrong: Ran;
  let right: Ran;
  beforeAll(async () => {
    wrong = await ran({ cells: ['60,65,45,90,95,90'] });
    right = await ran({ cells: [sim('run.cell')] });
  });

  test('is reported by a warning event at the end, and a right cell by none', () => {
    expect(ends(wrong)?.summary.crystals).toBeGreaterThan(2);
    expect(warnings(wrong).at(-1)).toMatch(
      /^the crystals explain only \d+ % of the peaks of their frames .*; check the cell/,
    );
    expect(ends(right)?.summary.crystals).toBe(6);
    expect(warnings(right)).toEqual([]);
  });

  test('is that of a single crystal that explains few peaks and is 3 % larger', { tags: 'all' }, async () => {
    const inputs = { file: sim('weak.h5'), frames: [0, 1, 2] };
    const peaks = { threshold: 13, minSnr: 4.5, localBgRadius: 4 };
    const run = await ran({ inputs, geometry: sim('multi.geom'), peaks, minRes: 0, cells: [sim('mono.cell')] });
    expect(ends(run)?.summary.crystals).toBe(1);
    expect(warnings(run)).toEqual([expect.stringMatching(/^the crystals explain only 22 % of the peaks/)]);
  });

  test.for([
    [
      '158,79,38,90,90,90',
      /^all (but [1-9] of )?\d+ peaks.* also fit a smaller cell than the known cell: .*1\/2 .*, 79\.\d+ 79\.\d+ 38\.\d+ .*tP/,
    ],
    [
      '790,79,38,90,90,90',
      /^all (but [1-9] of )?\d+ peaks.* also fit a smaller cell than the known cell: .*1\/10 .*, 79\.\d+ 79\.\d+ 38\.\d+ .*tP/,
    ],
    [
      '395.5,395.5,38.1,90,90,90',
      /^all (but [1-9] of )?\d+ peaks.* also fit a smaller cell than the known cell: 1\/25 .*, 79\.\d+ 79\.\d+ 38\.\d+ .*tP/,
    ],
  ] as const)('is one that is a multiple, %s', { tags: 'all' }, async ([cell, text]) => {
    const run = await ran({ cells: [cell] });
    expect(ends(run)?.summary.crystals).toBe(6);
    expect(warnings(run)).toEqual([expect.stringMatching(text)]);
    expect(ends(run)?.summary.multiples).toMatchObject([{ known: 0 }]);
    expect(ends(right)?.summary.multiples).toEqual([]);
    const alone = await ran({ cells: [cell], inputs: { file: sim('run.h5'), frames: [0] } });
    expect(warnings(alone)).toEqual([expect.stringMatching(text)]);
    const again = await ran({ cells: [cell], inputs: { file: sim('run.h5'), frames: Array<number>(32).fill(0) } });
    expect(warnings(again).filter((one) => text.test(one))).toHaveLength(2);
  });

  test('that is a multiple is noted at the end of the stream, and a merge refuses it unless the cell is given', {
    tags: 'all',
  }, async () => {
    const { stream } = await ran({ cells: ['158,79,38,90,90,90'] });
    expect(stream).toMatch(/^; ewald doubts the cell: the peaks are those of another one\n$/m);
    const reader = await readStream(stream.split('\n'), 'a.stream');
    let chunks = 0;
    for await (const _ of reader.chunks()) chunks++;
    expect(chunks).toBe(6);
    const merged = (more: object) =>
      mergeStream(context, { name: 'a.stream', bytes: new TextEncoder().encode(stream) }, { symmetry: 'mmm', ...more });
    await expect(merged({})).rejects.toMatchObject({ tag: 'Argument', message: expect.stringMatching(/a multiple/) });
    const { cell, lengthErrorsA, centring } = readCell('158,79,38,90,90,90');
    expect((await merged({ cell: { cell, lengthErrorsA, centring } })).isDoubtful).toBe(true);
  });

  test('in nm is asked about where nothing is indexed', async () => {
    const run = await ran({ cells: ['7.91,7.91,3.81,90,90,90'], refineGeometry: 'off' });
    expect(ends(run)?.summary.crystals).toBe(0);
    expect(warnings(run)).toEqual([
      expect.stringMatching(/^no frame fits .* in nm, the edges are 79\.1, 79\.1, 38\.1 /),
    ]);
  });

  test('is one with a centring that the crystals do not have', { tags: 'all' }, async () => {
    const cell = readFileSync(sim('run.cell'), 'utf8').replace(/^centering = P$/m, 'centering = I');
    const run = await ran({ cells: [new TextEncoder().encode(cell)] });
    expect(ends(run)?.summary.crystals).toBe(6);
    expect(warnings(run)).toEqual([
      expect.stringMatching(
        /^\d+ peaks are at reflections that the centring I of the known cell forbids, and \d+ at others/,
      ),
    ]);
  });

  test('is reported before the frames are searched if there are more of them', { tags: 'all' }, async () => {
    const events: RunEvent[] = [];
    // More than the frames on which the geometry is refined.
    const inputs = { file: sim('run.h5'), frames: Array<number>(90).fill(0) };
    const run = context.pipeline({
      ...{ inputs, geometry: sim('run.geom'), cells: ['60,65,45,90,95,90'], integrate: false },
      ...{ peaks: { threshold: 12 }, onEvent: (event) => void events.push(event) },
    });
    for await (const _ of run) break;
    const texts = events.flatMap((event) => (event.kind === 'warning' ? event.text : []));
    expect(texts.some((text) => /peaks of the first (\d+ )?frames/.test(text))).toBe(true);
  });

  test('refines no geometry, writes none, and moves no detector', () => {
    expect(wrong.refined).toBe('');
    expect(wrong.events.filter(({ kind }) => kind === 'geometry' || kind === 'detector')).toEqual([]);
    const texts = ends(wrong)?.outputs.map(({ text }) => text) ?? [];
    expect(texts).toContainEqual(expect.stringMatching(/^no refined geometry: the cell is doubtful/));
    expect(right.refined).toContain('clen');
  });

  test('is stated in the head of the stream, which keeps its crystals, and a merge repeats it', async () => {
    const head = (text: string): string => text.slice(0, text.indexOf('----- Begin chunk'));
    expect(head(wrong.stream)).toContain('\n; ewald doubts the cell');
    expect(head(right.stream)).not.toContain('doubt');
    const reader = await readStream(wrong.stream.replace(/\n$/, '').split('\n'), 'wrong');
    let crystals = 0;
    for await (const chunk of reader.chunks()) crystals += chunk.crystals.length;
    expect(crystals).toBe(ends(wrong)?.summary.crystals);
    const remarks = async (text: string): Promise<readonly string[]> =>
      (
        await mergeStream(
          context,
          { name: 'a.stream', bytes: new TextEncoder().encode(text) },
          {
            ...{ symmetry: '-1', model: 'mean', ambiguity: false },
          },
        )
      ).remarks;
    expect(await remarks(wrong.stream)).toContainEqual(expect.stringMatching(/^a\.stream: .* doubts its cell/));
    expect((await remarks(right.stream)).filter((text) => text.includes('doubt'))).toEqual([]);
  });

  test('keeps a geometry from being refined on the stream, unless it is forced', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ewald-doubt-'));
    try {
      const [stream, output] = [join(folder, 'a.stream'), join(folder, 'a.geom')];
      writeFileSync(stream, wrong.stream);
      await refused(() => refineStreamGeometry(stream, { output }), 'Format', 'explain only', '--force');
      expect(existsSync(output)).toBe(false);
      expect((await refineStreamGeometry(stream, { output, force: true })).doubt).toMatch(/explain only \d+ %/);
      expect(readFileSync(output, 'utf8')).toContain('clen');
      writeFileSync(stream, right.stream);
      expect((await refineStreamGeometry(stream, { output, force: true })).doubt).toBeUndefined();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('of another cell than the crystals have is told by the geometry of a stream as well, or refused', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ewald-other-'));
    try {
      const [stream, output] = [join(folder, 'a.stream'), join(folder, 'a.geom')];
      writeFileSync(stream, right.stream);
      const refine = (cell: string, options = {}) => refineStreamGeometry(stream, { output, cell, ...options });
      await refused(() => refine('20,30,40,90,90,90'), 'Format', 'their cell is 79', 'the known one 20.00', '--force');
      expect(existsSync(output)).toBe(false);
      const forced = { force: true };
      expect((await refine('79,79,41,90,90,90', forced)).doubt).toMatch(/^the cell of \d crystals is 79\./);
      const trusted = await refine('79.7,79.7,38.34,90,90,90', { ...forced, trustCell: true });
      expect(trusted.doubt).toMatch(
        /whose size is right to 0\.03 % \(--trust-cell\), and the distance is the one that/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('is reported when the peaks of a stream are indexed again', async () => {
    const blob = new Blob([wrong.stream]);
    const events: RunEvent[] = [];
    const onEvent = (event: RunEvent): void => void events.push(event);
    for await (const _ of context.pipeline({ inputs: blob as never, onEvent }));
    expect(events.filter(({ kind }) => kind === 'warning')).toHaveLength(1);
  });
});

describe.skipIf(!dataFolder)(`fewer than five crystals${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  const remarks = async (set: string, cell: string, frames: readonly number[]): Promise<readonly string[]> => {
    const { events } = await ran({
      ...{ inputs: { file: `${set}.h5`, frames }, geometry: `${set}.geom`, cells: [cell], integrate: false },
      ...{ refinedGeometry: undefined, output: undefined, peaks: 'tune' },
    });
    return events.flatMap((event) => (event.kind === 'detector' ? [...event.doubts, ...event.remarks] : []));
  };

  test.for([[0], [1, 2, 3]])('show that a cell is 1.5 percent too large: frames %j', async (frames) => {
    expect(await remarks(sim('mono'), '36.743,63.438,99.572,90,97.3,90', frames)).toEqual([
      expect.stringMatching(/^according to \d crystals?, the known cell is 1\.[67] % too large, or the detector/),
    ]);
  });

  test.for([
    ['sim/run', [0, 1]],
    ['sim/weak', [0]],
    ['sim/mono', [0, 1]],
    // Frames with the fewest peaks, whose distances differ most.
    ['sim/hard', [10, 12, 15]],
  ] as const)('do not contradict the right cell of %s', async ([set, frames]) => {
    const name = resolve(dataFolder ?? '', set);
    expect(await remarks(name, `${name}.cell`, frames)).toEqual([]);
  });

  // The distances of these geometries do not suit the cells, by 0.4 and 1.4 %, and neither do their panels.
  test.for(['cspad_thermolysin', 'pilatus_thaumatin'])(
    'do not contradict the right cell of %s',
    { tags: 'all' },
    async (set) => {
      const name = resolve(dataFolder ?? '', 'real', 'frames', set);
      const events: RunEvent[] = [];
      const run = context.pipeline({
        ...{ inputs: { file: `${name}_dev.h5`, frames: [0, 1] }, geometry: `${name}.geom`, cells: [`${name}.cell`] },
        ...{ integrate: false, onEvent: (event) => void events.push(event) },
      });
      let crystals = 0;
      for await (const { result } of run) crystals += result?.crystals.length ?? 0;
      expect(crystals).toBeGreaterThan(0);
      // The geometry of the CSPAD calls its units photons, which gives another remark.
      const isGain = (event: RunEvent): boolean =>
        event.kind === 'warning' &&
        /^the geometry states 1 unit per photon .* scales the errors of intensities: if .*, state it/.test(event.text);
      const told = events.filter((event) => ['warning', 'detector', 'geometry'].includes(event.kind) && !isGain(event));
      expect(told).toEqual([]);
      expect(events.some(isGain)).toBe(set === 'cspad_thermolysin');
    },
  );
});
