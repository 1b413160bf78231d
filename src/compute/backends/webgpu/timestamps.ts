/**
 * Measures how long each kernel takes by the device's own clock (`timestamp-query`), for `ewald bench`. Disabled, it
 * costs one comparison per submission; enabled, every kernel gets its own pass.
 */
import type { KernelTime } from './kernel-time.js';

interface Collection {
  readonly times: Map<string, { ms: number; passes: number }>;
  readonly names: Map<GPUComputePipeline, string>;
  readonly pending: Promise<void>[];
}
let collecting: Collection | undefined;

/**
 * The kernels that `work` runs, longest first; empty if no device involved has timestamps. Other work running at the
 * same time is counted too.
 */
export async function timeKernels(work: () => unknown): Promise<readonly KernelTime[]> {
  const collection: Collection = { times: new Map(), names: new Map(), pending: [] };
  collecting = collection;
  try {
    await work();
  } finally {
    collecting = undefined;
  }
  await Promise.all(collection.pending);
  return [...collection.times].map(([kernel, time]) => ({ kernel, ...time })).sort((a, b) => b.ms - a.ms);
}

/** The clock of one submission; undefined unless enabled and supported by the device. */
export function passClock(device: GPUDevice, features: ReadonlySet<GPUFeatureName>): PassClock | undefined {
  return collecting && features.has('timestamp-query') ? new PassClock(device, collecting) : undefined;
}

const maxPasses = 2048;
const [mapRead, copySource, copyTarget, queryResolve] = [0x1, 0x4, 0x8, 0x200];

/** Two timestamps for each pass of a submission. */
export class PassClock {
  readonly #device: GPUDevice;
  readonly #collection: Collection;
  readonly #queries: GPUQuerySet;
  readonly #kernels: string[] = [];
  #staging: GPUBuffer | undefined;
  #resolved: GPUBuffer | undefined;

  constructor(device: GPUDevice, collection: Collection) {
    this.#device = device;
    this.#collection = collection;
    this.#queries = device.createQuerySet({ type: 'timestamp', count: 2 * maxPasses });
  }

  /** Timestamps of the pass of this kernel; undefined when no slots are left. */
  pass(pipeline: GPUComputePipeline): GPUComputePassDescriptor {
    const at = this.#kernels.length;
    if (at === maxPasses) return {};
    this.#kernels.push(this.#nameOf(pipeline));
    return {
      timestampWrites: { querySet: this.#queries, beginningOfPassWriteIndex: 2 * at, endOfPassWriteIndex: 2 * at + 1 },
    };
  }

  /** Kernels with the same entry point are distinguished by a number. */
  #nameOf(pipeline: GPUComputePipeline): string {
    const { names } = this.#collection;
    let name = names.get(pipeline);
    if (name === undefined) {
      const before = [...names.keys()].filter(({ label }) => label === pipeline.label).length;
      name = before === 0 ? pipeline.label : `${pipeline.label} ${before + 1}`;
      names.set(pipeline, name);
    }
    return name;
  }

  /** Recorded last in the submission. */
  resolve(encoder: GPUCommandEncoder): void {
    const size = 16 * this.#kernels.length;
    if (size === 0) return;
    this.#resolved = this.#device.createBuffer({ size, usage: queryResolve | copySource });
    this.#staging = this.#device.createBuffer({ size, usage: mapRead | copyTarget });
    encoder.resolveQuerySet(this.#queries, 0, 2 * this.#kernels.length, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, this.#staging, 0, size);
  }

  /** Called after the submission. A lost device has no times; the loss is reported by others. */
  collect(): void {
    this.#collection.pending.push(
      this.#read()
        .catch(() => undefined)
        .finally(() => {
          this.#staging?.destroy();
          this.#resolved?.destroy();
          this.#queries.destroy();
        }),
    );
  }

  async #read(): Promise<void> {
    const staging = this.#staging;
    if (!staging) return;
    await staging.mapAsync(mapRead);
    const stamps = new BigUint64Array(staging.getMappedRange());
    for (const [i, kernel] of this.#kernels.entries()) {
      const time = this.#collection.times.get(kernel) ?? { ms: 0, passes: 0 };
      // A clock may be set back between two passes.
      time.ms += Math.max(0, Number((stamps[2 * i + 1] ?? 0n) - (stamps[2 * i] ?? 0n))) / 1e6;
      time.passes++;
      this.#collection.times.set(kernel, time);
    }
  }
}
