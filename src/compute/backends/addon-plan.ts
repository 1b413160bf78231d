/**
 * Plans of the addons of the native core and of CUDA. Each kind of plan, such as `disks`, has the functions disksCreate,
 * disksBytes, disksRun and disksDestroy; see cpp/addon and cuda/addon.
 */
import { EwaldError } from '../../util/errors.js';
import type { Disposable } from '../../util/resource.js';
import type { CudaHost } from './cuda/host.js';
import type { NativeHost } from './native/host.js';
import { addonError } from './status.js';

/** Calls a function of an addon by its name. Throws `Internal` if the addon does not have it. */
function call(addon: object, name: string, ...given: unknown[]): unknown {
  const work = (addon as Readonly<Record<string, ((...given: unknown[]) => unknown) | undefined>>)[name];
  if (!work) throw new EwaldError('Internal', `the addon has no function ${name}`);
  return Reflect.apply(work, addon, given);
}

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
  const { addon } = host;
  let object = {};
  await tagged(() => {
    object = call(addon, `${kind}Create`, ...tables) as object;
  });
  const bytes = call(addon, `${kind}Bytes`, object) as number;
  host.hold(bytes);
  return {
    object,
    bytes,
    run: (...given) => tagged(() => call(addon, `${kind}Run`, object, ...given)),
    async dispose() {
      call(addon, `${kind}Destroy`, object);
      host.hold(-bytes);
    },
  };
}

/** Plans on a CUDA device from these tables; bytes of the host are page-locked. */
export async function planCuda(host: CudaHost, kind: string, ...tables: unknown[]): Promise<AddonPlan> {
  const { addon } = host;
  const object = await host.track(async () => (await call(addon, `${kind}Create`, host.context, ...tables)) as object);
  const counted = call(addon, `${kind}Bytes`, object) as number | { readonly device: number; readonly host: number };
  const bytes = typeof counted === 'number' ? { device: counted, host: 0 } : counted;
  host.holdHostBytes(bytes.host);
  return {
    object,
    bytes: bytes.device + bytes.host,
    run: (...given) => host.track(async () => void (await call(addon, `${kind}Run`, object, ...given))),
    async dispose() {
      call(addon, `${kind}Destroy`, object);
      host.holdHostBytes(-bytes.host);
    },
  };
}
