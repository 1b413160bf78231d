// @module-tag all: searches frames of a simulation.
/** A run with a panel that the geometry misplaces, or that sees nothing, says so, whether or not it refines the geometry. */
import { readFileSync } from 'node:fs';
import { open } from 'ewald/data';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Context, createContext, type RunEvent } from '../../dist/index.node.js';
import { dataFolder } from '../support/data.js';

const sim = (name: string): string => `${dataFolder}/sim/${name}`;
let context: Context;
beforeAll(async () => {
  context = await createContext();
});
afterAll(() => context.dispose());

/** The detector of the simulation as 4 × 4 panels, one of which may be elsewhere, in pixels. */
function panelsOf(shift: number): string {
  const text = readFileSync(sim('run.geom'), 'utf8');
  const value = (name: string): number => Number(new RegExp(`${name} *= *(\\S+)`).exec(text)?.[1]);
  const [x, y, side] = [value('corner_x'), value('corner_y'), 256];
  const whole = text.split('\n').filter((line) => !/\/(min|max)_[fs]s|\/corner|\/[fs]s\b|\/dim|\/data/.test(line));
  const panels = Array.from({ length: 16 }, (_, k) => {
    const [row, column] = [Math.floor(k / 4), k % 4];
    const off = k === 6 ? shift : 0;
    return [
      `q${k}/min_fs = ${column * side}`,
      `q${k}/max_fs = ${(column + 1) * side - 1}`,
      `q${k}/min_ss = ${row * side}`,
      `q${k}/max_ss = ${(row + 1) * side - 1}`,
      `q${k}/corner_x = ${x + column * side + off}`,
      `q${k}/corner_y = ${y + row * side - off}`,
      `q${k}/fs = +1.0x +0.0y`,
      `q${k}/ss = +0.0x +1.0y`,
    ].join('\n');
  });
  return `${whole.join('\n')}\n${panels.join('\n')}\n`;
}

/** The frames of the simulation, of which one panel, q6, has the background alone, as an NPY file. */
async function withDeadPanel(): Promise<Uint8Array> {
  await using dataset = await open(sim('run.h5'));
  const pixels = (await dataset.read(0, dataset.frames)) as Uint16Array;
  for (let i = 0; i < pixels.length; i++) {
    const [row, column] = [Math.floor(i / 1024) % 1024, i % 1024];
    if (row >> 8 === 1 && column >> 8 === 2) pixels[i] = 4 + ((i * 7919) % 3);
  }
  const header = `{'descr': '<u2', 'fortran_order': False, 'shape': (${dataset.frames}, 1024, 1024), }`.padEnd(117);
  return Buffer.concat([
    Buffer.from('\x93NUMPY\x01\0\x76\0', 'latin1'),
    Buffer.from(`${header}\n`),
    new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength),
  ]);
}

async function doubtsOf(
  shift: number,
  refineGeometry: 'auto' | 'detector' | 'off',
  bytes?: Uint8Array,
): Promise<string[]> {
  const doubts = new Set<string>();
  const onEvent = (event: RunEvent): void => {
    if (event.kind === 'warning' && event.isDoubtful) doubts.add(event.text);
  };
  const run = context.pipeline({
    inputs: bytes ? { bytes, name: 'run.npy' } : sim('run.h5'),
    geometry: panelsOf(shift),
    cells: [sim('run.cell')],
    integrate: bytes !== undefined,
    refineGeometry,
    onEvent,
  });
  for await (const { error } of run) expect(error).toBeUndefined();
  return [...doubts];
}

test.each(['detector', 'off'] as const)(
  'with refineGeometry %s its panel is named, and a right detector is not doubted',
  async (refineGeometry) => {
    expect(await doubtsOf(9, refineGeometry)).toEqual([
      expect.stringMatching(/^the crystals do not explain the peaks of 1 panel as those of the others: q6 /),
    ]);
    expect(await doubtsOf(0, refineGeometry)).toEqual([]);
  },
);

test('with refineGeometry auto the panel is found, and nothing is doubted', async () => {
  expect(await doubtsOf(9, 'auto')).toEqual([]);
});

test('a panel whose reflections are background is named, although it has no peaks', async () => {
  expect(await doubtsOf(0, 'off', await withDeadPanel())).toEqual([
    expect.stringMatching(/^the reflections of 1 region of the detector are background: q6, in all frames: /),
  ]);
});
