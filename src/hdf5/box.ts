/** Boxes of an array: a start and a count along each axis, and copies between them. */

/** A box; axes slowest first. */
export interface Box {
  readonly start: readonly number[];
  readonly count: readonly number[];
}

export function volume(count: readonly number[]): number {
  let product = 1;
  for (const n of count) product *= n;
  return product;
}

/** The intersection of two boxes; undefined if empty. */
export function intersectBoxes(a: Box, b: Box): Box | undefined {
  const start: number[] = [];
  const count: number[] = [];
  for (let axis = 0; axis < a.start.length; axis++) {
    const from = Math.max(a.start[axis] ?? 0, b.start[axis] ?? 0);
    const end = Math.min((a.start[axis] ?? 0) + (a.count[axis] ?? 0), (b.start[axis] ?? 0) + (b.count[axis] ?? 0));
    if (!(end > from)) return undefined;
    start.push(from);
    count.push(end - from);
  }
  return { start, count };
}

/** Index of the element at `place` in an array of `shape`. */
export function offsetOf(shape: readonly number[], place: readonly number[]): number {
  let offset = 0;
  for (let axis = 0; axis < shape.length; axis++) offset = offset * (shape[axis] ?? 1) + (place[axis] ?? 0);
  return offset;
}

/** Every place from `first` to `last`, both included, the fastest axis first. */
export function* placesBetween(first: readonly number[], last: readonly number[]): Generator<number[]> {
  const place = [...first];
  for (;;) {
    yield [...place];
    let axis = place.length - 1;
    for (; axis >= 0; axis--) {
      place[axis] = (place[axis] ?? 0) + 1;
      if ((place[axis] ?? 0) <= (last[axis] ?? 0)) break;
      place[axis] = first[axis] ?? 0;
    }
    if (axis < 0) return;
  }
}

/** Whether a box in an array of `shape` is contiguous in memory. */
export function isRun(shape: readonly number[], count: readonly number[]): boolean {
  let axis = shape.length - 1;
  while (axis > 0 && count[axis] === shape[axis]) axis--;
  for (let slower = 0; slower < axis; slower++) if (count[slower] !== 1) return false;
  return true;
}

/** A position in an array of bytes. */
export interface ByteArea {
  readonly bytes: Uint8Array;
  readonly shape: readonly number[];
  readonly start: readonly number[];
}

/** Copies a box of `count` elements of `size` bytes from one array into another. */
export function copyBox(from: ByteArea, to: ByteArea, count: readonly number[], size: number): void {
  if (volume(count) === 0) return;
  // Axes that are complete on both sides are copied as one run.
  let axis = count.length - 1;
  let run = size * (count[axis] ?? 1);
  while (axis > 0 && count[axis] === from.shape[axis] && count[axis] === to.shape[axis]) {
    axis--;
    run *= count[axis] ?? 1;
  }
  const outer = count.slice(0, Math.max(0, axis));
  const step = new Array<number>(outer.length).fill(0);
  const at = (side: ByteArea): number => {
    const place = side.start.map((start, i) => start + (step[i] ?? 0));
    return offsetOf(side.shape, place) * size;
  };
  for (;;) {
    const source = at(from);
    to.bytes.set(from.bytes.subarray(source, source + run), at(to));
    let i = outer.length - 1;
    for (; i >= 0; i--) {
      step[i] = (step[i] ?? 0) + 1;
      if ((step[i] ?? 0) < (outer[i] ?? 0)) break;
      step[i] = 0;
    }
    if (i < 0) return;
  }
}

/** Fills a box of an array with one element, or with zeros if it is undefined. */
export function fillBox(to: ByteArea, count: readonly number[], size: number, element: Uint8Array | undefined): void {
  // A contiguous box needs no copy.
  const run = isRun(to.shape, count);
  const from = offsetOf(to.shape, to.start) * size;
  const length = volume(count) * size;
  const bytes = run ? to.bytes.subarray(from, from + length).fill(0) : new Uint8Array(length);
  if (element?.some((byte) => byte !== 0)) {
    bytes.set(element.subarray(0, size));
    for (let done = size; done < bytes.length; done *= 2)
      bytes.copyWithin(done, 0, Math.min(done, bytes.length - done));
  }
  if (!run) copyBox({ bytes, shape: count, start: count.map(() => 0) }, to, count, size);
}
