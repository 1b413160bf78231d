/**
 * `ewald/udf`: LiberTEM's Context, analyses and user-defined functions, without a server. The browser build; Node's has the same
 * names and opens paths as well.
 *
 *     import { Context } from 'ewald/udf';
 *     const ctx = new Context();
 *     const scan = await ctx.load(file);                                    // a File, Blob, URL or bytes
 *     const { intensity } = await ctx.run(ctx.createDiskAnalysis(scan));
 *     await ctx.close();
 *
 * @module
 */
import type { ContextOptions } from '../context.js';
import { open } from '../data/index.js';
import { EwaldError } from '../errors.js';
import { createContext, devices } from '../index.js';
import { UdfContext } from '../udf/context.js';
import { type MakeWithOptions, madeWith, type UdfContextOptions, type UdfPlace } from '../udf/context-options.js';
import { type DetectedDevices, devicesOf } from '../udf/devices.js';
import { makeExecutor } from '../udf/executors.js';
import type { ScanSource } from '../udf/scan.js';
import type { AnyUdf } from '../udf/udf.js';
import { compareUdf, type UdfReport, type ValidateUdfOptions } from '../udf/validate-udf.js';
import { type ConnectOptions, Executor } from './executors.js';

const cores = (): number => globalThis.navigator?.hardwareConcurrency ?? 1;

const place: UdfPlace = {
  createContext,
  open,
  sourceOf(input, options): ScanSource | undefined {
    if (typeof input === 'string') return { url: new URL(input, location.href).href, options };
    if (input instanceof URL) return { url: input.href, options };
    return input instanceof Blob ? { blob: input, options } : undefined;
  },
  makeExecutor: (kind, options) =>
    makeExecutor(kind, options, {
      cores: cores(),
      devices,
      inline: Executor.inline,
      workers: Executor.workers,
      delayed: Executor.delayed,
    }),
  exportNpy: async (_scan, path) => {
    throw new EwaldError('Unsupported', `${path}: a browser writes no files; read the frames with scan.dataset.read`);
  },
  note: undefined,
};

/** Loads scans and runs UDFs and analyses over them; end it with `close` or `await using`. */
export class Context extends UdfContext {
  /** Executors in `owned` are disposed with the context. */
  constructor(options?: UdfContextOptions, owned?: readonly Executor[]) {
    super(place, options, owned);
  }

  /**
   * A context on an executor of its own: 'inline', 'workers', 'delayed' or 'mpi'; for a cluster see `connect`. Throws
   * `Argument` for unknown ones, and for `cpus` or `gpus` where the executor has none.
   */
  static async makeWith(kind = 'inline', options: MakeWithOptions = {}): Promise<Context> {
    return new Context(...(await madeWith(place, kind, options)));
  }

  /** A context on the workers that have joined a cluster: `Context.connect('nats://head:4222')`. */
  static async connect(url: string, options?: ConnectOptions): Promise<Context> {
    const executor = await Executor.connect(url, options);
    return new Context({ executor }, [executor]);
  }
}

/**
 * Runs a UDF's `processFrameWgsl` on a WebGPU device and its `processFrame` in JavaScript over the same frames, and
 * compares. Throws `Unsupported` where there is no WebGPU, `Argument` where the WGSL does not compile.
 */
export async function validateUdf(udf: AnyUdf, options: ValidateUdfOptions = {}): Promise<UdfReport> {
  const context = new Context({ context: { backend: 'webgpu', strict: true, log: { level: 'error' } } });
  try {
    const device = (await devices({ backend: 'webgpu' })).find(({ backend }) => backend === 'webgpu');
    return await compareUdf(udf, options, context, device?.name ?? 'none');
  } finally {
    await context.close();
  }
}

/** What this machine has: cores, GPUs. */
export async function detect(options?: ContextOptions): Promise<DetectedDevices> {
  return devicesOf(await devices(options), cores());
}

export * from '../udf/public.js';
