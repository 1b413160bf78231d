/** Worker calls of this room. */
import type { PiOptions, PiResult, PiRunOptions } from './options.js';

declare module '../compute/workers/messages.js' {
  interface WorkerCalls {
    readonly pi: {
      readonly options: PiOptions & Omit<PiRunOptions, 'signal' | 'onProgress'>;
      readonly value: PiResult;
    };
  }
}
