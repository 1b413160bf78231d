/** The location of the elements at each boundary between stages, for one rank. */
import { axesOfWorld, type Box, type Triple } from './box.js';
import { findWorld } from './geometry.js';
import { type Traffic, traffic } from './reshape.js';
import type { Stage } from './stages.js';

/** The caller's arrays; one of two arrays of workspace; or this rank's part of memory that all ranks share. */
export type BufferPlace =
  | { readonly at: 'input' | 'output' }
  | { readonly at: 'work'; readonly slot: 0 | 1 }
  | { readonly at: 'world'; readonly division: number };

/** The data between two stages. */
export interface Boundary {
  readonly box: Box;
  /** Numbers of an element. */
  readonly unit: 1 | 2;
  readonly place: BufferPlace;
}

/** This rank's part of a redistribution of the world. */
export interface Division {
  /** Index among the redistributions of the plan. */
  readonly number: number;
  readonly forward: Traffic;
  readonly backward: Traffic;
  /** The extent of the shared memory of one transform, if any; boxes have the same positions in it as in the world. */
  readonly world: Box;
}

/** The layout for one rank: the boundaries of its stages, and redistributions by the index of their stage. */
export interface RankLayout {
  readonly stages: readonly Stage[];
  readonly boundaries: readonly Boundary[];
  readonly divisions: ReadonlyMap<number, Division>;
  /** Whether transforms work with any strides, as requested. */
  readonly strides: boolean;
}

export interface LayoutWish {
  readonly stages: readonly Stage[];
  readonly rank: number;
  readonly kind: 'c2c' | 'r2c' | 'r2r';
  readonly reduced: number | undefined;
  /** Whether redistributions go through shared memory. */
  readonly shared: boolean;
  /** Whether transforms read and write any strides at no extra cost, and therefore work in the shared memory itself. */
  readonly strides: boolean;
}

/** Lays out the boundaries of a plan. */
export function layOut({ stages, rank, kind, reduced, shared, strides }: LayoutWish): RankLayout {
  const divisions = new Map<number, Division>();
  stages.forEach((stage, s) => {
    if (stage.what !== 'reshape') return;
    const { from, to } = stage;
    // All ranks use one order of axes: that of the first box that is not empty.
    const world = findWorld(from).ordered((from.find((box) => !box.empty) ?? (from[0] as Box)).order);
    divisions.set(s, {
      number: divisions.size,
      forward: traffic(from, to, rank),
      backward: traffic(to, from, rank),
      world,
    });
  });
  const boundaries: Boundary[] = [];
  let real = kind !== 'c2c';
  for (let b = 0; b <= stages.length; b++) {
    const [before, after] = [stages[b - 1], stages[b]];
    if (kind === 'r2c' && before?.what === 'fft' && before.axes.some((axis) => axis === reduced)) real = false;
    const box = (before ? before.to[rank] : after?.from[rank]) as Box;
    const place = placeOf(b, box);
    boundaries.push({ box, unit: real ? 1 : 2, place });
  }
  return { stages, boundaries, divisions, strides };

  function placeOf(b: number, box: Box): BufferPlace {
    const [before, after] = [stages[b - 1], stages[b]];
    if (!before) return { at: 'input' };
    if (!after) return { at: 'output' };
    for (const [division, transform] of [
      [divisions.get(b), before],
      [divisions.get(b - 1), after],
    ] as const)
      if (shared && division && transform.what === 'fft' && (strides || isWholeRow(box, division.world)))
        return { at: 'world', division: division.number };
    const source = boundaries[b - 1] as Boundary;
    if (source.place.at !== 'work') return { at: 'work', slot: 0 };
    const { slot } = source.place;
    const halves = kind === 'r2c' && before.what === 'fft' && before.axes.some((axis) => axis === reduced);
    const inPlace = before.what === 'fft' && !halves && source.box.orderedSameAs(box);
    return { at: 'work', slot: inPlace ? slot : slot === 0 ? 1 : 0 };
  }
}

/** The offset of a box in the world, and the strides of its axes there, in elements. */
export function inWorld(box: Box, world: Box): { readonly offset: number; readonly strides: Triple } {
  const { strides } = world;
  const offset = axesOfWorld.reduce<number>((sum, axis) => sum + (box.low[axis] - world.low[axis]) * strides[axis], 0);
  return { offset: box.empty ? 0 : offset, strides };
}

/** Whether a box is contiguous in the world and has the same order. */
export function isWholeRow(box: Box, world: Box): boolean {
  const strides = box.strides;
  return box.empty || axesOfWorld.every((axis) => box.size[axis] === 1 || strides[axis] === world.strides[axis]);
}
