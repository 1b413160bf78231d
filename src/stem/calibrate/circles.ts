/** Disks of one radius in an image, by the arcs of their edges that are seen: others may cover the rest of them. */
import type { Image } from './image.js';

/** An edge: where it is, and the direction to its brighter side, of length 1. */
type Edge = readonly [y: number, x: number, uy: number, ux: number];

/** Centres of disks. */
export interface Circles {
  readonly r: number;
  readonly centres: readonly (readonly [y: number, x: number])[];
}

/** Smallest share of its circle within the frame by which a disk is known. */
const seen = 0.17;
/** Distance in pixels within which an edge is on a circle, at least, and as a share of its radius. */
const [near, nearShare] = [1, 0.06];
/** Most disks. */
const most = 200;

/** Edges of an image, thinned: where the root of counts changes most, by more than its noise. */
function edgesOf({ data, height, width }: Image): Edge[] {
  const root = data.map((value) => Math.sqrt(Math.max(0, value)));
  const at = (y: number, x: number): number => root[y * width + x] as number;
  const [gy, gx, size] = [0, 1, 2].map(() => new Float64Array(data.length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (let y = 1; y < height - 1; y++)
    for (let x = 1; x < width - 1; x++) {
      const k = y * width + x;
      gy[k] =
        at(y + 1, x - 1) + 2 * at(y + 1, x) + at(y + 1, x + 1) - at(y - 1, x - 1) - 2 * at(y - 1, x) - at(y - 1, x + 1);
      gx[k] =
        at(y - 1, x + 1) + 2 * at(y, x + 1) + at(y + 1, x + 1) - at(y - 1, x - 1) - 2 * at(y, x - 1) - at(y + 1, x - 1);
      size[k] = Math.hypot(gy[k] as number, gx[k] as number);
    }
  const usual = size.slice().sort()[size.length >> 1] as number;
  const top = size.reduce((m, v) => Math.max(m, v), 0);
  const least = Math.max(3 * usual, 0.06 * top);
  const edges: Edge[] = [];
  for (let y = 1; y < height - 1; y++)
    for (let x = 1; x < width - 1; x++) {
      const k = y * width + x;
      const here = size[k] as number;
      if (!(here > least)) continue;
      const [uy, ux] = [(gy[k] as number) / here, (gx[k] as number) / here];
      const step = Math.round(uy) * width + Math.round(ux);
      const [before, after] = [size[k - step] as number, size[k + step] as number];
      if (here < before || here <= after) continue;
      // The maximum between pixels.
      const t = (before - after) / (2 * (before - 2 * here + after) || 1);
      const shift = Math.max(-0.5, Math.min(0.5, Number.isFinite(t) ? t : 0));
      edges.push([y + shift * Math.round(uy), x + shift * Math.round(ux), uy, ux]);
    }
  return edges;
}

/** How well edges agree on centres at a distance: the mean number of edges with the same one. */
function agreement(edges: readonly Edge[], r: number, { height, width }: Image, cells: Float64Array): number {
  cells.fill(0);
  const touched: number[] = [];
  for (const [y, x, uy, ux] of edges) {
    const [v, u] = [Math.floor((y + r * uy) / 2) + 1, Math.floor((x + r * ux) / 2) + 1];
    if (v < 0 || u < 0 || 2 * v > height + 2 || 2 * u > width + 2) continue;
    const k = v * width + u;
    cells[k] = (cells[k] as number) + 1;
    touched.push(k);
  }
  return touched.reduce((sum, k) => sum + (cells[k] as number), 0) / edges.length;
}

/** The disks of an image. */
export function circlesOf(image: Image): Circles | undefined {
  const { height, width } = image;
  const edges = edgesOf(image);
  if (edges.length < 12) return undefined;
  const cells = new Float64Array((height + 4) * (width + 4));
  let best = { r: 0, of: 0 };
  const largest = 0.35 * Math.min(height, width);
  const look = (r: number): void => {
    const of = agreement(edges, r, image, cells);
    if (of > best.of) best = { r, of };
  };
  for (let r = 2; r < largest; r *= 1.04) look(r);
  const coarse = best.r;
  for (let k = -8; k <= 8; k++) look(coarse * (1 + 0.005 * k));
  const { r } = best;
  return { r, centres: centresOf(edges, r, image) };
}

function centresOf(edges: readonly Edge[], r: number, { height, width }: Image): [number, number][] {
  const reach = Math.max(near, nearShare * r);
  const margin = Math.ceil(r) + 2;
  const [rows, columns] = [height + 2 * margin, width + 2 * margin];
  const votes = edges.map(([y, x, uy, ux]): [number, number] => [y + r * uy, x + r * ux]);
  const counts = new Float64Array(rows * columns);
  const add = ([y, x]: [number, number], by: number): void => {
    for (let v = Math.ceil(y - reach); v <= y + reach; v++)
      for (let u = Math.ceil(x - reach); u <= x + reach; u++) {
        if (v < -margin || u < -margin || v >= height + margin || u >= width + margin) continue;
        const k = (v + margin) * columns + u + margin;
        counts[k] = (counts[k] as number) + by;
      }
  };
  for (const vote of votes) add(vote, 1);
  const left = new Set(votes.keys());
  const centres: [number, number][] = [];
  while (centres.length < most) {
    let [at, high] = [0, 0];
    for (let k = 0; k < counts.length; k++) if ((counts[k] as number) > high) [at, high] = [k, counts[k] as number];
    if (high < 6) break;
    const [cy, cx] = [Math.floor(at / columns) - margin, (at % columns) - margin];
    const mine = [...left].filter(
      (i) =>
        Math.abs((votes[i] as [number, number])[0] - cy) <= reach &&
        Math.abs((votes[i] as [number, number])[1] - cx) <= reach,
    );
    const mean: [number, number] = [0, 0];
    for (const i of mine) {
      const [y, x] = votes[i] as [number, number];
      mean[0] += y / mine.length;
      mean[1] += x / mine.length;
    }
    for (const i of mine) {
      left.delete(i);
      add(votes[i] as [number, number], -1);
    }
    if (high >= seen * within(mean, r, height, width)) centres.push(mean);
  }
  return centres;
}

/** Pixels of a circle within the frame. */
function within([y, x]: readonly [number, number], r: number, height: number, width: number): number {
  let inside = 0;
  for (let k = 0; k < 72; k++) {
    const [v, u] = [y + r * Math.sin((k * Math.PI) / 36), x + r * Math.cos((k * Math.PI) / 36)];
    if (v >= 0 && u >= 0 && v < height && u < width) inside++;
  }
  return Math.max(10, (inside / 72) * 2 * Math.PI * r);
}
