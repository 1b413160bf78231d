/**
 * `ewald/udf` on Node: LiberTEM's Context, analyses and user-defined functions. The names of the browser build, and
 * paths.
 *
 *     import { Context, defineUdf } from 'ewald/udf';
 *     const ctx = new Context();
 *     const scan = await ctx.load('scan.mib');
 *     const { intensity } = await ctx.run(ctx.createDiskAnalysis(scan, { cx: 128, cy: 128, r: 40 }));
 *     await ctx.close();
 *
 * @module
 */

import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { open } from '../frames/opening.node.js';
import { bindUdf, type DisposableUdfContext, type UdfContextClass } from '../stem/bind.js';
import { exportNpy } from '../udf/scans/export.node.js';
import type { ScanSource } from '../udf/scans/scan.js';
import { memberOf } from '../util/members.js';
import { Executor } from './executors.node.js';
import { createContext, devices } from './index.node.js';

const bound = /* @__PURE__ */ bindHere();

/** Called when the module is loaded, unless a bundler finds that nothing uses the result. */
function bindHere() {
  return bindUdf({
    createContext,
    open,
    sourceOf(input, options): ScanSource | undefined {
      if (typeof input === 'string') {
        if (/^https?:\/\//i.test(input)) return { url: input, options };
        return { path: resolve(/^file:\/\//i.test(input) ? fileURLToPath(input) : input), options };
      }
      if (input instanceof URL)
        return input.protocol === 'file:' ? { path: fileURLToPath(input), options } : { url: input.href, options };
      return undefined;
    },
    makers: { cores: availableParallelism(), devices, ...Executor },
    connect: Executor.connect,
    readFile: (url) => readFile(url),
    detector: async (kind, options) =>
      (await import('../udf/acquisition/detectors.node.js')).openDetector(kind, options),
    follow: async (path, options) =>
      new (await import('../udf/acquisition/followed.node.js')).FollowedFiles(path, options),
    recordNpy: async (...args) => (await import('../udf/scans/record.node.js')).recordNpy(...args),
    exportNpy,
    note: (line) => process.stderr.write(`${line}\n`),
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

/** The resources of this machine: cores, GPUs, the native core. */
export const detect: Bound['detect'] = /* @__PURE__ */ memberOf(bound, 'detect');

export { simulateDectris } from '../simulate/dectris.node.js';
export { simulateMerlin } from '../simulate/merlin.node.js';
export * from '../stem/public.js';
