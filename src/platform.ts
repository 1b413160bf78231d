/** What differs between a browser and Node: which backends there are, the environment, and how files are read. */
import type { BackendLoader } from './backends/backend.js';

/** The surroundings a context is made for. */
export interface Platform {
  readonly name: 'node' | 'browser';
  /** Loaders in the order of preference. */
  readonly loaders: readonly BackendLoader[];
  /** An environment variable; undefined where there are none. */
  env(name: string): string | undefined;
}
