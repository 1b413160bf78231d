/** What the operating system says about this machine, where a sandbox allows the question. Node only. */
import { homedir, hostname, totalmem } from 'node:os';

/** The answer; undefined where it is refused, as by Deno without --allow-sys. */
function allowed<T>(question: () => T): T | undefined {
  try {
    return question();
  } catch {
    return undefined;
  }
}

/** Bytes of the machine's memory; null when unknown. */
export const machineMemory = (): number | null => allowed(totalmem) ?? null;

/** The machine's name, by which people recognize its workers. */
export const machineName = (): string => allowed(hostname) ?? 'localhost';

/** The user's home folder; undefined when unknown. */
export const homeFolder = (): string | undefined => allowed(homedir);
