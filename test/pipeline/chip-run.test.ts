/**
 * Runs over a chip: a serpentine of which three images are lost, from files by their names, resumed, on workers, and
 * live; in the stream, HDF5, the report and the maps.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContext, type PipelineOptions } from 'ewald';
import { open } from 'ewald/data';
import { Executor } from 'ewald/executors';
import type { ChipMap, RunEvent } from 'ewald/pipeline';
import { streamMaps, zmqSource } from 'ewald/pipeline';
import { simulateDectris } from 'ewald/udf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { npyHeadOf, readNpy } from '../../src/frames/npy.js';
import { Hdf5Writer } from '../../src/hdf5/writer.js';
import { parseGrid, wellOfImage } from '../../src/pipeline/chip/grid.js';
import { codecsHere } from '../frames/hdf5-support.js';
import { ewaldTogether as ewald } from '../support/cli.js';

const [rows, columns, images] = [4, 5, 18];
const grid = `${rows}x${columns},serpentine`;
const lost = [3, 7, 8];
const zmq = await import('zeromq').catch(() => undefined);

let folder = '';
let file = '';
let geometry = '';
/** The same frames with the positions of two motors. */
let withMotors = '';
/** Number of spots of each image, which tells them apart. */
let spots: number[] = [];
const usual = { cells: [], peaks: { threshold: 12, minSnr: 5 } } as const;
const flags = ['-p', 'none', '--threshold', '12', '--min-snr', '5', '--backend', 'wasm'];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-chip-'));
  const made = ['simulate', 'frames', '-o', folder, '--images', `${images}`, '--size', '256,256', '--distance', '25'];
  await ewald([...made, '--blank', '0.2', '--spread', '1', '--strength', '4000']);
  file = join(folder, 'run.h5');
  const text = readFileSync(join(folder, 'run.geom'), 'utf8');
  // Of files that hold pixels alone.
  geometry = join(folder, 'plain.geom');
  writeFileSync(geometry, text.replace(/^.*\/(?:data|dim\d|mask\d?_\w+) = .*$/gm, ''));
  withMotors = await motorsOf(file);
  spots = (await run({ inputs: file })).items.map((count) => count);
});
afterAll(() => rm(folder, { recursive: true }));

/** Positions of the images: columns along x, rows downwards in y, with the scatter of a stage. */
const positions = Array.from({ length: images }, (_, image) => {
  const { row = 0, column = 0 } = wellOfImage(parseGrid(grid), image);
  return [image, 10 + 0.25 * column + 0.01 * Math.sin(image), -0.1 * row] as const;
});

/** Writes the frames of a file with the positions beside them. */
async function motorsOf(name: string): Promise<string> {
  const [codecs, dataset, parts] = [await codecsHere(), await open(name), [] as Uint8Array[]];
  const sink = {
    append: async (bytes: Uint8Array) => void parts.push(bytes.slice()),
    patch: async (_: number, bytes: Uint8Array) => parts[0]?.set(bytes),
  };
  const writer = await Hdf5Writer.create(sink, codecs);
  const series = writer.series({ frames: images, signal: [256, 256], dtype: 'u16' });
  await series.write((await dataset.read(0, images)) as Uint16Array);
  const mask = Uint32Array.from((await dataset.mask?.()) ?? []);
  const motor = (k: 1 | 2) => ({ value: Float64Array.from(positions, (row) => row[k]), shape: [images] });
  await writer.finish({
    entry: {
      children: {
        data: { children: { data: { frames: series } } },
        instrument: { children: { detector: { children: { pixel_mask: { value: mask, shape: [256, 256] } } } } },
      },
    },
    motors: { children: { x: motor(1), y: motor(2) } },
  });
  await codecs.dispose();
  await dataset.dispose();
  const to = join(folder, 'motors.h5');
  writeFileSync(to, Buffer.concat(parts));
  return to;
}

/** Runs frames; the spots of each, and the maps at the end. */
async function run(options: PipelineOptions, geom = join(folder, 'run.geom')) {
  const ctx = await createContext({ backend: 'wasm' });
  const [items, places, warnings]: [number[], string[], string[]] = [[], [], []];
  let maps: readonly ChipMap[] = [];
  const onEvent = (event: RunEvent): void => {
    if (event.kind === 'end') maps = event.maps ?? [];
    if (event.kind === 'warning') warnings.push(event.text);
  };
  try {
    for await (const { result } of ctx.pipeline({ ...usual, ...options, geometry: geom, onEvent })) {
      items.push(result?.peaks.count ?? Number.NaN);
      places.push(`${result?.grid?.image}: ${result?.grid?.row} ${result?.grid?.column}`);
    }
  } finally {
    await ctx.dispose();
  }
  return { items, places, maps, warnings };
}

/** What the map of spots is if images are in their wells, and those of `without` in none. */
function expected(without: readonly number[] = []): number[] {
  const values = new Array<number>(rows * columns).fill(Number.NaN);
  for (const [image, count] of spots.entries()) {
    const { row = 0, column = 0 } = wellOfImage(parseGrid(grid), image);
    if (!without.includes(image)) values[row * columns + column] = count;
  }
  return values;
}
/** A map whose first row is the greatest y. */
const upsideDown = (values: readonly number[]): number[] =>
  Array.from({ length: rows }, (_, row) => values.slice((rows - 1 - row) * columns, (rows - row) * columns)).flat();
const spotsOf = (map: ChipMap | undefined): number[] => [...(map?.values('spots').values ?? [])];
const spotsIn = (name: string): number[] => [...readNpy(readFileSync(name)).data];

/** A file for each image, numbered from `first`; lost ones have none. */
async function files(name: string, first: number): Promise<string[]> {
  mkdirSync(join(folder, name), { recursive: true });
  const dataset = await open(file);
  const names: string[] = [];
  for (let image = 0; image < images; image++) {
    if (lost.includes(image)) continue;
    const pixels = new Uint8Array((await dataset.read(image, 1)).buffer);
    const to = join(folder, name, `lyso_1_${String(image + first).padStart(5, '0')}.npy`);
    writeFileSync(to, Buffer.concat([npyHeadOf('<u2', [256, 256]), pixels]));
    names.push(to);
  }
  await dataset.dispose();
  return names;
}

test('the images tell each other apart', () => {
  expect(spots).toHaveLength(images);
  expect(new Set(spots).size).toBeGreaterThan(images / 2);
});

test('a file of frames: results, stream, HDF5, report and maps', { tags: 'all' }, async () => {
  const at = (name: string): string => join(folder, name);
  const outputs = ['-o', at('a.stream'), '--hdf5', at('a.h5'), '--html', at('a.html')];
  const maps = ['--map', `spots=${at('a.npy')}`, '--map', at('a.png')];
  const words = ['index', file, '-g', join(folder, 'run.geom'), ...flags, '--grid', grid, '-j', '1'];
  const { out, err } = await ewald([...words, ...outputs, ...maps]);
  expect(out, err).toMatch(/map: spots in .*a\.npy, hits in .*a\.png/);
  expect(spotsIn(at('a.npy'))).toEqual(expected());
  const lines = readFileSync(at('a.stream'), 'utf8').match(/^ewald\/(grid|image) = .*$/gm) ?? [];
  expect(lines.slice(10, 14)).toEqual(['ewald/grid = 1 4', 'ewald/image = 5', 'ewald/grid = 1 3', 'ewald/image = 6']);
  const column = async (name: string): Promise<number[]> => {
    const dataset = await open(at('a.h5'), { dataset: `/entry/frames/${name}` });
    const all = Array.from(await dataset.read(0, dataset.frames), Number);
    await dataset.dispose();
    return all;
  };
  expect((await column('grid_row')).slice(0, 7)).toEqual([0, 0, 0, 0, 0, 1, 1]);
  expect((await column('grid_column')).slice(0, 7)).toEqual([0, 1, 2, 3, 4, 4, 3]);
  expect((await column('image')).slice(0, 2)).toEqual([0, 1]);
  expect(readFileSync(at('a.html'), 'utf8')).toMatch(/<h2>Chip<\/h2>.*4 x 5 wells, 18 images/s);
  // The stream draws the same map.
  const drawn = await ewald(['stream', 'map', at('a.stream'), '-o', `spots=${at('s.npy')}`, '-o', at('s.png')]);
  expect(drawn.out, drawn.err).toMatch(/map in .*s\.npy, .*s\.png/);
  expect(spotsIn(at('s.npy'))).toEqual(expected());
  expect(spotsOf((await streamMaps([at('a.stream')]))[0])).toEqual(expected());
  expect(readFileSync(at('s.png'))).toEqual(readFileSync(at('a.png')));
  // A map of ewald is replaced; an array of numbers needs --force.
  const again = await ewald([...words, '--map', at('a.png')]);
  expect(again.out + again.err).toMatch(/map: hits in/);
  expect((await ewald([...words, '--map', at('a.npy')])).err).toMatch(/a\.npy .*--force/);
  const { out: json } = await ewald([...words, '--json', '--first', '6']);
  expect(JSON.parse(json.trim().split('\n').at(-1) ?? '').grid).toMatchObject({ row: 1, column: 4, image: 5 });
});

test('a run without a grid has no lines, columns and sections of it', { tags: 'all' }, async () => {
  const at = (name: string): string => join(folder, name);
  const words = ['index', file, '-g', join(folder, 'run.geom'), ...flags, '-j', '1', '--first', '2'];
  await ewald([...words, '-o', at('none.stream'), '--hdf5', at('none.h5'), '--html', at('none.html')]);
  expect(readFileSync(at('none.stream'), 'utf8')).not.toMatch(/ewald\/(grid|image)/);
  expect(readFileSync(at('none.h5'), 'latin1')).not.toMatch(/grid_row/);
  expect(readFileSync(at('none.html'), 'utf8')).not.toMatch(/<h2>Chip/);
  const { err, code } = await ewald(['stream', 'map', at('none.stream'), '-o', at('none.png')]);
  expect([code, err]).toEqual([
    1,
    expect.stringMatching(/none\.stream: no frame has a well; ewald index writes them with/),
  ]);
});

describe('three lost images', () => {
  test('of files that are numbered: each of the others is in its well, here and on workers', {
    tags: 'all',
  }, async () => {
    const inputs = await files('series', 1);
    const here = await run({ inputs, grid, gridFile: undefined }, geometry);
    expect(here.places.slice(0, 4)).toEqual(['1: 0 0', '2: 0 1', '3: 0 2', '5: 0 4']);
    expect(spotsOf(here.maps[0])).toEqual(expected(lost));
    const executor = await Executor.workers({ workers: 2, context: { backend: 'wasm' } });
    try {
      const there = await run({ inputs, grid, executor }, geometry);
      expect(there.places).toEqual(here.places);
      expect(spotsOf(there.maps[0])).toEqual(expected(lost));
      // What workers find of positions in the frames is the same as well.
      const fields = { inputs: withMotors, gridFields: ['/motors/x', '/motors/y'] } as const;
      const found = await run({ ...fields, executor });
      expect(found.places).toEqual((await run(fields)).places);
      expect(spotsOf(found.maps[0])).toEqual(upsideDown(expected()));
    } finally {
      await executor.dispose();
    }
  });

  test('resumed: the earlier frames are in their wells as well', { tags: 'all' }, async () => {
    const at = (name: string): string => join(folder, name);
    await files('series', 1);
    const words = ['index', join(folder, 'series'), '-g', geometry, ...flags, '--grid', grid, '-o', at('r.stream')];
    await ewald([...words, '-j', '1', '--first', '6', '--map', `spots=${at('first.npy')}`]);
    const six = [0, 1, 2, 4, 5, 6];
    const others = Array.from({ length: images }, (_, i) => i).filter((i) => !six.includes(i));
    expect(spotsIn(at('first.npy'))).toEqual(expected(others));
    const { err } = await ewald([...words, '-j', '1', '--resume', '--map', `spots=${at('all.npy')}`]);
    expect(spotsIn(at('all.npy')), err).toEqual(expected(lost));
    // The map of the run itself is replaced by that of all frames, and other numbers are not.
    const same = [...words, '-j', '1', '--resume', '--map', `spots=${at('first.npy')}`];
    const again = await ewald(same);
    expect([again.code, spotsIn(at('first.npy'))], again.err).toEqual([0, expected(lost)]);
    writeFileSync(at('first.npy'), Buffer.concat([npyHeadOf('<f8', [2, 2]), new Uint8Array(32)]));
    expect((await ewald(same)).err).toMatch(/first\.npy exists and may hold numbers of yours/);
  });

  test('a number before the first well, or beyond the last one, is refused before the run', async () => {
    const inputs = await files('from-zero', 0);
    await expect(run({ inputs, grid }, geometry)).rejects.toThrow(
      /has images 0 to 17, and grid begins with image 1: 4x5,serpentine,first=0/,
    );
    expect(spotsOf((await run({ inputs, grid: `${grid},first=0` }, geometry)).maps[0])).toEqual(expected(lost));
    await expect(run({ inputs: file, grid: '3x5' })).rejects.toThrow(
      /images 0 to 17, and grid 3x5 has wells for images 0/,
    );
    await expect(run({ inputs: file, grid: '3x5', first: 15 })).resolves.toBeDefined();
  });

  test.skipIf(!zmq)('received live, from a detector that loses them', { tags: 'all' }, async () => {
    const simulator = await simulateDectris(file, { port: 0, lose: lost });
    const inputs = zmqSource({ zmqInput: `tcp://127.0.0.1:${simulator.port}`, zmqPull: true, noDataTimeout: 2 });
    try {
      const { maps, places } = await run({ inputs, grid }, geometry);
      expect(places.slice(2, 5)).toEqual(['2: 0 2', '4: 0 4', '5: 1 4']);
      expect(maps.map(({ series }) => series)).toEqual(['series 1']);
      expect(spotsOf(maps[0])).toEqual(expected(lost));
    } finally {
      await simulator.close();
    }
  });

  test.skipIf(!zmq)('a detector that announces more images than there are wells is refused', async () => {
    const simulator = await simulateDectris(file, { port: 0 });
    const inputs = zmqSource({ zmqInput: `tcp://127.0.0.1:${simulator.port}`, zmqPull: true, noDataTimeout: 5 });
    try {
      await expect(run({ inputs, grid: '3x5' }, geometry)).rejects.toThrow(
        /series 1 of tcp:.* has images 0 to 17, and grid 3x5 has wells for images 0 to 14; 4x5 has room/,
      );
    } finally {
      await simulator.close();
    }
  });
});

describe('positions', () => {
  test('of a list: rows downwards in y', { tags: 'all' }, async () => {
    const { maps } = await run({ inputs: file, gridFile: positions });
    const [map] = maps;
    expect([map?.rows, map?.columns]).toEqual([rows, columns]);
    expect(spotsOf(map)).toEqual(upsideDown(expected()));
    const list = join(folder, 'positions.txt');
    writeFileSync(
      list,
      positions
        .slice(0, 4)
        .map((row) => row.join(' '))
        .join('\n'),
    );
    await expect(run({ inputs: file, gridFile: list })).rejects.toThrow(/gridFile has images 0 to 3, and none 17/);
    // Positions that do not tell the wells are told, and the run ends with 1.
    const blurred = positions.map(([image, x, y]) => [
      image,
      x + 0.1 * Math.sin(99 * image),
      y + 0.04 * Math.sin(image ** 2),
    ]);
    writeFileSync(list, blurred.map((row) => row.join(' ')).join('\n'));
    const words = ['index', file, '-g', join(folder, 'run.geom'), ...flags, '-j', '1', '--grid-file', list];
    const { code, err } = await ewald([...words, '--map', join(folder, 'doubt.png')]);
    expect([code, err]).toEqual([1, expect.stringMatching(/images? (lie between wells|share a well)/)]);
    await expect(run({ inputs: file, grid, gridFile: list })).rejects.toThrow(/grid and gridFile each say where/);
    await expect(run({ inputs: file, gridFields: '/none/x,/none/y' })).rejects.toThrow(
      /gridFields: .*has no \/none\/x/,
    );
  });
});
