/** The public names of every build of `ewald`, on all platforms. */
export * from '../compute/arrays/public.js';
export * from '../compute/context/public.core.js';
export * from '../crystal/public.js';
export * from '../fft/public.js';
export * from '../frames/detector/public.js';
export * from '../frames/public.core.js';
export * from '../indexing/public.js';
export * from '../merging/public.js';
export * from '../peaks/public.js';
export * from '../pi/public.js';
export * from '../pipeline/public.js';
export * from '../simulate/public.js';
export type { Context, ContextMethods } from './rooms.js';
