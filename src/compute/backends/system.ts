/** Information about this machine from the operating system, if a sandbox allows access. Node only. */
import { freemem, homedir, hostname, totalmem } from 'node:os';

/** The answer; undefined when access is denied, as in Deno without --allow-sys. */
function allowed<T>(question: () => T): T | undefined {
  try {
    return question();
  } catch {
    return undefined;
  }
}

/** The memory of the machine in bytes, or of the container that limits it; null if unknown. */
export function machineMemory(): number | null {
  const all = allowed(totalmem);
  // 0 without a limit, and larger than the machine where none is set.
  const limit = allowed(() => process.constrainedMemory?.()) || Number.POSITIVE_INFINITY;
  return all === undefined ? null : Math.min(all, limit);
}

/** The memory that is free for this process, in bytes; 0 if unknown. */
export function freeMemory(): number {
  // Without the pages of files that the system keeps, which Node knows from version 22 on.
  const { availableMemory } = process as { readonly availableMemory?: () => number };
  return Math.min(allowed(() => availableMemory?.() ?? freemem()) ?? 0, machineMemory() ?? 0);
}

/** The machine's host name, which identifies its workers. */
export const machineName = (): string => allowed(hostname) ?? 'localhost';

/** The user's home folder; undefined if unknown. */
export const homeFolder = (): string | undefined => allowed(homedir);
