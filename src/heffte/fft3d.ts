/** Transforms of a world of indexes whose boxes are held by the ranks of a communicator. */

import type { ContextOptions } from '../compute/context/context.js';
import type { Communicator } from '../parallel/communicator/communicator.js';
import { EwaldError } from '../util/errors.js';
import { inspect } from '../util/options.js';
import { asyncDispose, type Disposable, type MaybeAsyncDisposable } from '../util/resource.js';
import { agree } from './agree.js';
import { type Axis, axesOfWorld, Box } from './box.js';
import { blockCopier, type CopyNumbers, type Numbers } from './copy.js';
import { describePlan, type PlanDescription, scaleFactorOf } from './describe.js';
import { type Engine, type HeffteBackend, type HeffteScale, parseEngine } from './names.js';
import { checkOptions, type Fft3dOptions, type Fft3dRunOptions, type FftContextLike } from './options.js';
import { layOut } from './places.js';
import { planStages } from './stages.js';
import { Transform, type TransformParts } from './transform.js';

/** The functions that a platform provides for a transform. */
export interface Fft3dPlatform {
  readonly createContext: (options: ContextOptions) => Promise<FftContextLike>;
  /** Loads a function that copies large blocks faster than JavaScript; returns undefined if there is none. */
  readonly copyNumbers: () => CopyNumbers | undefined;
  /** Requests huge pages for new memory, where the platform has them. */
  readonly preferHugePages: (memory: ArrayBufferLike) => void;
}

/**
 * Runs a transform on this rank's part; every rank calls it, in the same order.
 *
 * Reads `input`, writes `output` (default: a new array of complex numbers, or of real ones for r2r and backward r2c)
 * and resolves with it. Complex numbers are interleaved; a complex transform also accepts real arrays on either side,
 * recognized by their length: backward then keeps the real parts. Both sides may be one array. `options` may be just
 * the scale. Throws `Disposed`; on every rank `Shape` or `Argument` when the call of one of them is invalid, or when
 * direction, scale, precision or batch differ between them; `Lost` when another rank has ended or disposed the plan.
 */
export type Fft3dRun = <A extends Numbers>(
  input: A,
  output?: A,
  options?: Fft3dRunOptions | HeffteScale | number,
) => Promise<A>;

export interface Fft3dPlanMethods extends Disposable {
  readonly inbox: Box;
  readonly outbox: Box;
  /**
   * Numbers of elements of the boxes: complex numbers, except real ones in the inbox of r2c and in both boxes of r2r.
   */
  readonly sizeInbox: number;
  readonly sizeOutbox: number;
  /** Number of complex numbers of workspace for a run of one transform. */
  readonly sizeWorkspace: number;
  /** Bytes of workspace and shared memory that this rank's plan holds now. */
  readonly bytes: number;
  readonly forward: Fft3dRun;
  readonly backward: Fft3dRun;
  /** The factor of a scale: 1, 1/√N or 1/N. */
  scaleFactor(scale: HeffteScale | number): number;
  /** Stages, messages and bytes, with the times of the latest run on this rank. */
  describe(): PlanDescription;
  /** The names of heFFTe's Python module. */
  size_inbox(): number;
  size_outbox(): number;
  size_workspace(): number;
  forward_buffered(input: Numbers, output: Numbers, workspace: Numbers, scale?: HeffteScale | number): Promise<Numbers>;
  backward_buffered(
    input: Numbers,
    output: Numbers,
    workspace: Numbers,
    scale?: HeffteScale | number,
  ): Promise<Numbers>;
  /** Frees the plan's resources; every rank calls it. */
  dispose(): Promise<void>;
}
/** A distributed transform. */
export type Fft3dPlan = Fft3dPlanMethods & MaybeAsyncDisposable;

/** The request of a rank. */
interface Fft3dRequest {
  readonly backend: HeffteBackend | string | number;
  readonly inbox: Box;
  readonly outbox: Box;
  readonly comm: Communicator;
  readonly options: Fft3dOptions;
  readonly reduced: number | undefined;
}

/** Plans a transform; see the entries of the package. */
export async function planFft3d(platform: Fft3dPlatform, request: Fft3dRequest): Promise<Fft3dPlan> {
  const { comm: world } = request;
  if (typeof world?.alltoallv !== 'function')
    throw new EwaldError(
      'Argument',
      `fft3d: comm is ${world instanceof Promise ? 'a promise' : 'not a communicator'}; expected await selfComm(), await ` +
        'mpiComm(), or scope.comm of a task under spmd',
    );
  // A separate group: the caller's messages never interfere with those of the transform.
  const comm = (await world.split(0)) as Communicator;
  let refusal: unknown;
  let context: FftContextLike | undefined;
  const prepared = await prepare(platform, request, comm.size).catch((error) => {
    refusal = error;
    return undefined;
  });
  context = prepared?.context;
  try {
    const agreement = await agree(comm, prepared && { ...prepared.request });
    if (!prepared || !context) throw new EwaldError('Internal', 'fft3d: a plan without a context');
    const { options, inbox, outbox, reduced } = prepared.request;
    const { tag } = prepared;
    const kind = reduced !== undefined ? 'r2c' : options.r2r ? 'r2r' : 'c2c';
    // A complex transform leaves axes of one index as they are, a real one does not.
    const long = axesOfWorld.filter((axis) =>
      options.r2r ? options.r2r[axis] !== null : axis === reduced || agreement.world.size[axis] > 1,
    );
    const stages = planStages({
      inboxes: agreement.inboxes,
      outboxes: agreement.outboxes,
      axes: long.length > 0 ? long : [0],
      reduced,
      decomposition: options.decomposition,
      reorder: options.reorder,
      computing: options.computing,
    });
    const { algorithm: wished } = options;
    if (wished === 'shared' && !comm.sharesMemory)
      throw new EwaldError(
        'Unsupported',
        'fft3d: algorithm is shared, but these ranks do not share memory; use alltoallv, or omit the option',
      );
    const algorithm = wished !== 'auto' ? wished : comm.sharesMemory && comm.size > 1 ? 'shared' : 'alltoallv';
    const strides = tag.engine === undefined && context.backends[0]?.name === 'native';
    const laidOut = (shared: boolean) => layOut({ stages, rank: comm.rank, kind, reduced, shared, strides });
    const layout = laidOut(algorithm === 'shared');
    const largest = await largestMessages(comm, layout, stages.length);
    const parts: Omit<TransformParts, 'layout' | 'algorithm'> = {
      comm,
      context,
      ownContext: request.options.context === undefined,
      agreement,
      kind,
      reduced,
      options,
      engine: tag.engine,
      tune: request.options.tune,
      largest,
      copyBlock: blockCopier(platform.copyNumbers),
      preferHugePages: platform.preferHugePages,
    };
    const byMessages = () => new Transform({ ...parts, layout: laidOut(false), algorithm: 'alltoallv' });
    const falls = algorithm === 'shared' && wished === 'auto';
    const transform = new Transform({ ...parts, layout, algorithm, ...(falls ? { byMessages } : {}) });
    return facade(transform, inbox, outbox);
  } catch (error) {
    if (request.options?.context === undefined) await context?.dispose();
    await comm.free();
    throw refusal ?? error;
  }
}

async function prepare({ createContext }: Fft3dPlatform, request: Fft3dRequest, size: number) {
  const tag = parseEngine(request.backend);
  const checked = checkOptions(request.options, size);
  const { reduced } = request;
  if (reduced !== undefined && ![0, 1, 2].includes(reduced))
    throw new EwaldError('Argument', `fft3dR2c: the r2c direction is ${inspect(reduced)}; expected 0, 1 or 2`);
  const r2r = checked.r2r ?? (tag.r2r && ([tag.r2r, tag.r2r, tag.r2r] as const));
  if (reduced !== undefined && r2r)
    throw new EwaldError('Argument', 'fft3dR2c: a transform to sines or cosines has no r2c direction; use fft3d');
  const options = { ...checked, r2r };
  const [inbox, outbox] = [boxOf('inbox', request.inbox), boxOf('outbox', request.outbox)];
  const context = request.options.context ?? (await openFor(createContext, tag, request.options.contextOptions));
  try {
    // A missing library is detected now, while all ranks can be notified, and not in the first run.
    if (tag.engine) await (await context.fft({ shape: [4], engine: tag.engine, tune: 'estimate' })).dispose();
  } catch (error) {
    if (context !== request.options.context) await context.dispose();
    throw error;
  }
  return { tag, context, request: { inbox, outbox, reduced: reduced as Axis | undefined, options } };
}

function boxOf(what: string, box: Box): Box {
  if (box instanceof Box) return box;
  const { low, high, order } = (box ?? {}) as Partial<Box>;
  if (!low || !high) throw new EwaldError('Argument', `fft3d: ${what} is not a box; create one with box3d(low, high)`);
  return new Box(low, high, order);
}

/** Opens a context of the backend denoted by a tag; for `stock`, the best CPU backend. */
async function openFor(
  open: Fft3dPlatform['createContext'],
  { backend }: Engine,
  options: ContextOptions = {},
): Promise<FftContextLike> {
  if (backend !== undefined) return open({ ...options, backend, strict: true });
  if (options.backend !== undefined) return open(options);
  try {
    return await open({ ...options, backend: 'native', strict: true });
  } catch {
    return open({ ...options, backend: 'wasm', strict: true });
  }
}

/** For every redistribution, the largest message of any rank, to which equal parts are padded. */
async function largestMessages(
  comm: Communicator,
  { divisions }: ReturnType<typeof layOut>,
  stages: number,
): Promise<number[]> {
  const mine = new Float64Array(Math.max(1, stages));
  for (const [s, { forward, backward }] of divisions)
    mine[s] = [...forward.sends, ...backward.sends].reduce((most, { count }) => Math.max(most, count), 0);
  const all = new Float64Array(mine.length);
  await comm.allreduce(mine, all, 'max');
  return Array.from(all);
}

function facade(transform: Transform, inbox: Box, outbox: Box): Fft3dPlan {
  const [sizeInbox, sizeOutbox] = transform.sizes;
  const forward = ((input, output, options) => transform.run('forward', input, output, options)) as Fft3dRun;
  const backward = ((input, output, options) => transform.run('backward', input, output, options)) as Fft3dRun;
  const plan: Fft3dPlanMethods = {
    inbox,
    outbox,
    sizeInbox,
    sizeOutbox,
    sizeWorkspace: transform.sizeWorkspace,
    get bytes() {
      return transform.bytes;
    },
    forward,
    backward,
    scaleFactor: (scale) => factor(transform, scale),
    describe: () => describePlan(transform),
    size_inbox: () => sizeInbox,
    size_outbox: () => sizeOutbox,
    size_workspace: () => transform.sizeWorkspace,
    forward_buffered: (input, output, workspace, scale) =>
      forward(input, output, { workspace, scale: scale ?? 'none' }),
    backward_buffered: (input, output, workspace, scale) =>
      backward(input, output, { workspace, scale: scale ?? 'none' }),
    dispose: () => transform.dispose(),
  };
  Object.defineProperty(plan, asyncDispose, { value: () => transform.dispose() });
  return plan as Fft3dPlan;
}

function factor(transform: Transform, given: HeffteScale | number): number {
  return scaleFactorOf(transform.parts.agreement.world, transform.parts.options.r2r, given);
}
