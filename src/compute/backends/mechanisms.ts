/**
 * Mechanisms that drivers are known to get wrong, and the rooms that rely on them. A device is tested for a room's
 * mechanisms before the room plans on it; if one fails, the room uses the next backend. test/webgpu/uses.test.ts
 * compares the WebGPU lists with the kernel sources.
 */

/** The mechanisms, with their names in messages. */
export const mechanisms = {
  workgroupAtomics: 'atomics in workgroup memory',
  storageAtomics: 'atomics in storage memory',
  uniformLoad: 'workgroupUniformLoad',
  workgroupMemory: 'workgroup memory behind a barrier',
  loopBarriers: 'barriers in loops',
  storageBarriers: 'storage memory behind a barrier',
  floatBits: 'bits of float32 numbers',
  integers: 'integers of 32 bits',
  bindings: 'automatic binding layouts',
  shuffles: 'exchange within a warp',
  doubles: 'float64 arithmetic',
} as const;

/** A mechanism. */
export type Mechanism = keyof typeof mechanisms;

/** A mechanism that failed its test on a device. */
export interface Fault {
  readonly mechanism: Mechanism;
  /** What was found and what was expected. */
  readonly reason: string;
}

/** Mechanisms of a room's kernels, by language (webgpu, cuda). */
export type Uses = Readonly<Partial<Record<string, readonly Mechanism[]>>>;

/** Mechanisms of each room's kernels. */
export const uses = {
  pi: {
    webgpu: ['workgroupAtomics', 'integers', 'bindings'],
    cuda: ['shuffles', 'storageAtomics', 'integers'],
  },
  fft: {
    webgpu: ['workgroupMemory', 'bindings'],
    cuda: ['workgroupMemory', 'doubles'],
  },
  indexing: {
    webgpu: [
      'workgroupAtomics',
      'storageAtomics',
      'uniformLoad',
      'workgroupMemory',
      'loopBarriers',
      'storageBarriers',
      'floatBits',
      'integers',
      'bindings',
    ],
    cuda: ['workgroupAtomics', 'storageAtomics', 'workgroupMemory', 'loopBarriers', 'shuffles', 'doubles', 'integers'],
  },
  peaks: {
    webgpu: [
      'workgroupAtomics',
      'storageAtomics',
      'uniformLoad',
      'workgroupMemory',
      'loopBarriers',
      'floatBits',
      'integers',
      'bindings',
    ],
    cuda: ['workgroupAtomics', 'storageAtomics', 'workgroupMemory', 'loopBarriers', 'shuffles', 'doubles', 'integers'],
  },
  udf: {
    webgpu: ['workgroupAtomics', 'workgroupMemory', 'loopBarriers', 'floatBits', 'integers', 'bindings'],
    cuda: ['workgroupMemory', 'loopBarriers', 'shuffles', 'doubles', 'integers'],
  },
  correction: {
    webgpu: ['floatBits', 'integers', 'bindings'],
    cuda: ['doubles', 'integers'],
  },
  decoding: {
    webgpu: ['storageAtomics', 'workgroupMemory', 'loopBarriers', 'integers', 'bindings'],
    cuda: ['workgroupMemory', 'storageAtomics', 'integers'],
  },
  functions: {
    webgpu: ['uniformLoad', 'workgroupMemory', 'loopBarriers', 'storageBarriers', 'floatBits', 'integers', 'bindings'],
  },
} as const satisfies Readonly<Record<string, Uses>>;

/** Rooms that rely on a mechanism, for one language. */
export const roomsThatUse = (wing: string, mechanism: Mechanism): string[] =>
  Object.entries(uses as Readonly<Record<string, Uses>>).flatMap(([room, of]) =>
    of[wing]?.includes(mechanism) ? [room] : [],
  );
