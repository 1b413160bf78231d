/** A backend that this platform or build cannot have; it stays in the list so that its reason is told. */
import type { BackendLoader } from './backend.js';
import type { BackendName } from './names.js';

/** A loader that always answers no, with the reason. */
export function absentLoader(name: BackendName, reason: string): BackendLoader {
  return { name, probe: async () => ({ available: false, reason }) };
}
