/**
 * How long each kernel takes on the device, by its own clock (`timestamp-query`): for `ewald bench`. Off, it costs a
 * comparison a submission; on, every kernel has a pass of its own.
 */

/** Time of a kernel over all of its passes. */
export interface KernelTime {
  readonly kernel: string;
  readonly ms: number;
  readonly passes: number;
}

interface Collection {
  readonly times: Map<string, { ms: number; passes: number }>;
  readonly names: Map<GPUComputePipeline, string>;
  readonly pending: Promise<void>[];
}
let collecting: Collection | undefined;

/**
 * The kernels that `work` runs, the longest first; none where no device that works meanwhile has timestamps. What other
 * work does at the same time is counted too.
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

/** The clock of one submission; undefined unless somebody asks and the device has one. */
export function passClock(device: GPUDevice, features: ReadonlySet<GPUFeatureName>): PassClock | undefined {
  return collecting && features.has('timestamp-query') ? new PassClock(device, collecting) : undefined;
}

const mostPasses = 2048;
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
    this.#queries = device.createQuerySet({ type: 'timestamp', count: 2 * mostPasses });
  }

  /** For the pass that this kernel begins; nothing where there is no room for more. */
  pass(pipeline: GPUComputePipeline): GPUComputePassDescriptor {
    const at = this.#kernels.length;
    if (at === mostPasses) return {};
    this.#kernels.push(this.#nameOf(pipeline));
    return {
      timestampWrites: { querySet: this.#queries, beginningOfPassWriteIndex: 2 * at, endOfPassWriteIndex: 2 * at + 1 },
    };
  }

  /** Kernels of one entry are told apart by a number. */
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

  /** After the submission. A device that is lost has no times, and says so elsewhere. */
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
