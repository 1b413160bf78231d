/**
 * Plans of the addons of the native core and of CUDA. Each kind of plan, such as `disks`, has the functions disksCreate,
 * disksBytes, disksRun and disksDestroy; see cpp/addon and cuda/addon.
 */
import type { Disposable } from '../../base/resource.js';
import type { CudaHost } from './cuda/host.js';
import type { NativeHost } from './native/host.js';
import { addonError } from './status.js';

type AddonFunctions = Readonly<Record<string, (...given: unknown[]) => unknown>>;

/** A plan of an addon, whose bytes the host counts until it is disposed. */
interface AddonPlan extends Disposable {
  /** The addon's object, for functions that only its kind has. */
  readonly object: object;
  readonly bytes: number;
  /** Runs the plan with these arguments. */
  run(...given: unknown[]): Promise<void>;
}

/** Calls the addon: what it throws becomes a tagged error. */
export async function tagged(work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw addonError(error);
  }
}

/** Plans on the CPU from these tables. */
export async function planNative(host: NativeHost, kind: string, ...tables: unknown[]): Promise<AddonPlan> {
  const addon = host.addon as AddonFunctions;
  let object = {};
  await tagged(() => {
    object = addon[`${kind}Create`]?.(...tables) as object;
  });
  const bytes = addon[`${kind}Bytes`]?.(object) as number;
  host.hold(bytes);
  return {
    object,
    bytes,
    run: (...given) => tagged(() => addon[`${kind}Run`]?.(object, ...given)),
    async dispose() {
      addon[`${kind}Destroy`]?.(object);
      host.hold(-bytes);
    },
  };
}

/** Plans on a CUDA device from these tables; bytes of the host are page-locked. */
export async function planCuda(host: CudaHost, kind: string, ...tables: unknown[]): Promise<AddonPlan> {
  const addon = host.addon as AddonFunctions;
  const object = await host.track(async () => (await addon[`${kind}Create`]?.(host.context, ...tables)) as object);
  const counted = addon[`${kind}Bytes`]?.(object) as number | { readonly device: number; readonly host: number };
  const bytes = typeof counted === 'number' ? { device: counted, host: 0 } : counted;
  host.holdHostBytes(bytes.host);
  return {
    object,
    bytes: bytes.device + bytes.host,
    run: (...given) => host.track(async () => void (await addon[`${kind}Run`]?.(object, ...given))),
    async dispose() {
      addon[`${kind}Destroy`]?.(object);
      host.holdHostBytes(-bytes.host);
    },
  };
}
