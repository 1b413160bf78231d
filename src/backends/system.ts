/** Information about this machine from the operating system, if a sandbox allows access. Node only. */
import { homedir, hostname, totalmem } from 'node:os';

/** The answer; undefined when access is denied, as in Deno without --allow-sys. */
function allowed<T>(question: () => T): T | undefined {
  try {
    return question();
  } catch {
    return undefined;
  }
}

/** The machine's memory in bytes; null if unknown. */
export const machineMemory = (): number | null => allowed(totalmem) ?? null;

/** The machine's host name, which identifies its workers. */
export const machineName = (): string => allowed(hostname) ?? 'localhost';

/** The user's home folder; undefined if unknown. */
export const homeFolder = (): string | undefined => allowed(homedir);
