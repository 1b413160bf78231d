/** The check of the option `memory`. */
import { expects } from '../util/arguments.js';
import { EwaldError } from '../util/errors.js';
import type { MemorySpace } from './space.js';

/** Checks for a memory; `nativeMemory()` returns a promise of one, which is often forgotten. */
export function expectsSpace(space: unknown): void {
  if (typeof space === 'object' && space !== null && 'then' in space)
    throw new EwaldError('Argument', 'the memory is a Promise; wait for it: { memory: await nativeMemory() }');
  const isSpace = typeof space === 'object' && space !== null && 'allocate' in space && 'model' in space;
  expects(isSpace, 'the memory', space, "a library's memory, await nativeMemory() or jsMemory");
}

/** The option `memory`, checked if it is given. */
export function memoryOf({ memory }: { readonly memory?: MemorySpace | undefined }): MemorySpace | undefined {
  if (memory !== undefined) expectsSpace(memory);
  return memory;
}
