// @module-tag all: determines cells.
/** A background that is brighter on one side is centred beside the beam: the cells of the images decide what is wrong. */
import { readFileSync } from 'node:fs';
import { type Dataset, memoryDataset, open } from 'ewald/data';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Context, createContext, type RunEvent } from '../../dist/index.node.js';
import { dataFolder } from '../support/data.js';

const sim = (name: string): string => `${dataFolder}/sim/${name}`;
let context: Context;
beforeAll(async () => {
  context = await createContext();
});
afterAll(() => context.dispose());

async function cellOf(dataset: Dataset, geometry: string) {
  const warnings: Extract<RunEvent, { kind: 'warning' }>[] = [];
  const onEvent = (event: RunEvent): void => {
    if (event.kind === 'warning') warnings.push(event);
  };
  const { lattice } = await context.cell({ inputs: [{ dataset }], geometry, onEvent });
  return { lattice, warnings };
}

test('frames that have one cell with the given beam are right, however uneven their background is', async () => {
  const dataset = await open(sim('mono.h5'));
  const [frames, side] = [6, 1024];
  const data = (await dataset.read(0, frames)) as Uint16Array;
  let state = 1;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  // What the simulation has beside spots, up to half as much again on the right.
  const pixel = (i: number): number => i % (side * side);
  const level = Float64Array.from({ length: side * side }, (_, at) => {
    const some = Array.from({ length: frames }, (__, k) => data[k * side * side + at] as number).sort((a, b) => a - b);
    return (some[2] as number) * 0.5 * Math.max(0, (at % side) / (side / 2) - 1);
  });
  const uneven = data.map((value, i) => {
    const extra = level[pixel(i)] as number;
    return (
      value +
      Math.max(0, Math.round(extra + Math.sqrt(3 * extra) * (uniform() + uniform() + uniform() + uniform() - 2)))
    );
  });
  const brighter = memoryDataset(uneven, { sigShape: [side, side], navShape: [frames] });
  const { lattice, warnings } = await cellOf(brighter, readFileSync(sim('mono.geom'), 'utf8'));
  for (const [i, x] of [36.2, 62.5, 98.1, 90, 97.3, 90].entries())
    expect(Math.abs((lattice?.parameters[i] ?? 0) / x - 1)).toBeLessThan(1e-3);
  const said = warnings.filter(({ text }) => /background .* centred/.test(text));
  expect(said).toEqual([
    {
      kind: 'warning',
      text: expect.stringMatching(/the cells of 6 of 6 images agree, so that the background is uneven$/),
    },
  ]);
});

test('frames whose cells differ with the given beam are doubted', async () => {
  const geometry = readFileSync(sim('run.geom'), 'utf8').replace(
    /(corner_[xy]) *= *(\S+)/g,
    (_, name: string, value: string) => `${name} = ${Number(value) + (name === 'corner_x' ? 16 : 5)}`,
  );
  const { warnings } = await cellOf(await open(sim('run.h5')), geometry);
  expect(warnings).toContainEqual({
    kind: 'warning',
    isDoubtful: true,
    text: expect.stringMatching(/the background .* may be wrong/),
  });
});
