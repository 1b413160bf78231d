/**
 * `ewald/udf`: LiberTEM's Context, analyses and user-defined functions, without a server. The browser build; Node's has
 * the same names and opens paths as well.
 *
 *     import { Context } from 'ewald/udf';
 *     const ctx = new Context();
 *     const scan = await ctx.load(file);                                    // a File, Blob, URL or bytes
 *     const { intensity } = await ctx.run(ctx.createDiskAnalysis(scan));
 *     await ctx.close();
 *
 * @module
 */

import { open } from '../frames/opening.browser.js';
import type { DectrisSimulator, SimulateDectrisOptions } from '../simulate/dectris-options.js';
import type { MerlinSimulator, SimulateMerlinOptions } from '../simulate/merlin-options.js';
import { bindUdf, type DisposableUdfContext, type UdfContextClass } from '../stem/bind.js';
import type { ScanSource } from '../udf/scans/scan.js';
import { absoluteAddress } from '../util/addresses.js';
import { EwaldError } from '../util/errors.js';
import { memberOf } from '../util/members.js';
import { Executor } from './executors.js';
import { createContext, devices } from './index.js';

const bound = /* @__PURE__ */ bindHere();

/** Called when the module is loaded, unless a bundler finds that nothing uses the result. */
function bindHere() {
  // Only Node has MPI.
  const { inline, workers, delayed, connect } = Executor;
  return bindUdf({
    createContext,
    open,
    sourceOf(input, options): ScanSource | undefined {
      if (typeof input === 'string') return { url: absoluteAddress(input), options };
      if (input instanceof URL) return { url: input.href, options };
      return input instanceof Blob ? { blob: input, options } : undefined;
    },
    makers: { cores: globalThis.navigator?.hardwareConcurrency ?? 1, devices, inline, workers, delayed },
    connect,
    exportNpy: async (_scan, path) => {
      throw new EwaldError(
        'Unsupported',
        `${path}: a browser cannot write files; read the frames with scan.dataset.read`,
      );
    },
    note: undefined,
  });
}

type Bound = ReturnType<typeof bindUdf>;

/** Loads scans and runs UDFs and analyses over them; end it with `close` or `await using`. */
export type Context = DisposableUdfContext;
/** Creates contexts: `new Context()`, `Context.makeWith`, `Context.connect`. */
export const Context: UdfContextClass = /* @__PURE__ */ memberOf(bound, 'Context');

/**
 * Runs a UDF on random frames: in one partition and in several, with its frames overwritten, and by its WGSL, its module
 * and `processSparse`, if it has them; compares the results. Throws `Unsupported` for WGSL without WebGPU, `Argument` if
 * it does not compile.
 */
export const validateUdf: Bound['validateUdf'] = /* @__PURE__ */ memberOf(bound, 'validateUdf');

/** The sockets of a Merlin readout: Node only; in a browser this throws `Unsupported`. */
export async function simulateMerlin(path: string, _options?: SimulateMerlinOptions): Promise<MerlinSimulator> {
  throw new EwaldError('Unsupported', `simulateMerlin: ${path}: browsers cannot listen; run it on Node`);
}

/** The stream of a DECTRIS detector: Node only; in a browser this throws `Unsupported`. */
export async function simulateDectris(path: string, _options?: SimulateDectrisOptions): Promise<DectrisSimulator> {
  throw new EwaldError('Unsupported', `simulateDectris: ${path}: browsers cannot listen; run it on Node`);
}

/** The resources of this machine: cores, GPUs. */
export const detect: Bound['detect'] = /* @__PURE__ */ memberOf(bound, 'detect');

export * from '../stem/public.js';
