/** What a probe answers about the device of a GPU: what is known needs no device, and all else opens one to ask it. */
import type { Probe } from './backend.js';
import type { DeviceNumbers, Measurements } from './device-numbers.js';
import { type Fault, type Mechanism, type Uses, uses } from './mechanisms.js';
import type { Verdicts } from './verdicts.js';

/** What is known of a loader's devices. */
export interface Known {
  readonly verdicts: Verdicts;
  readonly measurements: Measurements;
}

interface Answering {
  faults(mechanisms: readonly Mechanism[]): Promise<readonly Fault[]>;
  numbers(): Promise<DeviceNumbers>;
  dispose(): Promise<void>;
}

/** The answers about the device with this key, on which all mechanisms of its kernels are tested. */
export function answersOf(
  key: string,
  wing: 'cuda' | 'webgpu',
  { verdicts, measurements }: Known,
  open: () => Promise<Answering>,
): Pick<Extract<Probe, { available: true }>, 'faults' | 'numbers'> {
  const query = async <T>(question: (backend: Answering) => Promise<T>): Promise<T> => {
    const backend = await open();
    try {
      return await question(backend);
    } finally {
      await backend.dispose();
    }
  };
  return {
    async faults() {
      const all = [...new Set(Object.values<Uses>(uses).flatMap((of) => of[wing] ?? []))];
      return verdicts.has(key, all)
        ? verdicts.faults(key, all, async () => undefined)
        : query((backend) => backend.faults(all));
    },
    numbers: async () => measurements.known(key) ?? query((backend) => backend.numbers()),
  };
}
