/** Transforms on the CPU, by the core or by an external engine; see cpp/fft and cpp/engines. */

import { handleOf } from '../../compute/arrays/kernels/native.js';
import { createEnginePlan, type EngineAddon, supportsEngine } from '../../compute/backends/native/engines.js';
import type { NativeHost } from '../../compute/backends/native/host.js';
import { addonError } from '../../compute/backends/status.js';
import { fftDescriptor, fftEnums } from '../../compute/layout/fft.js';
import { pack } from '../../compute/layout/struct.js';
import type { FftDescriptor, FftKernel, FftNowArrays, FftOp } from '../contract.js';

/** The addon's transforms; cpp/addon. */
interface FftAddon extends EngineAddon {
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
  /**
   * Transforms typed arrays synchronously; `code` is the direction plus twice the scale. For plans without a workspace.
   */
  fftRunner(plan: object): (code: number, input: ArrayBufferView, output: ArrayBufferView) => void;
  /**
   * New arrays of what forward reads and writes, which begin with a cache line, and functions that transform from one
   * to the other synchronously while neither is detached. For plans without a workspace.
   */
  fftArrays(plan: object): [Float32Array | Float64Array, Float32Array | Float64Array, () => void, () => void];
  fftStop(plan: object, on: boolean): void;
  /** The fraction of the latest run that is done. */
  fftDone(plan: object): number;
  fftDestroy(plan: object): void;
}

/** The fft room of the core. */
export const fftOp = (host: NativeHost): FftOp => ({
  supports: () => true,
  plan: async (descriptor) => planFft(host, descriptor),
});

/** Transforms by external engines. */
export function fftEngineOp(host: NativeHost): FftOp {
  const addon = host.addon as FftAddon;
  const plan = async (descriptor: FftDescriptor): Promise<FftKernel> => {
    const { engine } = descriptor;
    if (engine === 'ewald') return planFft(host, descriptor);
    const enginePlan = await createEnginePlan(addon, engine, descriptor);
    return kernelOf(host, enginePlan, descriptor, () => addon.engineDestroy(enginePlan));
  };
  return {
    supports: (descriptor) =>
      descriptor.engine === 'ewald' ? true : supportsEngine(addon, descriptor.engine, descriptor),
    plan,
  };
}

function planFft(host: NativeHost, descriptor: FftDescriptor): FftKernel {
  const addon = host.addon as FftAddon;
  try {
    const plan = addon.fftCreate(pack(fftDescriptor, descriptor.fields));
    return kernelOf(host, plan, descriptor, async () => addon.fftDestroy(plan));
  } catch (error) {
    throw addonError(error);
  }
}

function kernelOf(host: NativeHost, plan: object, descriptor: FftDescriptor, destroy: () => Promise<void>): FftKernel {
  const addon = host.addon as FftAddon;
  const bytes = addon.fftBytes(plan);
  host.hold(bytes);
  const elements = Math.max(descriptor.inputElements, descriptor.outputElements);
  // Handing work to a pool thread costs some 30 microseconds, several times that on a busy machine: transforms that
  // take about as long run synchronously.
  const now = elements * Math.log2(elements + 1) < 1_000_000;
  const execute = (
    atOnce: boolean,
    ...[direction, input, output, scale, given]: Parameters<NonNullable<FftKernel['executeOn']>>
  ): Promise<void> | undefined => {
    // A plan with its own workspace ignores the caller's, which may be too short.
    const workspace = descriptor.userWorkspace ? (given ?? null) : null;
    return addon.fftExecute(
      plan,
      fftEnums.FftDirection[direction],
      handleOf(input),
      handleOf(output),
      workspace,
      fftEnums.FftScale[scale],
      atOnce,
    );
  };
  const run: FftKernel['executeOn'] = async (...given) => {
    try {
      await execute(now, ...given);
    } catch (error) {
      throw addonError(error);
    }
  };
  // The addon's checks of each call dominate the time of a short line, so typed arrays have a separate path.
  const runner = descriptor.engine === 'ewald' && !descriptor.userWorkspace ? addon.fftRunner(plan) : undefined;
  const executeNow: FftKernel['executeNow'] = (direction, input, output, scale, workspace) => {
    try {
      if (runner && ArrayBuffer.isView(input) && ArrayBuffer.isView(output))
        runner(fftEnums.FftDirection[direction] + 2 * fftEnums.FftScale[scale], input, output);
      else execute(true, direction, input, output, scale, workspace);
    } catch (error) {
      throw addonError(error);
    }
  };
  let arrays: FftNowArrays | undefined;
  const nowArrays = (): FftNowArrays => {
    if (arrays && arrays.input.length > 0 && arrays.output.length > 0) return arrays;
    const [input, output, forward, backward] = addon.fftArrays(plan);
    arrays = { input, output, forward: wrapAddonErrors(forward), backward: wrapAddonErrors(backward) };
    return arrays;
  };
  return {
    bytes,
    workspaceElements: descriptor.userWorkspace ? addon.fftSizes(plan)[2] : 0,
    prunes: true,
    execute: run,
    executeOn: run,
    // An engine may have to plan first, on another thread.
    ...(descriptor.engine === 'ewald' ? { executeNow, nowArrays } : {}),
    ...(descriptor.engine === 'ewald' && !now
      ? { watch: { stop: (on) => addon.fftStop(plan, on), done: () => addon.fftDone(plan) } }
      : {}),
    dispose: async () => {
      await destroy();
      host.hold(-bytes);
    },
  };
}

/** A function of the addon with the errors of this package. */
const wrapAddonErrors = (run: () => void) => (): void => {
  try {
    run();
  } catch (error) {
    throw addonError(error);
  }
};
