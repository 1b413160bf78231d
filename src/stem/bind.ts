/** The names of `ewald/udf` that a platform binds: the context, and the functions that query its devices. */

import type { ContextOptions } from '../compute/context/context.js';
import type { Executor, ExecutorKind } from '../parallel/executor.js';
import type { ConnectOptions } from '../parallel/nats/options.js';
import { type MakeWithOptions, madeWith, type UdfContextOptions, type UdfPlace } from '../udf/context-options.js';
import { type DetectedDevices, devicesOf, type ExecutorMakers, makeExecutor } from '../udf/execution/executors.js';
import type { AnyUdf } from '../udf/functions/udf.js';
import { expectsMembers } from '../util/arguments.js';
import type { MaybeAsyncDisposable } from '../util/resource.js';
import { UdfContext } from './context.js';
import { compareUdf, type UdfReport, type ValidateUdfOptions } from './validate-udf.js';

/** A context of a platform, which `await using` ends where TypeScript has it. */
export type DisposableUdfContext = UdfContext & MaybeAsyncDisposable;

/** The `Context` class of a platform. */
export interface UdfContextClass {
  /** Executors in `owned` are disposed with the context. */
  new (options?: UdfContextOptions, owned?: readonly Executor[]): DisposableUdfContext;
  readonly prototype: UdfContext;
  /**
   * Creates a context with its own executor: 'inline', 'workers', 'delayed' or 'mpi'; for a cluster see `connect`.
   * Throws `Argument` for unknown kinds, or for `cpus` or `gpus` if the executor does not have them, `Unsupported` for
   * 'mpi' in browsers.
   */
  makeWith(kind?: Exclude<ExecutorKind, 'nats'>, options?: MakeWithOptions): Promise<DisposableUdfContext>;
  /**
   * Creates a context on the workers of a cluster: `Context.connect('nats://head:4222')` on Node, wss:// in browsers.
   */
  connect(url: string, options?: ConnectOptions): Promise<DisposableUdfContext>;
}

/** The functions that a platform provides, including its executors. */
interface BoundPlace extends Omit<UdfPlace, 'makeExecutor'> {
  readonly makers: ExecutorMakers;
  connect(url: string, options?: ConnectOptions): Promise<Executor>;
}

/** Binds the names to a platform. */
export function bindUdf({ makers, connect, ...rest }: BoundPlace) {
  const place: UdfPlace = { ...rest, makeExecutor: (kind, options) => makeExecutor(kind, options, makers) };
  // Its constructor defines the member for `await using`, where the engine has it.
  const Context = class Context extends UdfContext {
    constructor(options?: UdfContextOptions, owned?: readonly Executor[]) {
      super(place, options, owned);
    }

    static async makeWith(kind = 'inline', options: MakeWithOptions = {}): Promise<UdfContext> {
      return new Context(...(await madeWith(place, kind, options)));
    }

    static async connect(url: string, options?: ConnectOptions): Promise<UdfContext> {
      const executor = await connect(url, options);
      return new Context({ executor }, [executor]);
    }
  } as unknown as UdfContextClass;
  return {
    Context,
    async validateUdf(udf: AnyUdf, options: ValidateUdfOptions = {}): Promise<UdfReport> {
      expectsMembers('validateUdf: the UDF', udf, ['definition'], 'the result of defineUdf');
      // A UDF without WGSL requires no backend at all.
      if (udf.definition.processFrameWgsl === undefined) {
        const context = new Context();
        return compareUdf(udf, options, context, 'none').finally(() => context.close());
      }
      const context = new Context({ context: { backend: 'webgpu', strict: true, log: { level: 'error' } } });
      try {
        const device = (await makers.devices({ backend: 'webgpu' })).find(({ backend }) => backend === 'webgpu');
        return await compareUdf(udf, options, context, device?.name ?? 'none');
      } finally {
        await context.close();
      }
    },
    detect: async (options?: ContextOptions): Promise<DetectedDevices> =>
      devicesOf(await makers.devices(options ?? {}), makers.cores),
  };
}
