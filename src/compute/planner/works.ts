/**
 * The works whose place is decided, as numbers: what they cost on a core, what a GPU would have to be sent and to do.
 *
 * Costs on a core are measured on an AMD EPYC with AVX-512 (native) and in Node (wasm), by the benchmark named at each;
 * types and sizes not measured are taken as the nearest that is. Bytes on a device are counted in the sources of its
 * kernels and rounded up; they are estimates, and no time of a GPU stands here.
 *
 * Frames and images are shared among all cores, by threads or by the workers of runs and executors, unless a plan names
 * a number of threads above 1. Transforms are shared by threads only.
 */
import type { BackendName } from '../backends/names.js';
import type { CpuName, Work } from '../backends/work.js';
import { indexingEnums } from '../layout/indexing.js';

type ByCpu = Readonly<Record<CpuName, number>>;

const MiB = 2 ** 20;
const times = ({ native, wasm }: ByCpu, factor: number): ByCpu => ({ native: native * factor, wasm: wasm * factor });
/** Milliseconds of a number of items, from the nanoseconds of one. */
const msOf = (ns: ByCpu, items: number): ByCpu => times(ns, items / 1e6);
const sharedBy = (threads: number, most = Number.POSITIVE_INFINITY): ByCpu => {
  const shares = Math.min(most, threads > 1 ? threads : Number.POSITIVE_INFINITY);
  return { native: shares, wasm: shares };
};

/** Nanoseconds a pixel of peakfinder8, by the bytes of an integer (benchmarks/results/peaks.md). */
const peakNs = {
  1: { native: 0.76, wasm: 1.36 },
  2: { native: 0.78, wasm: 1.54 },
  4: { native: 0.96, wasm: 2.08 },
} as const;

/** Peaks of a frame; other finders are taken as peakfinder8, f32 as integers. */
export function peaksWork({
  pixels,
  bytesOfNumber,
}: {
  readonly pixels: number;
  readonly bytesOfNumber: number;
}): Work {
  const ns = peakNs[bytesOfNumber as keyof typeof peakNs];
  return {
    name: 'peaks',
    takesArrays: false,
    coreMs: msOf(ns, pixels),
    shares: sharedBy(0),
    upMiB: (pixels * bytesOfNumber) / MiB,
    downMiB: 0.06,
    // The limits of rings read a frame up to six times; bits, labels and sums of blobs are written and read once.
    deviceMiB: (pixels * (6 * bytesOfNumber + 22)) / MiB,
    minDeviceMs: 0,
    overlapsOn: ['cuda'],
    lockedOn: ['cuda'],
    launches: { cuda: 6, webgpu: 16 },
  };
}

/**
 * Milliseconds of an image of 300 spots (cpp/indexing/README.md), and the MiB that a device would move in the time of
 * its instructions, of which `fast` has 218 000 a warp.
 */
const imageCosts = {
  fast: { core: { native: 0.063, wasm: 0.17 }, deviceMiB: 1.25 },
  exhaustive: { core: { native: 0.92, wasm: 4.2 }, deviceMiB: 11 },
} as const;
const usualSpots = 300;

/** Indexing of a batch; turbo is taken as fast. Images of noise cost both sides about as many times more. */
export function indexingWork({
  batch: images,
  fields: { method, threads = 0 },
}: {
  readonly batch: number;
  readonly fields: Readonly<Record<string, number>>;
}): Work {
  const { core, deviceMiB } = method === indexingEnums.Method.exhaustive ? imageCosts.exhaustive : imageCosts.fast;
  return {
    name: 'indexing',
    takesArrays: false,
    coreMs: times(core, images),
    shares: sharedBy(threads, images),
    upMiB: (images * usualSpots * 12) / MiB,
    downMiB: (images * usualSpots) / MiB,
    deviceMiB: images * deviceMiB,
    minDeviceMs: 0.25,
    overlapsOn: ['cuda'],
    launches: { cuda: 3, webgpu: 68 },
  };
}

/** Nanoseconds a pixel of u16, by step (benchmarks/results/udf.md); steps not measured are taken as moments. */
const stepNs: Readonly<Record<string, ByCpu>> = {
  sumOf: { native: 0.089, wasm: 0.166 },
  com: { native: 0.128, wasm: 0.277 },
  sum: { native: 0.088, wasm: 0.233 },
  moments: { native: 0.136, wasm: 0.353 },
};
/** The same of one of sixteen dense masks. */
const maskNs: ByCpu = { native: 0.032, wasm: 0.067 };
/** The same of dark, gain and bad pixels. */
const correctionNs: ByCpu = { native: 0.196, wasm: 0.514 };
/** Milliseconds of a disk within 20 x 20 pixels. */
const diskMs: ByCpu = { native: 0.0005, wasm: 0.0023 };

/** Bytes of frames that are sent together, over which launches are shared out. */
const chunkBytes = 32 * MiB;
const framesOf = (frameBytes: number): number => Math.max(1, Math.floor(chunkBytes / frameBytes));

const isDense = (kind: string): boolean => kind.startsWith('dense');

/** A pass over a chunk of frames. */
export function passWork({
  pixels,
  bytesOfNumber,
  kinds,
  weights,
  threads,
  isPacked = false,
}: {
  readonly pixels: number;
  readonly bytesOfNumber: number;
  /** Whether frames are packed: they are decoded where the pass is. */
  readonly isPacked?: boolean;
  readonly kinds: readonly string[];
  /** Weights of all steps; those of a dense mask are as many as pixels. */
  readonly weights: { readonly length: number };
  readonly threads: number;
}): Work {
  const frames = framesOf(pixels * bytesOfNumber);
  const masks = kinds.some(isDense) ? weights.length / pixels : 0;
  const sums = kinds.filter((kind) => !isDense(kind)).map((kind) => stepNs[kind] ?? (stepNs.moments as ByCpu));
  const ns = (cpu: CpuName): number => sums.reduce((sum, step) => sum + step[cpu], masks * maskNs[cpu]);
  const pass: Work = {
    name: 'passes',
    takesArrays: true,
    coreMs: msOf({ native: ns('native'), wasm: ns('wasm') }, frames * pixels),
    shares: sharedBy(threads),
    upMiB: (frames * pixels * bytesOfNumber) / MiB,
    downMiB: 0.06,
    // A frame is read once a step; a mask is read once for several frames, and multiplying takes the rest.
    deviceMiB: (frames * pixels * (kinds.length * bytesOfNumber + 0.2 * masks)) / MiB,
    minDeviceMs: 0,
    launches: { cuda: kinds.length, webgpu: kinds.length },
  };
  return isPacked ? withDecoding(pass, decodingWork({ pixels, bytesOfNumber, toArray: true })) : pass;
}

/** A pass over frames that are decoded where it is. */
const withDecoding = (pass: Work, decoding: Work): Work => ({
  ...pass,
  takesArrays: false,
  coreMs: {
    native: pass.coreMs.native + decoding.coreMs.native,
    wasm: pass.coreMs.wasm + decoding.coreMs.wasm,
  },
  upMiB: decoding.upMiB,
  deviceMiB: pass.deviceMiB + decoding.deviceMiB,
  minDeviceMs: decoding.minDeviceMs,
  launches: Object.fromEntries(
    Object.entries(decoding.launches).map(([backend, launches]) => [
      backend,
      (launches ?? 0) + (pass.launches[backend as BackendName] ?? 0),
    ]),
  ),
});

/** Corrections of a chunk of frames, whose results come back. */
export function correctionWork({
  pixels,
  bytesOfNumber,
  wide,
  threads,
}: {
  readonly pixels: number;
  readonly bytesOfNumber: number;
  /** Whether results are float64. */
  readonly wide: boolean;
  readonly threads: number;
}): Work {
  const frames = framesOf(pixels * bytesOfNumber);
  const bytesOfResult = wide ? 8 : 4;
  return {
    name: 'corrections',
    takesArrays: false,
    coreMs: msOf(correctionNs, frames * pixels),
    shares: sharedBy(threads),
    upMiB: (frames * pixels * bytesOfNumber) / MiB,
    downMiB: (frames * pixels * bytesOfResult) / MiB,
    deviceMiB: (frames * pixels * (bytesOfNumber + bytesOfResult + 13)) / MiB,
    minDeviceMs: 0,
    launches: { cuda: 2, webgpu: 2 },
  };
}

/** Nanoseconds a byte of decoded frames, by the bytes of a number (benchmarks/results/frames.md); u8 is taken as u16. */
const decodedNs: Readonly<Record<number, ByCpu>> = {
  2: { native: 0.184, wasm: 0.246 },
  4: { native: 0.118, wasm: 0.178 },
};
/** Decoded bytes for each packed one, of the same frames. */
const usualRatio = 7;

/** Decoding of a chunk of frames that bitshuffle and LZ4 have compressed. */
export function decodingWork({
  pixels,
  bytesOfNumber,
  toArray,
}: {
  readonly pixels: number;
  readonly bytesOfNumber: number;
  /** Whether frames are wanted on the device. */
  readonly toArray: boolean;
}): Work {
  const bytes = framesOf(pixels * bytesOfNumber) * pixels * bytesOfNumber;
  const mib = bytes / MiB;
  return {
    name: 'decoding',
    takesArrays: false,
    coreMs: msOf((decodedNs[bytesOfNumber] ?? decodedNs[2]) as ByCpu, bytes),
    shares: sharedBy(0),
    upMiB: mib / usualRatio,
    downMiB: toArray ? 0 : mib,
    ...(toArray && { onwardMiB: mib }),
    // Frames are written once; the instructions of a warp take as long as moving them some ten times (cuda/frames).
    deviceMiB: 12 * mib,
    minDeviceMs: 0.1,
    launches: { cuda: Math.max(1, Math.ceil(mib / usualRatio / 4)) },
  };
}

/** Decoding of a frame of a run whose peaks are found on a device: there, or on cores, which send what they decode. */
export function unpackingWork({
  pixels,
  bytesOfNumber,
}: {
  readonly pixels: number;
  readonly bytesOfNumber: number;
}): Work {
  const mib = (pixels * bytesOfNumber) / MiB;
  return {
    name: 'decoding',
    takesArrays: false,
    coreMs: msOf((decodedNs[bytesOfNumber] ?? decodedNs[2]) as ByCpu, pixels * bytesOfNumber),
    shares: sharedBy(0),
    upMiB: mib / usualRatio,
    // Squares of pixels around a few thousand reflections; see src/pipeline/README.md.
    downMiB: mib / 8,
    onwardMiB: mib,
    deviceMiB: 12 * mib,
    minDeviceMs: 0.05,
    overlapsOn: ['cuda'],
    lockedOn: ['cuda'],
    launches: { cuda: 2 },
  };
}

/** Disks of a frame; only cores have kernels for them. */
export function diskWork({ peaks }: { readonly peaks: number }): Work {
  return {
    name: 'disks',
    takesArrays: false,
    coreMs: times(diskMs, peaks),
    shares: sharedBy(0),
    upMiB: 0,
    downMiB: 0,
    deviceMiB: 0,
    minDeviceMs: 0,
    launches: {},
  };
}

/** Nanoseconds a number and a binary digit of the length, complex f32 (benchmarks/results/fft.md, 256 x 256 x 256). */
const transformNs: ByCpu = { native: 0.066, wasm: 0.144 };

/** Transforms of a batch, there or back. */
export function transformWork({
  shape,
  batch,
  precision,
  kind,
  threads,
}: {
  readonly shape: readonly number[];
  readonly batch: number;
  readonly precision: 'f32' | 'f64';
  readonly kind: string;
  /** 0: one a core on native, one on wasm, which has no more. */
  readonly threads: number;
}): Work {
  const points = shape.reduce((product, length) => product * length, 1);
  const width = precision === 'f64' ? 2 : 1;
  const share = kind === 'c2c' ? 1 : 0.5;
  const mib = (points * batch * 8 * width * share) / MiB;
  return {
    name: 'transforms',
    takesArrays: true,
    coreMs: msOf(transformNs, points * batch * Math.max(1, Math.log2(points)) * width * share),
    shares: { native: threads === 0 ? Number.POSITIVE_INFINITY : threads, wasm: 1 },
    upMiB: mib,
    downMiB: mib,
    // An axis reads and writes everything.
    deviceMiB: 2 * mib * shape.length,
    minDeviceMs: 0,
    launches: { cuda: shape.length, webgpu: shape.length },
  };
}

/** Usual runs of each work, which `ewald devices` shows. */
export const usualWorks: readonly { readonly run: string; readonly work: Work }[] = [
  {
    run: 'a frame of 2068 x 2162, u16',
    work: peaksWork({ pixels: 2068 * 2162, bytesOfNumber: 2 }),
  },
  {
    run: '64 images of 300 spots',
    work: indexingWork({ batch: 64, fields: {} }),
  },
  {
    run: 'centres of mass of 256 frames of 256 x 256, u16',
    work: passWork({ pixels: 2 ** 16, bytesOfNumber: 2, kinds: ['com'], weights: [], threads: 0 }),
  },
  {
    run: 'the same, packed by bitshuffle and LZ4',
    work: passWork({ pixels: 2 ** 16, bytesOfNumber: 2, kinds: ['com'], weights: [], threads: 0, isPacked: true }),
  },
  {
    run: 'sums over 64 masks of the same frames',
    work: passWork({ pixels: 2 ** 16, bytesOfNumber: 2, kinds: ['dense'], weights: { length: 2 ** 22 }, threads: 0 }),
  },
  {
    run: 'dark, gain and bad pixels of the same frames',
    work: correctionWork({ pixels: 2 ** 16, bytesOfNumber: 2, wide: false, threads: 0 }),
  },
  { run: '25 disks of a frame', work: diskWork({ peaks: 25 }) },
  {
    run: '256 x 256 x 256, complex, f32',
    work: transformWork({ shape: [256, 256, 256], batch: 1, precision: 'f32', kind: 'c2c', threads: 0 }),
  },
  {
    run: '3 frames of 2068 x 2162, u16, of bitshuffle and LZ4, into memory',
    work: decodingWork({ pixels: 2068 * 2162, bytesOfNumber: 2, toArray: false }),
  },
  {
    run: 'the same into an array on a card',
    work: decodingWork({ pixels: 2068 * 2162, bytesOfNumber: 2, toArray: true }),
  },
  {
    run: 'one of them, whose peaks a card finds',
    work: unpackingWork({ pixels: 2068 * 2162, bytesOfNumber: 2 }),
  },
];
