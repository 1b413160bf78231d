/** The public names of every build of `ewald`, on all platforms. */
export * from '../../core/arrays/public.js';
export * from '../../core/context/public.core.js';
export * from '../../core/pi/public.js';
export * from '../../crystal/public.js';
export * from '../../io/data/public.core.js';
export * from '../../io/detector/public.js';
export * from '../../io/simulate/public.js';
export * from '../../serial/indexing/public.js';
export * from '../../serial/merging/public.js';
export * from '../../serial/peaks/public.js';
export * from '../../serial/pipeline/public.js';
export * from '../../transforms/fft/public.js';
export type { Context, ContextMethods } from './rooms.js';
