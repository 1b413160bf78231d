/** The steps of a pass on a device: their tables and the sizes of their results. */
import { read, structBytes } from '../../../compute/layout/struct.js';
import { udfStep } from '../../../compute/layout/udf.js';
import type { UdfDescriptor } from '../../contract.js';
import type { FrameLayout } from './shaders.js';

/** A step of a descriptor, unpacked. */
export interface DeviceStep {
  readonly kind: UdfDescriptor['kinds'][number];
  readonly firstIndex: number;
  readonly firstWeight: number;
  readonly count: number;
  /** The first of its columns, or planes. */
  readonly column: number;
  readonly plane: number;
}

/**
 * The steps of a descriptor; columns and planes follow from their kinds. Dense masks that together are larger than
 * `maxBytes` become several steps.
 */
export function stepsOf({ kinds, steps, pixels }: UdfDescriptor, maxBytes: number): DeviceStep[] {
  const together = Math.max(1, Math.floor(maxBytes / (4 * pixels)));
  return kinds.flatMap((kind, i) => {
    const word = (name: string): number => read(udfStep, steps, name, i * structBytes(udfStep));
    const step = {
      kind,
      firstIndex: word('firstIndex'),
      firstWeight: word('firstWeight'),
      count: word('count'),
      column: word('column'),
      plane: word('plane'),
    };
    if (kind !== 'dense') return [step];
    return Array.from({ length: Math.ceil(step.count / together) }, (_, k) => ({
      ...step,
      firstWeight: step.firstWeight + k * together * pixels,
      count: Math.min(together, step.count - k * together),
      column: step.column + k * together,
    }));
  });
}

/** Words of a frame that one workgroup of spans or dense masks processes. */
const spanWords = 16384;
/**
 * Fewer pixels give more workgroups, and the host more to add: on an NVIDIA H200 8 masks of 512 frames take 2.5 ms, and
 * 6.1 with 4096 pixels; 32 masks take as long.
 */
const densePixels = 1024;
/** Maximum number of parts into which a frame is split; the host adds their results. */
const maxParts = 64;

/** Sizes of a step on a device. */
interface StepShape {
  /** Words per frame that the host reads back, for steps over each frame. */
  readonly words: number;
  /** Words per pixel that stay on the device, for steps over each pixel. */
  readonly planeWords: number;
  readonly parts: number;
}

/** Result words per part of spans. */
export const spanValues = (kind: DeviceStep['kind'], real: boolean): number => {
  if (real) return kind === 'sumOf' ? 1 : kind === 'squaresOf' ? 2 : 3;
  return kind === 'sumOf' ? 2 : kind === 'squaresOf' ? 5 : 6;
};

/** The sizes of a step over frames. */
export function stepShape({ kind, count }: DeviceStep, frame: FrameLayout): StepShape {
  const real = frame.dtype === 'f32';
  switch (kind) {
    case 'sumOf':
    case 'squaresOf':
    case 'com': {
      const parts = Math.ceil(frame.frameWords / partWords(kind, frame));
      return { words: parts * spanValues(kind, real), planeWords: 0, parts };
    }
    case 'dense': {
      const parts = Math.ceil(frame.frameWords / partWords(kind, frame));
      return { words: parts * count, planeWords: 0, parts };
    }
    case 'sparse':
      return { words: count, planeWords: 0, parts: 1 };
    case 'moments':
      return { words: 0, planeWords: frame.perWord > 1 ? 4 : 5, parts: 1 };
    default:
      return { words: 0, planeWords: 2, parts: 1 };
  }
}

/** Words of a frame that one workgroup processes. */
export function partWords(kind: DeviceStep['kind'], { frameWords, perWord }: FrameLayout): number {
  const wanted = kind === 'dense' ? densePixels / perWord : spanWords;
  const least = Math.ceil(frameWords / maxParts);
  // Rounded up to whole steps of 16 pixels.
  return Math.max(wanted, Math.ceil(least / 16) * 16);
}

/** Bands into which planes of `planeWords` words per pixel are divided so that a band is at most `mostBytes` large. */
export function bandsOf({ frameWords, perWord }: FrameLayout, planeWords: number, maxBytes: number): number {
  if (planeWords === 0) return 0;
  const fit = Math.floor(maxBytes / (4 * planeWords * perWord * bandStep));
  return Math.max(1, Math.ceil(frameWords / (Math.max(1, fit) * bandStep)));
}

/** Bands begin at multiples of this many words, which are aligned as bindings must be. */
const bandStep = 1024;

/** Words of a frame in each of `bands`, except in the last, which may have fewer. */
export const bandWordsOf = ({ frameWords }: FrameLayout, bands: number): number =>
  bands === 1 ? frameWords : Math.ceil(frameWords / bands / bandStep) * bandStep;

/** A bit for each pixel, set within the spans, 32 to a word. */
export function marksOf(spans: Uint32Array, pixels: number): Uint32Array {
  const marks = new Uint32Array(Math.ceil(pixels / 32));
  for (let i = 0; i < spans.length; i += 2)
    for (let p = spans[i] as number; p < (spans[i + 1] as number); p++)
      marks[p >> 5] = (marks[p >> 5] as number) | (1 << (p & 31));
  return marks;
}

/** The words that a step reads in addition to frames: marks, weights, indices. */
export function tablesOf(step: DeviceStep, { indices, weights, pixels }: UdfDescriptor): ArrayBufferView[] {
  const { kind, firstIndex, firstWeight, count } = step;
  if (kind === 'dense') return [weights.subarray(firstWeight, firstWeight + count * pixels)];
  if (kind === 'sparse') {
    const entries = indices[firstIndex + count] as number;
    return [
      indices.subarray(firstIndex, firstIndex + count + 1 + entries),
      weights.subarray(firstWeight, firstWeight + entries),
    ];
  }
  if (kind === 'sumOf' || kind === 'squaresOf' || kind === 'com')
    return [marksOf(indices.subarray(firstIndex, firstIndex + 2 * count), pixels)];
  return [];
}
