/**
 * How a room reaches the backends: its contract.ts declares what it needs (`Op`), and its kernels.ts where the kernels
 * are (`Feature`). Nothing here depends on a room.
 */
import type { Uses } from './mechanisms.js';
import type { Work } from './work.js';

/**
 * One kind of work that a backend can plan. `supports` returns a reason written for the user when it refuses: it
 * becomes the error, the skip text of the test and the footnote of the support table. `plan` allocates all memory of
 * the work; the plan's methods allocate nothing on the device.
 */
export interface Op<D, P> {
  supports(descriptor: D): true | { readonly why: string };
  plan(descriptor: D): Promise<P>;
}

/**
 * What the kernels of a backend work with: the core, the addon or the device. Each backend's folder adds its own type
 * (host.ts), so that this file, which the public declarations include, names none of them.
 */
// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging
export interface Hosts {}

/** Where the kernels of an op are, by backend: each is created from the backend's host, once per context. */
export type Kernels<O> = { readonly [B in keyof Hosts]?: (host: Hosts[B]) => O | Promise<O> };

/** A kind of work, as a room requests it. */
export interface Feature<O> {
  /** Its name in messages. */
  readonly name: string;
  /** Kernels for every platform; src/context/kernels.node.ts adds those that only Node has. */
  readonly kernels: Kernels<O>;
  /** Mechanisms that its kernels rely on; a backend whose device fails one of them is skipped. */
  readonly uses?: Uses;
  /** What a plan's work costs; a feature that tells it is planned where it pays, others on the first backend. */
  readonly work?: (descriptor: never) => Work;
  /** Why a backend lacks it, if its name does not explain it. */
  readonly missing?: string;
  /** Start of the error when no open backend supports it; default `no open backend supports this … plan`. */
  readonly refused?: string;
}

/** Kernels of one feature that only one platform has. */
export interface FurtherKernels {
  readonly feature: Feature<unknown>;
  readonly kernels: Kernels<unknown>;
}

/** Adds kernels to a feature; the types ensure that they fit. */
export function addKernels<O>(feature: Feature<O>, kernels: Kernels<O>): FurtherKernels {
  return { feature, kernels };
}
