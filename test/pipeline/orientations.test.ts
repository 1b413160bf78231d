/** Runs with known orientations: crystals of an earlier run, or of another program, are integrated again without a search. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Context, createContext, type PipelineItem, type PipelineOptions, type RunEvent } from 'ewald';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ewaldTogether as ewald } from '../support/cli.js';

const cell = '60,60,40,90,90,90';
let folder = '';
let context: Context;
const of = (name: string): string => join(folder, name);
const peaks = { threshold: 8, minSnr: 4.5, localBgRadius: 4 } as const;

interface Found {
  readonly items: readonly PipelineItem[];
  readonly warnings: readonly string[];
}

async function run(options: Partial<PipelineOptions>): Promise<Found> {
  const warnings: string[] = [];
  const onEvent = (event: RunEvent): void => {
    if (event.kind === 'warning') warnings.push(event.text);
  };
  const items: PipelineItem[] = [];
  const common = { inputs: of('run.h5'), geometry: of('run.geom'), peaks, intRadius: [3, 4, 6] as const, force: true };
  for await (const item of context.pipeline({ ...common, onEvent, ...options } as PipelineOptions)) items.push(item);
  return { items, warnings };
}

/** Reflections by frame, crystal and indices: I and the place. */
function reflectionsOf({ items }: Found): Map<string, readonly number[]> {
  const found = new Map<string, readonly number[]>();
  for (const { origin, result } of items)
    for (const [n, crystal] of (result?.crystals ?? []).entries())
      for (const { h, k, l, intensity, fs, ss, panel } of crystal.reflections ?? [])
        found.set([origin.serial, n, h, k, l].join(), [intensity, fs, ss, panel]);
  return found;
}

const crystalsOf = ({ items }: Found): number =>
  items.reduce((sum, { result }) => sum + (result?.crystals.length ?? 0), 0);

let first: Found;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-orientations-'));
  const simulation = [`--cell=${cell}`, '--images=4', '--size=320,320', '--crystals=2', '--distance=80', '--seed=3'];
  const { code, err } = await ewald(['simulate', 'frames', '-o', folder, ...simulation]);
  expect(code, err).toBe(0);
  context = await createContext({ backend: 'wasm' });
  const outputs = { output: of('old.stream'), sol: of('old.sol') };
  first = await run({ cells: [cell], multi: true, refineGeometry: 'off', ...outputs });
  expect(crystalsOf(first)).toBeGreaterThan(5);
});
afterAll(async () => {
  await context.dispose();
  await rm(folder, { recursive: true });
});

test('the crystals of a stream, kept as they are, have the reflections that they had', async () => {
  const [before, again] = [first, await run({ orientations: of('old.stream'), asTheyAre: true })].map(
    reflectionsOf,
  ) as [Map<string, readonly number[]>, Map<string, readonly number[]>];
  const both = [...before.keys()].filter((key) => again.has(key));
  // A stream rounds radii to five decimals, so that a reflection in a thousand is a hair within or beyond reach.
  expect(both.length).toBeGreaterThan(0.997 * before.size);
  expect(again.size).toBeLessThan(1.003 * before.size);
  const other = both.filter((key) => {
    const [x, y] = [before.get(key), again.get(key)] as [readonly number[], readonly number[]];
    expect(Math.hypot((x[1] as number) - (y[1] as number), (x[2] as number) - (y[2] as number)), key).toBeLessThan(
      1e-3,
    );
    return Math.abs((x[0] as number) - (y[0] as number)) > 1e-6 * Math.abs(x[0] as number);
  });
  // A place within 10⁻³ of the edge of a pixel may take its sum from the next one.
  expect(other.length).toBeLessThan(0.003 * both.length);
});

test.each(['old.stream', 'old.sol'])('the crystals of %s are fitted and judged, several in a frame', async (file) => {
  const again = await run({ orientations: of(file), cells: [cell] });
  expect(crystalsOf(again)).toBe(crystalsOf(first));
  expect(again.warnings).toEqual([]);
  const [before, after] = [reflectionsOf(first), reflectionsOf(again)];
  expect([...before.keys()].filter((key) => after.has(key)).length).toBeGreaterThan(0.97 * before.size);
});

test('crystals of other frames are left out by chance, and kept only as they are', async () => {
  const text = readFileSync(of('old.stream'), 'utf8');
  writeFileSync(
    of('moved.stream'),
    text.replaceAll(/^Event: \/\/(\d)/gm, (_, n) => `Event: //${(Number(n) + 1) % 4}`),
  );
  expect(crystalsOf(await run({ orientations: of('moved.stream') }))).toBe(0);
  expect(crystalsOf(await run({ orientations: of('moved.stream'), asTheyAre: true }))).toBe(crystalsOf(first));
});

test('another geometry takes the cell back to what is known', async () => {
  const geometry = readFileSync(of('run.geom'), 'utf8');
  const wrong = geometry.replace(/^clen = (\S+)/m, (_, clen) => `clen = ${1.006 * Number(clen)}`);
  expect(wrong).not.toBe(geometry);
  await run({ geometry: wrong, cells: [cell], multi: true, refineGeometry: 'off', output: of('far.stream') });
  const edges = ({ items }: Found): number[] =>
    items.flatMap(({ result }) => (result?.crystals ?? []).map(({ lengths }) => lengths[0]));
  const mean = (all: readonly number[]): number => all.reduce((sum, x) => sum + x, 0) / all.length;
  const kept = edges(await run({ orientations: of('far.stream'), cells: [cell], asTheyAre: true }));
  const fitted = edges(await run({ orientations: of('far.stream'), cells: [cell] }));
  expect(fitted.length).toBeGreaterThan(5);
  expect(Math.abs(mean(kept) - 60)).toBeGreaterThan(0.1);
  expect(Math.abs(mean(fitted) - 60)).toBeLessThan(0.04);
});

test('frames and crystals that are not in both are counted, whatever the folder of the files', async () => {
  const [head = '', ...chunks] = readFileSync(of('old.stream'), 'utf8').split(/(?=^----- Begin chunk)/m);
  const named = [head, ...chunks.slice(0, 3)]
    .join('')
    .replaceAll(/^Image filename: .*$/gm, 'Image filename: elsewhere/run.h5');
  writeFileSync(of('part.stream'), named);
  const some = await run({ orientations: of('part.stream'), first: 4 });
  expect(crystalsOf(some)).toBeGreaterThan(3);
  expect(some.warnings).toEqual([
    expect.stringMatching(/part\.stream does not have 1 frame of 4, such as .*run\.h5 \/\/3/),
  ]);
  const few = await run({ orientations: of('old.stream'), first: 2 });
  expect(few.warnings).toEqual([
    expect.stringMatching(/crystals of .*old\.stream are of 2 frames that are not in this run/),
  ]);
  writeFileSync(of('other.stream'), named.replaceAll('elsewhere/run.h5', 'other.h5'));
  const none = await run({ orientations: of('other.stream') });
  expect(none.warnings).toEqual([
    expect.stringMatching(
      /no orientation of any of the 4 frames: it names frames as other\.h5.*; files of hits .* name their frames anew/,
    ),
  ]);
});

test('another cell, another kind of file and options of a search are refused with what to do', async () => {
  const refused = async (options: Partial<PipelineOptions>): Promise<string> =>
    run(options).then(
      () => 'not refused',
      (error: Error) => error.message,
    );
  const orientations = of('old.stream');
  expect(await refused({ orientations, cells: ['60,64,40,90,90,90'] })).toMatch(
    /have another cell, 6\d\.\d\d .*ewald cell compare/,
  );
  expect(await refused({ orientations: of('run.geom') })).toMatch(/neither a stream nor a list of orientations/);
  writeFileSync(of('empty.sol'), '# nothing\n');
  expect(await refused({ orientations: of('empty.sol') })).toMatch(/has no crystals/);
  expect(await refused({ asTheyAre: true })).toMatch(/keeps the crystals of orientations, which is not given/);
  expect(await refused({ orientations, multi: true })).toMatch(/multi is of a search for lattices/);
  expect(await refused({ orientations, refineGeometry: 'auto' })).toMatch(
    /refineGeometry moves the detector of a search/,
  );
  expect(await refused({ orientations, output: orientations })).toMatch(/is the input itself/);
});

test('a file of the same last part in another folder has none of the orientations, if the right one is in the run, too', async () => {
  for (const name of ['d1', 'd2']) {
    mkdirSync(of(name));
    copyFileSync(of('run.h5'), of(`${name}/x.h5`));
  }
  const inputs = [of('d1/x.h5'), of('d2/x.h5')];
  const byFile = ({ items }: Found): number[] =>
    inputs.map((file) =>
      items
        .filter(({ origin }) => origin.filename === file)
        .reduce((sum, { result }) => sum + (result?.crystals.length ?? 0), 0),
    );
  const text = readFileSync(of('old.stream'), 'utf8');
  const listed = (name: string): string => {
    writeFileSync(of('named.stream'), text.replaceAll(/^Image filename: .*$/gm, `Image filename: ${name}`));
    return of('named.stream');
  };
  const all = crystalsOf(first);
  // Where it is, or moved with its folder.
  for (const name of [of('d1/x.h5'), '/elsewhere/d1/x.h5']) {
    const found = await run({ inputs, orientations: listed(name), asTheyAre: true });
    expect(byFile(found)).toEqual([all, 0]);
    expect(found.warnings.join()).toMatch(/does not have 4 frames of 8, such as .*d2\/x\.h5 \/\/0/);
  }
  const either = await run({ inputs, orientations: listed('/elsewhere/x.h5'), asTheyAre: true });
  expect(byFile(either)).toEqual([0, 0]);
  expect(either.warnings.join()).toMatch(/no orientation of any of the 8 frames/);
  // Files that are found while the run goes on.
  const found = await run({
    inputs: (async function* () {
      yield* inputs;
    })(),
    orientations: listed('/elsewhere/x.h5'),
    asTheyAre: true,
  } as never);
  expect(found.warnings.join()).toMatch(/were taken for both .*d1\/x\.h5 and .*d2\/x\.h5/);
});
