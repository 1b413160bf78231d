/**
 * Records the stages of a search, for a plan with `debug`: between the kernels of the first round of a run, the first
 * image's part of the workspace is read back and converted to the records that the other backends write.
 */

import type { Commands } from '../../../compute/backends/webgpu/commands.js';
import type { BufferRequest } from '../../../compute/backends/webgpu/device.js';
import type { GpuBuffer } from '../../../compute/backends/webgpu/pool.js';
import {
  indexingEnums as enums,
  stageCell,
  stagePick,
  stageSummary,
  stageVector,
} from '../../../compute/layout/indexing.js';
import { lattice, tally as tallyLayout } from '../../../compute/layout/indexing-webgpu.js';
import { searchConstants } from '../../../compute/layout/search.js';
import { pack, structBytes, wordOf } from '../../../compute/layout/struct.js';
import { EwaldError } from '../../../util/errors.js';

/** What is read back, and after which kernel. */
interface Capture {
  readonly after: string;
  readonly buffer: string;
  readonly offset: number;
  readonly bytes: number;
}

/** Sizes of the parts of the workspace, in the units of wgsl/indexing. */
export interface RecordSizes {
  readonly exhaustive: boolean;
  readonly points: number;
  /** Capacity for accepted directions (fast), and for candidate vectors. */
  readonly picked: number;
  readonly kept: number;
  /** Cells that the search keeps. */
  readonly fresh: number;
}

const latticeBytes = structBytes(lattice);
const tallyBytes = structBytes(tallyLayout);
function capturesOf({ exhaustive, points, picked, kept, fresh }: RecordSizes): Readonly<Record<string, Capture>> {
  const cells = { buffer: 'lattices', offset: 0, bytes: fresh * latticeBytes };
  if (exhaustive) {
    return {
      counts: { after: 'count_directions', buffer: 'counts', offset: 0, bytes: points * 4 },
      picked: { after: 'select_vectors', buffer: 'vectors', offset: 0, bytes: kept * 16 },
      // The counts have been converted to scores that sort like integers.
      keys: { after: 'select_vectors', buffer: 'counts', offset: 0, bytes: points * 4 },
      vectors: { after: 'refine_vectors', buffer: 'vectors', offset: 0, bytes: kept * 16 },
      listed: { after: 'list_cells', buffer: 'counts', offset: 0, bytes: 4 },
      hits: { after: 'score_cells', ...cells },
      cells: { after: 'refine_cells', ...cells },
    };
  }
  return {
    counts: { after: 'sample', buffer: 'counts', offset: 0, bytes: points },
    picked: { after: 'sample', buffer: 'vectors', offset: 0, bytes: picked * 16 },
    vectors: { after: 'climb', buffer: 'vectors', offset: picked * 16, bytes: kept * 16 },
    hits: { after: 'choose_hits', ...cells },
    cells: { after: 'refine_hits', ...cells },
    tally: { after: 'refine_hits', buffer: 'tallies', offset: 0, bytes: tallyBytes },
  };
}

/** Parameters of a run beyond the workspace: the sampled vector, and the parameters of the exhaustive method. */
interface RecordedRun {
  readonly length: number;
  readonly row: number;
  readonly usedSpots: number;
  readonly points: number;
  readonly angles: number;
}

/** The record of a plan. */
export class StageRecord {
  readonly #sizes: RecordSizes;
  readonly #captures: Readonly<Record<string, Capture>>;
  #held: Readonly<Record<string, ArrayBuffer>> = {};
  #run: RecordedRun | undefined;

  constructor(sizes: RecordSizes) {
    this.#sizes = sizes;
    this.#captures = capturesOf(sizes);
  }

  /** The readback buffers. */
  get requests(): BufferRequest[] {
    return Object.entries(this.#captures).map(([name, { bytes }]) => ({
      label: `stage ${name}`,
      bytes: Math.ceil(bytes / 4) * 4,
      usage: 'staging',
    }));
  }

  /** Number of reads in a recorded round; they precede all others of its submission. */
  get reads(): number {
    return Object.keys(this.#captures).length;
  }

  /** Records the reads that follow a kernel. */
  after(entry: string, commands: Commands, buffers: Readonly<Record<string, GpuBuffer>>): void {
    for (const [name, { after, buffer, offset, bytes }] of Object.entries(this.#captures)) {
      const from = buffers[buffer];
      if (after === entry && from)
        commands.read(from, offset, Math.min(bytes, from.bytes - offset), buffers[`stage ${name}`]);
    }
  }

  /** Stores the results of the reads, in order. */
  keep(parts: readonly Uint8Array[]): void {
    // Captures are in the order of their kernels, and reads of one kernel in the order of the captures.
    this.#held = Object.fromEntries(
      Object.keys(this.#captures).map((name, i) => [name, parts[i]?.slice().buffer as ArrayBuffer]),
    );
  }

  /** Completes the record at the end of the run. */
  end(run: RecordedRun): void {
    this.#run = run;
  }

  /** The records of a stage. */
  stage(stage: number): Uint8Array {
    const run = this.#run;
    if (!run) throw new EwaldError('Internal', 'stages were requested before a run');
    if (run.length === 0) return stage === enums.Stage.summary ? pack(stageSummary, {}) : new Uint8Array(0);
    const words = (name: string): Uint32Array => new Uint32Array(this.#held[name] as ArrayBuffer);
    const floats = (name: string): Float32Array => new Float32Array(this.#held[name] as ArrayBuffer);
    const at = (list: ArrayLike<number>, i: number): number => list[i] as number;
    const { exhaustive, kept: room, fresh } = this.#sizes;
    const tallied = exhaustive ? undefined : words('tally');
    const tally = tallied && ((name: string): number => at(tallied, wordOf(tallyLayout, name)));
    const hits = tally ? tally('fresh') : Math.min(at(words('listed'), 0), fresh);
    const directions = tally ? tally('points') : run.points;
    const picked = tally ? tally('picked') : Math.min(room, directions);
    const vectors = tally ? tally('kept') : picked;
    const counts = (): Uint32Array<ArrayBuffer> => {
      const bytes = new Uint8Array(this.#held.counts as ArrayBuffer);
      return tally ? Uint32Array.from(bytes.subarray(0, directions)) : words('counts').slice(0, directions);
    };
    const join = (count: number, record: (i: number) => Uint8Array): Uint8Array => {
      const records = Array.from({ length: count }, (_, i) => record(i));
      const size = records[0]?.length ?? 0;
      const whole = new Uint8Array(count * size);
      for (const [i, one] of records.entries()) whole.set(one, i * size);
      return whole;
    };
    const cellsOf = (name: 'hits' | 'cells'): Uint8Array => {
      const [numbers, integers] = [floats(name), words(name)];
      return join(hits, (i) => {
        const first = (i * latticeBytes) / 4;
        const row = (name: string): number[] => [0, 1, 2].map((j) => at(numbers, first + wordOf(lattice, name) + j));
        const [[ax, ay, az], [bx, by, bz], [cx, cy, cz]] = [row('a'), row('b'), row('c')];
        const score = at(numbers, first + wordOf(lattice, 'score'));
        // The exhaustive score is a mean distance, below one, minus one more than the count.
        const count =
          name === 'cells' ? 0 : exhaustive ? -Math.floor(score) - 1 : at(integers, first + wordOf(lattice, 'count'));
        return pack(stageCell, { ax, ay, az, bx, by, bz, cx, cy, cz, score, count } as Record<string, number>);
      });
    };
    switch (stage) {
      case enums.Stage.summary: {
        const { length, row, usedSpots } = run;
        const spots = exhaustive ? usedSpots : Math.min(usedSpots, searchConstants.sampleSpots.value);
        const angles = tally ? searchConstants.turnSteps.value / tally('stride') : run.angles;
        return pack(stageSummary, { length, row, spots, directions, picked, vectors, angles, hits, cells: hits });
      }
      case enums.Stage.counts:
        return new Uint8Array(counts().buffer);
      case enums.Stage.picked: {
        // The fourth number of a sampled vector is its direction.
        const sampled = floats('picked');
        const scores = exhaustive ? words('keys') : counts();
        return join(picked, (i) => {
          const direction = at(sampled, 4 * i + 3);
          return pack(stagePick, {
            direction,
            score: exhaustive ? scoreOfKey(at(scores, direction)) : at(scores, direction),
          });
        });
      }
      case enums.Stage.vectors: {
        const list = floats('vectors');
        return join(vectors, (i) => {
          const [x, y, z, w] = list.subarray(4 * i, 4 * i + 4) as unknown as [number, number, number, number];
          return pack(stageVector, { x, y, z, score: exhaustive ? 0 : w });
        });
      }
      default:
        return cellsOf(stage === enums.Stage.hits ? 'hits' : 'cells');
    }
  }
}

// The inverse of score_key in wgsl/indexing/mean.wgsl.
function scoreOfKey(key: number): number {
  const bits = new Uint32Array([key & 0x80000000 ? key & 0x7fffffff : ~key]);
  return new Float32Array(bits.buffer)[0] as number;
}
