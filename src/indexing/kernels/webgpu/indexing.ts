/**
 * Indexing on WebGPU: a batch passes through the kernels of wgsl/indexing in chunks that fill a workspace fixed at
 * planning.
 */

import type { Commands } from '../../../compute/backends/webgpu/commands.js';
import type { BufferRequest, GpuDevice } from '../../../compute/backends/webgpu/device.js';
import type { GpuBuffer } from '../../../compute/backends/webgpu/pool.js';
import { indexingEnums as enums, imageResult, indexedCell, indexerParams } from '../../../compute/layout/indexing.js';
import {
  indexingCapacities,
  indexingRun,
  job,
  knownCell,
  lattice,
  sampledLength,
  tally,
} from '../../../compute/layout/indexing-webgpu.js';
import { effortConstants, efforts, maxOf, searchConstants, turboEffort } from '../../../compute/layout/search.js';
import { pack, packAll, structBytes, wordOf } from '../../../compute/layout/struct.js';
import { EwaldError } from '../../../util/errors.js';
import type { IndexingBatch, IndexingDescriptor, IndexingKernel, IndexingOp } from '../../contract.js';
import { describeCells, type KnownCell, packCells, sampledLengths } from './cells.js';
import { type Extent, makeStages, type Stages } from './kernels.js';
import { type RecordSizes, StageRecord } from './record.js';
import { fixedTables, tablePlaces, turnTable } from './tables.js';

/** Images processed concurrently: enough to fill any GPU. */
const maxImages = 1024;
/** Limit in bytes for a buffer of counts when more images would need more. */
const countBytes = 2 ** 27;
const { maxSteps, maxListed, maxHistogramSpots, maxJudged } = indexingCapacities;
const enoughHits = searchConstants.enoughHits.value;
const maxPicked = effortConstants.maxPicked.value;
const effortHits = maxOf('hits');
const turnWorkgroups = 24;
const maxSlivers = searchConstants.maxSlivers.value;

/** How chunks are submitted; tests override it. */
export interface Pace {
  /** Images processed concurrently. */
  readonly images: number;
  /**
   * Rounds submitted at once, as many as may be needed, followed by the results; rounds without images cost a GPU a few
   * microseconds per kernel, and less than workgroup counts that the GPU itself writes (wgsl/indexing). A chunk for
   * which they do not suffice is submitted once more, by itself. 0: one round at a time, after which the host reads
   * which images are left; for software devices, where every kernel costs time.
   */
  readonly rounds: number;
}

/** The op of a device. */
export function indexingOp(device: GpuDevice, pace: Partial<Pace> = {}): IndexingOp {
  const { images = maxImages, rounds = device.software ? 0 : 24 } = pace;
  return {
    supports: (descriptor) => whyNot(device, descriptor) ?? true,
    plan: (descriptor) => planIndexing(device, descriptor, { images, rounds }),
  };
}

function whyNot(device: GpuDevice, descriptor: IndexingDescriptor): { why: string } | undefined {
  const size = indexingSizes(descriptor);
  if (size.exhaustive && size.spots > maxHistogramSpots)
    return {
      why:
        `exhaustive indexing on webgpu takes at most ${maxHistogramSpots} spots per image (maxSpots ` +
        `is ${size.spots}), because its histogram of counts must fit workgroup memory`,
    };
  if (!size.exhaustive && size.angles > maxSteps)
    return {
      why:
        `fast indexing on webgpu takes at most ${maxSteps} rotation angles (maxAnglePoints is ${size.angles}), ` +
        'because their counts must fit workgroup memory',
    };
  const limit = Math.min(device.limits.maxStorageBufferBindingSize ?? 2 ** 27, device.limits.maxBufferSize ?? 2 ** 28);
  const large = Object.entries(imageBytes(size)).find(([, bytes]) => bytes > limit);
  if (large)
    return {
      why:
        `an image of this indexer needs ${large[1]} bytes for ${large[0]}, but a buffer ` +
        `of ${device.name} holds at ` +
        `most ${limit}`,
    };
  return undefined;
}

interface Sizes {
  readonly exhaustive: boolean;
  /** fast: index of the first effort of the method, the number of efforts, and the limit of a search (0: all). */
  readonly firstEffort: number;
  readonly efforts: number;
  readonly effortLimit: number;
  readonly redundant: boolean;
  readonly spots: number;
  readonly outputs: number;
  /** From the descriptor; 0 for the method's own default. */
  readonly candidateVectors: number;
  readonly points: number;
  readonly angles: number;
  readonly batch: number;
  readonly batchSpots: number;
  readonly inputCells: number;
  /** Candidate vectors kept per image or sampled length. */
  readonly kept: number;
  /** Number of lengths that the exhaustive method may sample. */
  readonly lengths: number;
  readonly pool: number;
  readonly lattices: number;
  readonly nodeSlots: number;
}

function indexingSizes({ fields, batch, maxBatchSpots, maxInputCells, maxOutputCells }: IndexingDescriptor): Sizes {
  const exhaustive = fields.method === enums.Method.exhaustive;
  const turbo = fields.method === enums.Method.turbo;
  const redundant = fields.redundant === 1;
  const effortLimit = exhaustive ? 0 : (fields.efforts ?? 0);
  const spots = fields.maxSpots ?? 0;
  const candidateVectors = fields.candidateVectors ?? 0;
  const pool = exhaustive ? maxOutputCells : maxOutputCells + searchConstants.poolSpare.value;
  let nodeSlots = 64;
  while (nodeSlots < 2 * spots) nodeSlots *= 2;
  return {
    exhaustive,
    firstEffort: turbo ? turboEffort : 0,
    efforts: Math.min(effortLimit || efforts.length, turbo ? efforts.length - turboEffort : turboEffort),
    effortLimit,
    redundant,
    spots,
    outputs: maxOutputCells,
    candidateVectors,
    points: fields.maxSamplePoints ?? 0,
    angles: Math.max(fields.maxAnglePoints ?? 0, searchConstants.minAngles.value),
    batch,
    batchSpots: maxBatchSpots,
    inputCells: maxInputCells,
    kept: exhaustive
      ? candidateVectors || searchConstants.exhaustiveVectors.value
      : Math.min(maxPicked, Math.max(maxOf('candidates'), candidateVectors)),
    lengths: (redundant ? 3 : 1) * maxInputCells,
    pool,
    lattices: (exhaustive ? maxOutputCells : effortHits) + 2 * pool + maxJudged + Math.min(maxOutputCells, 255),
    nodeSlots,
  };
}

/** Words of counts and of hits that an image needs in a run with this many points, angles and lengths. */
function countWords(size: Sizes, points: number, groups: number): number {
  return size.exhaustive ? Math.max(groups * points, maxListed + 1) : Math.ceil(points / 64) * 16;
}
function hitWords(size: Sizes, angles: number, lengths: number): number {
  return size.exhaustive ? 2 * size.kept * lengths * Math.ceil(angles / 4) * 2 : 2 * size.kept * (1 + enoughHits);
}
const vectorsOf = (size: Sizes): number => (size.exhaustive ? size.lengths * size.kept : maxPicked + size.kept);

/** Largest number of bytes per image, by buffer. */
function imageBytes(size: Sizes) {
  return {
    spots: 2 * size.spots * 16,
    jobs: structBytes(job),
    tallies: structBytes(tally),
    vectors: vectorsOf(size) * 16,
    counts: countWords(size, size.points, size.lengths) * 4,
    hits: hitWords(size, size.angles, size.lengths) * 4,
    lattices: size.lattices * structBytes(lattice),
    orders: 2 * size.pool * 4,
    owners: size.spots * 4,
    nodes: maxJudged * size.nodeSlots * 4,
    going: 4,
    found: size.outputs * structBytes(indexedCell),
    results: structBytes(imageResult),
  };
}

const param = (params: DataView, name: string): number => params.getUint32(4 * wordOf(indexerParams, name), true);

async function planIndexing(device: GpuDevice, descriptor: IndexingDescriptor, pace: Pace): Promise<IndexingKernel> {
  const size = indexingSizes(descriptor);
  const limit = Math.min(device.limits.maxStorageBufferBindingSize ?? 2 ** 27, device.limits.maxBufferSize ?? 2 ** 28);
  const each = imageBytes(size);
  const { counts, hits, ...fixed } = each;
  const slots = Math.max(1, Math.min(size.batch, pace.images, Math.floor(limit / Math.max(...Object.values(fixed)))));
  const room = (bytes: number): number => Math.max(bytes, Math.min(slots * bytes, countBytes, limit));
  // A single image may contain the spots of the whole batch.
  const inputSpots = Math.min(size.batchSpots, Math.floor(limit / 12));
  const places = tablePlaces(size.points, size.angles);
  const storage = (label: string, bytes: number): BufferRequest => ({ label, bytes, usage: 'storage' });
  const inputs = [
    { label: 'run', bytes: structBytes(indexingRun), usage: 'uniform' } as BufferRequest,
    storage('cells', size.inputCells * structBytes(knownCell)),
    storage('tables', places.entries * 8),
    storage('lengths', size.lengths * structBytes(sampledLength)),
    storage('input', inputSpots * 12),
    storage('offsets', (slots + 1) * 4),
    storage('assignment', inputSpots),
    storage('counts', room(counts)),
    storage('hits', room(hits)),
  ];
  const outputs = ['going', 'found', 'results'] as const;
  // Two chunks may be in flight, each with its own readback buffer.
  const staging = [0, 1].flatMap((k): BufferRequest[] => [
    ...outputs.map((name): BufferRequest => ({ label: `${name} ${k}`, bytes: slots * each[name], usage: 'staging' })),
    { label: `assignment ${k}`, bytes: inputSpots, usage: 'staging' },
  ]);
  const requests = [
    ...inputs,
    ...Object.entries(fixed).map(([label, bytes]) => storage(label, slots * bytes)),
    ...staging,
  ];
  const record = descriptor.fields.debug ? new StageRecord(recordSizes(size)) : undefined;
  if (record) requests.push(...record.requests);
  const made: GpuBuffer[] = await device.buffers(...requests);
  const buffers = Object.fromEntries(requests.map(({ label }, i) => [label, made[i] as GpuBuffer]));
  const release = (): void => {
    for (const buffer of made) buffer.release();
  };
  try {
    const stages = await makeStages(device, size.exhaustive, buffers);
    const table = buffers.tables as GpuBuffer;
    device.write(table, fixedTables(size.points, places));
    const room = {
      slots,
      inputSpots,
      counts: (buffers.counts as GpuBuffer).bytes,
      hits: (buffers.hits as GpuBuffer).bytes,
    };
    const runner = new Runner({ device, size, stages, buffers, room, places, record, rounds: pace.rounds });
    return {
      bytes: made.reduce((sum, { bytes }) => sum + bytes, 0),
      leavesNames: true,
      run: (batch) => runner.run(batch),
      ...(record ? { stage: async (stage: number) => record.stage(stage) } : {}),
      dispose: async () => release(),
    };
  } catch (error) {
    release();
    throw error;
  }
}

const recordSizes = (size: Sizes): RecordSizes => ({
  exhaustive: size.exhaustive,
  points: size.points,
  picked: maxPicked,
  kept: size.kept,
  fresh: size.exhaustive ? size.outputs : effortHits,
});

/** A part of a batch that fits the workspace: images first … last − 1. */
interface Chunk {
  readonly first: number;
  readonly last: number;
}

/** Parameters of a run that all its chunks share. */
interface RunShape {
  readonly extent: Omit<Extent, 'images'>;
  /** Number of images that fit the workspace. */
  readonly images: number;
  /** Rounds submitted at once; 0 for one at a time. */
  readonly rounds: number;
  /** The uniform of the kernels except for the number of images. */
  readonly uniform: Uint8Array<ArrayBuffer>;
  /** Exhaustive: number of angles of the run. */
  readonly angles: number;
}

/** What a plan has made: kernels, their buffers, and the numbers of what the buffers hold. */
interface RunnerParts {
  readonly device: GpuDevice;
  readonly size: Sizes;
  readonly stages: Stages;
  readonly buffers: Readonly<Record<string, GpuBuffer>>;
  readonly room: {
    readonly slots: number;
    readonly inputSpots: number;
    readonly counts: number;
    readonly hits: number;
  };
  readonly places: ReturnType<typeof tablePlaces>;
  readonly record: StageRecord | undefined;
  readonly rounds: number;
}

class Runner {
  readonly #device: GpuDevice;
  readonly #size: Sizes;
  readonly #stages: Stages;
  readonly #buffers: RunnerParts['buffers'];
  readonly #room: RunnerParts['room'];
  readonly #places: RunnerParts['places'];
  readonly #offsets: Uint32Array<ArrayBuffer>;
  readonly #record: StageRecord | undefined;
  readonly #rounds: number;
  #angles = 0;
  #cells: { readonly given: Float32Array; readonly known: readonly KnownCell[] } = {
    given: new Float32Array(0),
    known: [],
  };

  constructor({ device, size, stages, buffers, room, places, record, rounds }: RunnerParts) {
    this.#rounds = rounds;
    this.#record = record;
    this.#device = device;
    this.#size = size;
    this.#stages = stages;
    this.#buffers = buffers;
    this.#room = room;
    this.#places = places;
    this.#offsets = new Uint32Array(room.slots + 1);
  }

  async run(batch: IndexingBatch): Promise<void> {
    const shape = this.#prepare(batch);
    // A chunk that is finished by its submission releases the workspace to the next one, which is recorded while it is
    // being computed. A chunk that is not finished loses its contents to the next one, and starts again when the
    // workspace is free.
    const underWay: Promise<void>[] = [];
    const again: [Chunk, number][] = [];
    for (const [i, chunk] of this.#chunks(batch, shape.images).entries()) {
      if (underWay.length === 2) await underWay.shift();
      const done =
        shape.rounds > 0
          ? this.#indexAtOnce(batch, chunk, shape, i % 2).then((ended) => void (ended || again.push([chunk, i % 2])))
          : this.#indexByRounds(batch, chunk, shape, i % 2);
      // Awaited below or in a later turn; a failure before that must not count as unhandled.
      done.catch(() => undefined);
      if (shape.rounds > 0) underWay.push(done);
      else await done;
    }
    const failed = (await Promise.allSettled(underWay)).find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
    for (const [chunk, set] of again) await this.#indexByRounds(batch, chunk, shape, set);
    this.#endRecord(batch, shape);
  }

  #endRecord({ images, results }: IndexingBatch, { extent, angles }: RunShape): void {
    const base = this.#cells.known.flatMap(({ base }) => (this.#size.exhaustive ? base[2] : base[0]));
    const sampled = this.#size.exhaustive ? base.reduce((a, b) => (b.length > a.length ? b : a)) : base[0];
    const summary = new DataView(results.buffer, results.byteOffset);
    const word = (name: string): number => summary.getUint32(4 * wordOf(imageResult, name), true);
    const searched = images > 0 && (word('flags') & enums.ImageFlag.tooFewSpots) === 0;
    this.#record?.end({
      length: searched && sampled ? sampled.length : 0,
      row: sampled?.row ?? 0,
      usedSpots: images > 0 ? word('usedSpots') : 0,
      points: extent.points,
      angles,
    });
  }

  #buffer(name: string): GpuBuffer {
    const buffer = this.#buffers[name];
    if (!buffer) throw new EwaldError('Internal', `the plan has no buffer ${name}`);
    return buffer;
  }

  /** Uploads the lengths and the angles of an exhaustive search; returns their numbers. */
  #prepareSamples(
    known: readonly KnownCell[],
    params: DataView,
  ): Record<'points' | 'angles' | 'groups' | 'lengths', number> {
    const size = this.#size;
    const threshold = params.getFloat32(4 * wordOf(indexerParams, 'lengthThreshold'), true);
    const lengths = sampledLengths(known, size.redundant, threshold);
    this.#device.write(
      this.#buffer('lengths'),
      packAll(
        sampledLength,
        lengths.map((each) => ({ ...each })),
      ),
    );
    const points = param(params, 'samplePoints') || Math.min(size.points, searchConstants.exhaustivePoints.value);
    const multiple = searchConstants.angleMultiple.value;
    const wish = Math.ceil((searchConstants.anglesPerRoot.value * Math.sqrt(points)) / multiple) * multiple;
    const angles = param(params, 'anglePoints') || Math.min(wish, size.angles);
    if (angles !== this.#angles) this.#device.write(this.#buffer('tables'), turnTable(angles), this.#places.angles * 8);
    this.#angles = angles;
    return { points, angles, groups: (lengths.at(-1)?.group ?? 0) + 1, lengths: lengths.length };
  }

  /** Uploads what all chunks share: cells, lengths, angles. */
  #prepare({ params, cells, cellCount }: IndexingBatch): RunShape {
    const size = this.#size;
    const view = new DataView(params.buffer, params.byteOffset, params.byteLength);
    const known = this.#describe(cells.subarray(0, 9 * cellCount));
    const crystals = param(view, 'maxCrystals');
    const vectors = size.kept;
    // Every search may find slivers of the true lattice, several times in a row.
    const searches = crystals === 1 ? 1 : crystals * maxSlivers;
    // Of several known cells another may explain more, and `debug` shows the stages of the whole effort.
    const glances = !size.exhaustive && cellCount === 1 && !this.#record;
    const steps = size.exhaustive ? 1 : size.efforts * cellCount + (glances ? 1 : 0);
    const rounds = Math.min(this.#rounds, searches * steps);
    const shape = size.exhaustive
      ? this.#prepareSamples(known, view)
      : { points: size.points, angles: 0, groups: 0, lengths: 0 };
    const perCount = countWords(size, shape.points, shape.groups);
    const perHit = hitWords(size, shape.angles, shape.lengths);
    const uniform = pack(indexingRun, {
      cellCount,
      maxSpots: size.spots,
      outputs: size.outputs,
      candidateVectors: size.candidateVectors,
      spiralPoints: size.points,
      angleCapacity: size.angles,
      anglePoints: shape.angles,
      samplePoints: shape.points,
      lengthCount: shape.lengths,
      firstEffort: size.firstEffort,
      vectors: vectorsOf(size),
      countWords: perCount,
      hitWords: perHit,
      lattices: size.lattices,
      pool: size.pool,
      nodeSlots: size.nodeSlots,
      turns: this.#places.turns,
      angles: this.#places.angles,
      exhaustive: size.exhaustive,
      glances,
      efforts: size.effortLimit,
    });
    uniform.set(params, 4 * wordOf(indexingRun, 'params'));
    const images = Math.min(
      this.#room.slots,
      Math.floor(this.#room.counts / (4 * perCount)),
      Math.floor(this.#room.hits / (4 * perHit)),
    );
    const candidates = 2 * vectors * (size.exhaustive ? shape.lengths : 1);
    const extent = {
      candidates: Math.min(
        candidates,
        this.#device.software ? 12 : images < 64 || size.exhaustive ? 1024 : turnWorkgroups,
      ),
      fresh: size.exhaustive ? size.outputs : effortHits,
      points: shape.points,
      groups: shape.groups,
      vectors,
    };
    return { extent, images, rounds, uniform, angles: shape.angles };
  }

  /** Describes the known cells and uploads them; a stream of images has the same ones in every run. */
  #describe(cells: Float32Array): readonly KnownCell[] {
    const { given, known } = this.#cells;
    if (given.length === cells.length && given.every((x, i) => x === cells[i])) return known;
    const described = describeCells(cells, cells.length / 9);
    this.#device.write(this.#buffer('cells'), packCells(described));
    this.#cells = { given: cells.slice(), known: described };
    return described;
  }

  /** Splits a batch where the workspace or the input buffer is full. */
  #chunks({ offsets, images }: IndexingBatch, most: number): Chunk[] {
    const chunks: Chunk[] = [];
    const at = (i: number): number => offsets[i] as number;
    for (let first = 0, last = 0; first < images; first = last) {
      while (last < images && last - first < most && at(last + 1) - at(first) <= this.#room.inputSpots) last++;
      if (last === first) {
        const spots = at(first + 1) - at(first);
        throw new EwaldError(
          'Limit',
          `image ${first} has ${spots} spots, but a buffer of the GPU ${this.#device.name} ` +
            `holds ${this.#room.inputSpots}`,
        );
      }
      chunks.push({ first, last });
    }
    return chunks;
  }

  /** Uploads a chunk; returns the parts of its submissions. */
  #begin(batch: IndexingBatch, { first, last }: Chunk, { extent, uniform }: RunShape, set: number) {
    const device = this.#device;
    const images = last - first;
    const whole: Extent = { ...extent, images };
    const [from, to] = [batch.offsets[first] as number, batch.offsets[last] as number];
    for (let i = 0; i <= images; i++) this.#offsets[i] = (batch.offsets[first + i] as number) - from;
    new DataView(uniform.buffer).setUint32(4 * wordOf(indexingRun, 'images'), images, true);
    device.write(this.#buffer('run'), uniform);
    device.write(this.#buffer('offsets'), this.#offsets.subarray(0, images + 1));
    if (to > from) device.write(this.#buffer('input'), batch.spots.subarray(3 * from, 3 * to));
    const { take, list, finish } = this.#stages;
    const bytes = {
      found: images * this.#size.outputs * structBytes(indexedCell),
      results: images * structBytes(imageResult),
      assignment: to - from,
    };
    // The first round of the chunk with the first image is recorded.
    const record = first === 0 ? this.#record : undefined;
    return {
      whole,
      take: (commands: Commands): void => {
        take(commands, whole);
        list(commands, whole);
      },
      recorder: (commands: Commands) =>
        record ? (entry: string) => record.after(entry, commands, this.#buffers) : undefined,
      /** Separates the readbacks of the record from the others. */
      kept: (parts: Uint8Array[]): Uint8Array[] => {
        if (!record) return parts;
        record.keep(parts);
        return parts.slice(record.reads);
      },
      finish: (commands: Commands): void => {
        const assignment = this.#buffer('assignment');
        if (to > from) commands.clear(assignment, 0, Math.ceil((to - from) / 4) * 4);
        finish(commands, whole);
        for (const [name, size] of Object.entries(bytes))
          if (size > 0) commands.read(this.#buffer(name), 0, size, this.#buffer(`${name} ${set}`));
      },
      readGoing: (commands: Commands): void =>
        commands.read(this.#buffer('going'), 0, images * 4, this.#buffer(`going ${set}`)),
      deliver: ([cells, summaries, owners]: readonly Uint8Array[]): void => {
        if (cells) batch.found.set(cells, first * this.#size.outputs * structBytes(indexedCell));
        if (summaries) batch.results.set(summaries, first * structBytes(imageResult));
        if (owners) batch.assignment.set(owners, from);
      },
    };
  }

  /** Runs a chunk through all rounds in one submission; returns false if some image was not finished by then. */
  async #indexAtOnce(batch: IndexingBatch, chunk: Chunk, shape: RunShape, set: number): Promise<boolean> {
    const work = this.#begin(batch, chunk, shape, set);
    const { round, list } = this.#stages;
    let ended = false;
    await this.#device.run(
      (commands) => {
        work.take(commands);
        for (let i = 0; i < shape.rounds; i++) {
          const recorder = i === 0 ? work.recorder(commands) : undefined;
          round(commands, work.whole, recorder);
          list(commands, work.whole);
        }
        work.readGoing(commands);
        work.finish(commands);
      },
      (parts) => {
        const [left, ...answer] = work.kept(parts);
        ended = countGoing(left) === 0;
        if (ended) work.deliver(answer);
      },
    );
    return ended;
  }

  /** Runs a chunk through the kernels one round at a time, each over the images left by the previous one. */
  async #indexByRounds(batch: IndexingBatch, chunk: Chunk, shape: RunShape, set: number): Promise<void> {
    const work = this.#begin(batch, chunk, shape, set);
    const { round, list } = this.#stages;
    let left = work.whole.images;
    for (let begun = false; left > 0; begun = true) {
      await this.#device.run(
        (commands) => {
          if (!begun) work.take(commands);
          round(commands, { ...work.whole, images: left }, begun ? undefined : work.recorder(commands));
          list(commands, work.whole);
          work.readGoing(commands);
        },
        (parts) => {
          left = countGoing((begun ? parts : work.kept(parts))[0]);
        },
      );
    }
    await this.#device.run(work.finish, work.deliver);
  }
}

const countGoing = (going: Uint8Array | undefined): number =>
  going ? new Uint32Array(going.buffer, going.byteOffset, going.length / 4).reduce((sum, x) => sum + x, 0) : 0;
