/** Where a GPU interface comes from: the browser, Dawn in Node (node.ts), or a test. */

/** A GPU interface, or the reason why there is none, in one sentence. */
export type GpuFound =
  | {
      readonly gpu: GPU;
      /** Part of the adapter's name still to be checked; undefined when the source has already chosen. */
      readonly wish: string | undefined;
    }
  | { readonly absent: string };

/**
 * Finds the GPU interface for a `device` option: undefined, an index or a part of the name. `named` means that the user
 * named webgpu: only then are software devices considered. Must not throw.
 */
export type GpuSource = (device: string | undefined, named: boolean) => Promise<GpuFound>;

/** The browser's GPU, in a window or a worker. A page cannot list adapters: it gets the one the browser picks. */
export const browserGpu: GpuSource = async (device) => {
  const gpu = typeof navigator === 'undefined' ? undefined : (navigator.gpu as GPU | undefined);
  if (!gpu) {
    const secure = (globalThis as { isSecureContext?: boolean }).isSecureContext !== false;
    return {
      absent: secure
        ? 'this browser has no WebGPU (navigator.gpu is missing)'
        : 'WebGPU needs a secure page: serve it over https or from localhost',
    };
  }
  if (device !== undefined && /^\d+$/.test(device)) {
    if (Number(device) !== 0) return { absent: `there is no device ${device}: a browser offers one adapter, device 0` };
    return { gpu, wish: undefined };
  }
  return { gpu, wish: device };
};
