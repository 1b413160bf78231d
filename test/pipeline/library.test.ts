/** `ctx.pipeline`: the stream of the command from JavaScript, and wrong, broken and stopped runs. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { memoryDataset, open } from 'ewald/data';
import { Executor } from 'ewald/executors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Context,
  createContext,
  formatChunk,
  type PipelineItem,
  type PipelineOptions,
  parseGeometry,
  type RunEvent,
  readCell,
} from '../../dist/index.node.js';
import { ewald } from '../support/cli.js';
import { dataFolder } from '../support/data.js';
import { refused } from '../support/refused.js';

const sim = (name: string): string => resolve(dataFolder ?? '', 'sim', name);
const text = (name: string): string => readFileSync(sim(name), 'utf8');
let context: Context;
beforeAll(async () => {
  context = await createContext({ backend: 'wasm' });
});
afterAll(() => context.dispose());

async function all(options: PipelineOptions): Promise<PipelineItem[]> {
  const items: PipelineItem[] = [];
  for await (const item of context.pipeline(options)) items.push(item);
  return items;
}

describe.skipIf(!dataFolder)(`ctx.pipeline${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  const settings = () => ({
    geometry: parseGeometry(text('mono.geom')),
    cells: [readCell(text('mono.cell'))],
    peaks: { threshold: 12 },
    minRes: 20,
  });

  test.for([
    [{ peaks: { minSNR: 4 } }, /peaks has no option "minSNR".*minSnr/],
    [{ peaks: { threshold: 12, minRes: 20 } }, /minRes belongs beside `peaks`, not in it/],
    [{ peaks: { finder: 'zaef' } }, /finder belongs beside `peaks`/],
    [{ peaks: 'zaef' }, /peaks is "zaef"; expected 'tune' or parameters/],
    [{ peaks: { centroid: 'mean' } }, /peaks.centroid is "mean"/],
    [{ thresholds: { accept: -5 } }, /thresholds has no option "accept"/],
    [{ thresholds: { acceptLog10: 'x' } }, /thresholds.acceptLog10 is "x"/],
  ] as const)(
    '%j is refused before a frame is searched, and the stream of an earlier run is kept',
    async ([wrong, message]) => {
      const folder = mkdtempSync(join(tmpdir(), 'ewald-names-'));
      try {
        const output = join(folder, 'run.stream');
        writeFileSync(output, 'CrystFEL stream format 2.3\n');
        const given = { ...settings(), inputs: [sim('mono.h5')], output, force: true, ...wrong } as never;
        await expect(all(given)).rejects.toThrow(message);
        expect(readFileSync(output, 'utf8')).toBe('CrystFEL stream format 2.3\n');
        expect(readdirSync(folder)).toEqual(['run.stream']);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );

  test('a run is iterated once: a second loop throws instead of finding nothing', { tags: 'all' }, async () => {
    const run = context.pipeline({ inputs: sim('mono.h5'), ...settings() });
    let frames = 0;
    for await (const _ of run) frames++;
    expect(frames).toBe(6);
    const again = async () => {
      for await (const _ of run);
    };
    await refused(again, 'Disposed', 'this run was iterated already; call pipeline again');
  });

  test('an iterable is waited for as long as firstFramesTimeoutS says, and read on afterwards', {
    tags: 'all',
    timeout: 60_000,
  }, async () => {
    for (const executor of [undefined, await Executor.inline({ context: { backend: 'wasm' } })]) {
      let found = (): void => undefined;
      const first = new Promise<void>((resolve) => {
        found = resolve;
      });
      const arriving = async function* () {
        yield { file: sim('mono.h5'), frames: [0, 1, 2] };
        // More arrives once there is a result, for which the parameters have been determined.
        await first;
        yield { file: sim('mono.h5'), frames: [3, 4, 5] };
      };
      const frames: unknown[] = [];
      const given = { ...settings(), inputs: arriving(), peaks: 'tune' as const, firstFramesTimeoutS: 0, executor };
      for await (const { origin } of context.pipeline(given)) {
        frames.push(origin.event);
        found();
      }
      expect(frames).toEqual([0, 1, 2, 3, 4, 5]);
      await executor?.dispose();
    }
    const late = { ...settings(), inputs: sim('mono.h5'), firstFramesTimeoutS: 1 };
    await refused(() => all(late), 'Argument', 'firstFramesTimeoutS', 'an iterable of inputs');
  });

  test('warnings of a run without onEvent go to the log of the context', { tags: 'nightly' }, async () => {
    const lines: string[] = [];
    const { sink } = context.log;
    context.log.sink = (level, line) => void lines.push(`${level}: ${line}`);
    try {
      const run = { inputs: [sim('run.h5')], geometry: sim('run.geom'), cells: [sim('mono.cell')] };
      await all({ ...run, peaks: { threshold: 12 } });
    } finally {
      context.log.sink = sink;
    }
    expect(lines.join('\n')).toMatch(/^warn: .*cell/m);
  });

  test.for([1, 3])('%i jobs: the chunks equal those of the command, to the byte', { tags: 'nightly' }, async (jobs) => {
    const dataset = await open(sim('mono.h5'));
    const items = await all({ inputs: [{ dataset, filename: sim('mono.h5') }], jobs, ...settings() });
    await dataset.dispose();
    const chunks = items.map(({ chunk }) => chunk && formatChunk(chunk)).join('');
    const search = ['-g', sim('mono.geom'), '-p', sim('mono.cell'), '--threshold=12', '--min-res=20', '--backend=wasm'];
    const { out } = await ewald(['index', sim('mono.h5'), ...search, '--executor=inline', '-o', '-']);
    expect(chunks.length).toBeGreaterThan(10_000);
    expect(out.endsWith(chunks)).toBe(true);
    expect(context.liveBytes).toBe(0);
  });

  const fewest = 'the fewest words find what the command finds: %s/%s, cell known: %s';
  const simulated = [
    ['sim', 'mono', true],
    ['sim', 'weak', true],
    ['sim', 'mono', false],
  ] as const;
  test.for(simulated)(fewest, { tags: 'nightly' }, findsTheSame);
  const measured = [join('real', 'frames'), 'cspad_thermolysin', true] as const;
  test.for([measured])(fewest, { tags: 'all' }, findsTheSame);

  async function findsTheSame([folder, name, known]: readonly [folder: string, name: string, known: boolean]) {
    const at = (ending: string): string => resolve(dataFolder ?? '', folder, `${name}${ending}`);
    const file = at(folder === 'sim' ? '.h5' : '_dev.h5');
    const dataset = await open(file);
    const events: RunEvent[] = [];
    const items = await all({
      inputs: [{ dataset, filename: file }],
      geometry: parseGeometry(readFileSync(at('.geom'), 'utf8')),
      ...(known ? { cells: [readCell(readFileSync(at('.cell'), 'utf8'))] } : {}),
      onEvent: (event) => events.push(event),
    });
    await dataset.dispose();
    const words = ['-g', at('.geom'), ...(known ? ['-p', at('.cell')] : []), '--backend=wasm', '--executor=inline'];
    const { out, err } = await ewald(['index', file, ...words, '-o', '-']);
    const chunks = items.map(({ chunk }) => chunk && formatChunk(chunk)).join('');
    expect(items.filter(({ result }) => result && result.crystals.length > 0).length).toBeGreaterThan(1);
    expect(out.endsWith(chunks)).toBe(true);
    const kinds = [...new Set(events.map(({ kind }) => kind))];
    // The geometry of the CSPAD calls its units photons, which is a warning.
    expect(kinds.filter((kind) => kind !== 'detector' && kind !== 'warning')).toEqual(
      known ? ['progress', 'tuned', 'prepared', 'end'] : ['progress', 'tuned', 'cell', 'prepared', 'end'],
    );
    const starts = events.flatMap((event) =>
      event.kind === 'progress' && event.stage === 'start' ? [event.text] : [],
    );
    expect(starts).toEqual([
      'adjusting the search to the first 4 frames',
      ...(known ? [] : ['determining the cell from the first frames']),
      'refining the geometry on the first crystals',
      'searching the first frames',
    ]);
    for (const event of events)
      if (event.kind === 'tuned') expect(err).toContain(`--threshold=${event.peaks.threshold}`);
  }

  test('frames that cannot be read are items with their error; leaving the loop ends the run', async () => {
    const dataset = await open(sim('mono.h5'));
    const other = memoryDataset(new Uint8Array(4 * 64), { sigShape: [8, 8] });
    const items = await all({
      inputs: [
        { dataset, frames: [2] },
        { dataset: other, frames: [0] },
      ],
      ...settings(),
    });
    expect(items.map(({ error }) => error?.tag)).toEqual([undefined, 'Shape']);
    expect(items[1]?.error?.message).toMatch(/a run has a single detector/);
    for await (const { result } of context.pipeline({ inputs: [{ dataset }], ...settings() })) {
      expect(result?.crystals).toHaveLength(1);
      break;
    }
    expect(context.liveBytes).toBe(0);
    const controller = new AbortController();
    await refused(async () => {
      for await (const _ of context.pipeline({ inputs: [{ dataset }], signal: controller.signal, ...settings() }))
        controller.abort();
    }, 'Aborted');
    expect(context.liveBytes).toBe(0);
    await dataset.dispose();
  });

  test('a source that waits does not hold back frames that are done, and can be left while it waits', async () => {
    const dataset = await open(sim('mono.h5'));
    let next = (): void => undefined;
    const live = async function* () {
      for (let frame = 0; ; frame++) {
        yield { dataset, frames: [frame] };
        await new Promise<void>((resolve) => {
          next = resolve;
        });
      }
    };
    const serials: number[] = [];
    for await (const { origin } of context.pipeline({ inputs: live(), jobs: 2, ...settings() })) {
      serials.push(origin.serial);
      if (serials.length === 3) break;
      next();
    }
    expect(serials).toEqual([1, 2, 3]);
    expect(context.liveBytes).toBe(0);
    await dataset.dispose();
  });

  test.for([
    [{ inputs: [] }, 'Argument', /the run has no frames/],
    [{ jobs: 0 }, 'Argument', /pipeline: jobs is 0/],
    [{ threshold: 3 }, 'Argument', /pipeline: threshold belongs in `peaks`: peaks: \{ threshold: 3 \}/],
    [{ minSnr: 5 }, 'Argument', /pipeline: minSnr belongs in `peaks`: peaks: \{ minSnr: 5 \}/],
    [{ minSnrr: 5 }, 'Argument', /pipeline has no option "minSnrr"/],
    [{ geometry: 3 as never }, 'Argument', /geometry is 3; expected a path, a URL/],
    [{ geometry: 'absent.geom' }, 'File', /absent\.geom cannot be read/],
    [{ cells: 'mono.cell' as never }, 'Argument', /cells is .*expected a list/],
    [{ cells: [79, 79, 38, 90, 90, 90] }, 'Argument', /expected a list of cells: cells: \[\[79,79,38,90,90,90\]\]/],
    [{ cells: [[79, 79, 38]] }, 'Argument', /cells\[0\] is \[79,79,38\]; expected a path or text such as/],
    [{ cells: [[79, 79, 38, 90, 90, 0]] }, 'Argument', /angles must lie between 0 and 180/],
    [{ cells: [{ cell: [79, 79, 38] }] }, 'Argument', /cells\[0\] is .*, which has no centring; expected/],
    [{ cells: [{ parameters: [79, 79, 38, 90, 90, 90], centring: 'Q' }] }, 'Argument', /centring is "Q"; expected one/],
    [{ shard: '5/4' }, 'Argument', /shard is .*expected i\/n/],
    [{ resume: true }, 'Argument', /resume requires a stream/],
    [{ executor: {} as never }, 'Argument', /executor is .*Executor\.workers/],
    [{ bad: new Uint8Array(3), serialStart: -1 }, 'Argument', /serialStart is -1/],
  ] as const)('%j is refused', async ([wrong, tag, message]) => {
    const dataset = await open(sim('mono.h5'));
    await expect(all({ inputs: [{ dataset }], ...settings(), ...(wrong as object) })).rejects.toMatchObject({
      tag,
      message: expect.stringMatching(message),
    });
    await dataset.dispose();
  });

  test('cells as six numbers, or as parameters with a centring, are those of a text', async () => {
    const streamOf = async (cells: NonNullable<PipelineOptions['cells']>): Promise<string> => {
      let text = '';
      const output = (piece: Uint8Array): void => {
        text += Buffer.from(piece).toString();
      };
      const inputs = { file: sim('mono.h5'), frames: [0] };
      for await (const _ of context.pipeline({ inputs, ...settings(), cells, output, commandLine: 'ewald test' }));
      return text;
    };
    const numbers = [36.2, 62.5, 98.1, 90, 97.3, 90] as const;
    const known = await streamOf([numbers.join()]);
    expect(known).toContain('Cell parameters');
    expect(await streamOf([numbers])).toBe(known);
    expect(await streamOf([{ parameters: numbers }])).toBe(known);
    expect(await streamOf([{ parameters: numbers, centring: 'P' }])).toBe(known);
  });

  test('a searcher and the determination of a cell say where parameters of the search belong as well', async () => {
    const message = /: minSnr belongs in `peaks`/;
    await expect(context.frameSearcher({ minSnr: 5 } as never)).rejects.toThrow(message);
    await expect(context.cell({ inputs: sim('mono.h5'), minSnr: 5 } as never)).rejects.toThrow(message);
  });
});
