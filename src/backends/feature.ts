/**
 * How a room reaches the backends: it says what it asks (`Op`, in its contract.ts) and where the kernels are that answer
 * (`Feature`, in its kernels.ts). Nothing here knows a room.
 */
import type { Uses } from './mechanisms.js';

/**
 * One kind of work a backend can plan. `supports` says why not in words meant for the user: they are the error, the
 * test's skip text and the footnote of the support table. `plan` allocates all the memory of the work; the plan's
 * methods allocate nothing on the device.
 */
export interface Op<D, P> {
  supports(descriptor: D): true | { readonly why: string };
  plan(descriptor: D): Promise<P>;
}

/**
 * What the kernels of a backend work with: the core, the addon, the device. Each backend's folder adds its own (host.ts),
 * so that this file, which the public declarations reach, names none of them.
 */
// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging
export interface Hosts {}

/** Where the kernels of an op are, by backend: each makes it from the backend's host, once a context. */
export type Kernels<O> = { readonly [B in keyof Hosts]?: (host: Hosts[B]) => O | Promise<O> };

/** A kind of work, as a room asks for it. */
export interface Feature<O> {
  /** As it stands in messages. */
  readonly name: string;
  /** Kernels that every platform has; what only Node has is added in kernels.node.ts. */
  readonly kernels: Kernels<O>;
  /** What its kernels rely on; a backend whose device fails one of these is not asked. */
  readonly uses?: Uses;
  /** Why a backend lacks it, where its name does not say it. */
  readonly missing?: string;
  /** Begin of the error when no open backend does it; default `no open backend supports this … plan`. */
  readonly refused?: string;
}

/** Kernels that only one platform has, of one feature. */
export interface FurtherKernels {
  readonly feature: Feature<unknown>;
  readonly kernels: Kernels<unknown>;
}

/** Adds kernels to a feature; that they fit is checked here. */
export function further<O>(feature: Feature<O>, kernels: Kernels<O>): FurtherKernels {
  return { feature, kernels };
}
