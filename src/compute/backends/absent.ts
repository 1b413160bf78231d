/** A backend that this platform or build cannot have; it stays in the list so that its reason is reported. */
import type { BackendLoader } from './backend.js';
import type { BackendName } from './names.js';

/** A loader that always reports the backend as unavailable, with the reason. */
export function absentLoader(name: BackendName, reason: string): BackendLoader {
  return { name, probe: async () => ({ available: false, reason }) };
}
