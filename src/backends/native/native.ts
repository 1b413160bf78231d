/**
 * The native backend: the same C++ core compiled for the host CPU, threads included, behind a Node-API addon. Node
 * only.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { totalmem } from 'node:os';
import { EwaldError, messageOf } from '../../errors.js';
import { constants, enums, fftDescriptor, imageResult, indexedCell, indexerDescriptor } from '../../layout/layout.js';
import { pack, sizeOf } from '../../layout/struct.js';
import { addonPath } from '../addon-path.js';
import type {
  ArrayDescriptor,
  ArrayMemory,
  Backend,
  BackendLoader,
  DeviceInfo,
  FftDescriptor,
  FftKernel,
  IndexingDescriptor,
  IndexingKernel,
  PiKernel,
  Probe,
} from '../backend.js';
import { padAndCut } from '../fft-padding.js';
import { coreVariants } from '../fft-radices.js';
import type { IndexingAddon } from '../indexing-addon.js';
import { addonError } from '../status.js';
import { CoreArray, handleOf, type MemoryAddon } from './array.js';
import { createEnginePlan, type EngineAddon, reportEngines, supportsEngine } from './engines.js';

/** What the addon exports; cpp/addon. */
interface Addon extends MemoryAddon, EngineAddon, IndexingAddon {
  readonly abiVersion: number;
  readonly instructionSet: string;
  readonly hardwareThreads: number;
  liveBytes(): number;
  piCount(params: Uint8Array): Promise<bigint>;
  indexerCreate(descriptor: Uint8Array): object;
  indexerBytes(indexer: object): number;
  fftCreate(descriptor: Uint8Array): object;
  fftBytes(plan: object): number;
  /** Elements of input, output and workspace. */
  fftSizes(plan: object): [number, number, number];
  fftExecute(
    plan: object,
    direction: number,
    input: ArrayBufferView | object,
    output: ArrayBufferView | object,
    workspace: ArrayBufferView | null,
    scale: number,
    now: boolean,
  ): Promise<void> | undefined;
  fftDestroy(plan: object): void;
}

/** The loader. */
export const nativeLoader: BackendLoader = {
  name: 'native',
  async probe(options): Promise<Probe> {
    const path = addonPath('ewald_native', options.addonPath?.native);
    if (!existsSync(path)) {
      return {
        available: false,
        reason: `no addon for ${process.platform}-${process.arch} (looked for ${path}); with a C++ compiler, npm run build makes it`,
      };
    }
    let addon: Addon;
    try {
      addon = createRequire(import.meta.url)(path) as Addon;
    } catch (error) {
      return { available: false, reason: `the addon ${path} does not load: ${messageOf(error).split('\n')[0]}` };
    }
    if (addon.abiVersion !== constants.abiVersion) {
      return {
        available: false,
        reason: `the addon ${path} speaks ABI version ${addon.abiVersion}, needed is ${constants.abiVersion}; rebuild it with npm run build`,
      };
    }
    const device: DeviceInfo = {
      name: `CPU, ${addon.instructionSet}, ${addon.hardwareThreads} threads`,
      kind: 'cpu',
      precisions: ['f32', 'f64'],
      limits: { threads: addon.hardwareThreads },
      memory: totalmem(),
      driver: `ewald_native.node, ${addon.instructionSet}`,
    };
    return {
      available: true,
      reason: `the C++ core with ${addon.instructionSet} on ${addon.hardwareThreads} threads`,
      device,
      open: async () => new NativeBackend(addon, device),
      engines: () => reportEngines(addon),
    };
  },
};

class NativeBackend implements Backend {
  readonly name = 'native';
  readonly device: DeviceInfo;
  readonly #addon: Addon;
  #stagingBytes = 0;
  #coreBytes = 0;

  constructor(addon: Addon, device: DeviceInfo) {
    this.#addon = addon;
    this.device = device;
  }

  // The core counts for the whole process; a context owns what its own plans hold.
  get liveBytes(): number {
    return this.#coreBytes + this.#stagingBytes;
  }

  readonly pi = {
    supports: (): true => true,
    plan: async (): Promise<PiKernel> => ({
      bytes: 0,
      pointsPerCall: 2 ** 28,
      count: (params) => this.#addon.piCount(params).catch((error) => Promise.reject(addonError(error))),
      dispose: async () => {},
    }),
  };

  readonly indexing = {
    supports: (): true => true,
    plan: async (descriptor: IndexingDescriptor): Promise<IndexingKernel> => this.#planIndexing(descriptor),
  };

  #planIndexing(descriptor: IndexingDescriptor): IndexingKernel {
    const { batch, maxBatchSpots, maxInputCells, maxOutputCells } = descriptor;
    const addon = this.#addon;
    // The run happens on another thread, so it works on arrays that nobody else can detach or change.
    let staging: {
      spots: Float32Array;
      offsets: Uint32Array;
      cells: Float32Array;
      found: Uint8Array;
      results: Uint8Array;
      assignment: Uint8Array;
    };
    let indexer: object;
    try {
      staging = {
        spots: new Float32Array(maxBatchSpots * 3),
        offsets: new Uint32Array(batch + 1),
        cells: new Float32Array(maxInputCells * 9),
        found: new Uint8Array(batch * maxOutputCells * sizeOf(indexedCell)),
        results: new Uint8Array(batch * sizeOf(imageResult)),
        assignment: new Uint8Array(maxBatchSpots),
      };
      indexer = addon.indexerCreate(pack(indexerDescriptor, descriptor.fields));
    } catch (error) {
      if (error instanceof RangeError)
        throw new EwaldError(
          'OutOfMemory',
          `the staging memory of ${batch} images could not be had: ${error.message}`,
          { cause: error },
        );
      throw addonError(error);
    }
    const coreBytes = addon.indexerBytes(indexer);
    const stagingBytes = Object.values(staging).reduce((sum, array) => sum + array.byteLength, 0);
    this.#coreBytes += coreBytes;
    this.#stagingBytes += stagingBytes;
    return {
      bytes: coreBytes + stagingBytes,
      async run(b) {
        staging.spots.set(b.spots);
        staging.offsets.set(b.offsets.subarray(0, b.images + 1));
        staging.cells.set(b.cells.subarray(0, b.cellCount * 9));
        try {
          await addon.indexerRun(
            indexer,
            b.params,
            staging.spots,
            staging.offsets,
            b.images,
            staging.cells,
            b.cellCount,
            staging.found,
            staging.results,
            staging.assignment,
          );
        } catch (error) {
          throw addonError(error);
        }
        b.found.set(staging.found.subarray(0, b.found.length));
        b.results.set(staging.results.subarray(0, b.results.length));
        b.assignment.set(staging.assignment.subarray(0, b.assignment.length));
      },
      async stage(stage) {
        try {
          return addon.indexerStage(indexer, stage);
        } catch (error) {
          throw addonError(error);
        }
      },
      dispose: async () => {
        addon.indexerDestroy(indexer);
        this.#coreBytes -= coreBytes;
        this.#stagingBytes -= stagingBytes;
      },
    };
  }

  readonly fft = {
    supports: (): true => true,
    plan: async (descriptor: FftDescriptor): Promise<FftKernel> => this.#planFft(descriptor),
    variants: (descriptor: FftDescriptor) => coreVariants(descriptor, 8, this.#addon.hardwareThreads),
  };

  readonly fftEngine = {
    supports: (descriptor: FftDescriptor) =>
      descriptor.engine === 'ewald' ? true : supportsEngine(this.#addon, descriptor.engine, descriptor),
    plan: async (descriptor: FftDescriptor): Promise<FftKernel> => {
      const addon = this.#addon;
      const { engine } = descriptor;
      if (engine === 'ewald') return this.#planFft(descriptor);
      // Engines know whole axes only.
      if (descriptor.pruned) return padAndCut(descriptor, (whole) => this.fftEngine.plan(whole));
      const plan = await createEnginePlan(addon, engine, descriptor).catch((error) =>
        Promise.reject(addonError(error)),
      );
      return this.#fftKernel(plan, descriptor, () => addon.engineDestroy(plan));
    },
  };

  #planFft(descriptor: FftDescriptor): FftKernel {
    const addon = this.#addon;
    try {
      const plan = addon.fftCreate(pack(fftDescriptor, descriptor.fields));
      return this.#fftKernel(plan, descriptor, async () => addon.fftDestroy(plan));
    } catch (error) {
      throw addonError(error);
    }
  }

  #fftKernel(plan: object, descriptor: FftDescriptor, destroy: () => Promise<void>): FftKernel {
    const addon = this.#addon;
    const bytes = addon.fftBytes(plan);
    this.#coreBytes += bytes;
    const elements = Math.max(descriptor.inputElements, descriptor.outputElements);
    // A thread of the pool costs some 30 microseconds to reach, several times that on a busy machine: what takes about
    // as long is done at once.
    const now = elements * Math.log2(elements + 1) < 1_000_000;
    const run: FftKernel['executeOn'] = async (direction, input, output, scale, given) => {
      // A plan that holds its own needs none, and what is given may be too short for it.
      const workspace = descriptor.userWorkspace ? (given ?? null) : null;
      try {
        await addon.fftExecute(
          plan,
          enums.FftDirection[direction],
          handleOf(input),
          handleOf(output),
          workspace,
          enums.FftScale[scale],
          now,
        );
      } catch (error) {
        throw addonError(error);
      }
    };
    return {
      bytes,
      workspaceElements: descriptor.userWorkspace ? addon.fftSizes(plan)[2] : 0,
      prunes: true,
      execute: run,
      executeOn: run,
      dispose: async () => {
        await destroy();
        this.#coreBytes -= bytes;
      },
    };
  }

  readonly array = {
    supports: (): true => true,
    plan: async ({ bytes }: ArrayDescriptor): Promise<ArrayMemory> =>
      new CoreArray(this.#addon, bytes, (held) => {
        this.#coreBytes += held;
      }),
  };

  async sync(): Promise<void> {}
  async dispose(): Promise<void> {}
}
