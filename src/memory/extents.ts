/** Stretches of buffers that overlap, as runs: a copy of them has to overlap in the same way. */
import type { Row } from './elements.js';
import type { Allocation, MemorySpace } from './space.js';

/** Bytes of a buffer. */
interface Stretch {
  readonly buffer: ArrayBufferLike;
  readonly start: number;
  readonly end: number;
}

/** Bytes that stretches cover without a gap; `first` is the number of one that begins there. */
export interface Run extends Stretch {
  readonly first: number;
}

/** The runs that cover all stretches, and the number of the run of each stretch. */
export function runsOf(stretches: readonly Stretch[]): {
  readonly runs: readonly Run[];
  readonly of: readonly number[];
} {
  const byBuffer = new Map<ArrayBufferLike, number[]>();
  for (const [i, { buffer }] of stretches.entries()) {
    const others = byBuffer.get(buffer);
    if (others) others.push(i);
    else byBuffer.set(buffer, [i]);
  }
  const of: number[] = [];
  const runs: Run[] = [];
  for (const [buffer, places] of byBuffer) {
    places.sort((a, b) => (stretches[a] as Stretch).start - (stretches[b] as Stretch).start);
    let run: (Run & { end: number }) | undefined;
    for (const i of places) {
      const { start, end } = stretches[i] as Stretch;
      if (!run || start >= run.end) {
        run = { buffer, start, end, first: i };
        runs.push(run);
      }
      run.end = Math.max(run.end, end);
      of[i] = runs.length - 1;
    }
  }
  return { runs, of };
}

/** Memory for a copy of rows in another space, which `copy` copies there and back. */
export function copiedRows(
  space: MemorySpace,
  rows: readonly Row[],
  bytes: number,
): { readonly places: readonly Row[]; readonly owned: Allocation; copy(way: 'in' | 'back'): void } {
  const { runs, of } = runsOf(
    rows.map(({ span, offset }) => {
      const { buffer, byteOffset } = span.view();
      return { buffer, start: byteOffset + offset, end: byteOffset + offset + bytes };
    }),
  );
  const bases: number[] = [];
  let size = 0;
  for (const run of runs) {
    // Each run is aligned as the memory itself is.
    bases.push(size);
    size += Math.ceil((run.end - run.start) / 16) * 16;
  }
  const owned = space.allocate(size, 'a staged IndirectMemory2D');
  const places = rows.map(({ span, offset }, i): Row => {
    const number = of[i] as number;
    const { start } = runs[number] as Run;
    return { span: owned, offset: (bases[number] as number) + span.view().byteOffset + offset - start };
  });
  const copy = (way: 'in' | 'back'): void => {
    for (const [i, run] of runs.entries()) {
      const there = owned.view();
      const length = run.end - run.start;
      const copied = new Uint8Array(there.buffer, there.byteOffset + (bases[i] as number), length);
      // The buffer of a heap that has grown since is another one.
      const { span } = rows[run.first] as Row;
      const original = new Uint8Array(span.view().buffer, run.start, length);
      if (way === 'in') copied.set(original);
      else original.set(copied);
    }
  };
  return { places, owned, copy };
}
