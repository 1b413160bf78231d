/** The stages of the peak search as pictures: the values with which the finder compared each pixel. */
import type { PeakStages } from '../../entries/index.js';
import { mapInto } from '../../entries/pages.js';
import type { FrameData, Limits } from './contrast.js';
import type { StageName } from './protocol.js';

/** The pictures of a frame that can be shown: its own values, or a stage. */
export type ShownStage = 'frame' | StageName;

/** The stages by name, in the order in which the page offers them. */
export const stageTitles: Readonly<Record<ShownStage, string>> = {
  frame: 'Frame',
  background: 'Background',
  noise: 'Noise',
  limit: 'Limit of strong pixels',
  snr: 'Signal to noise',
  marks: 'Strong pixels',
};
export const shownStages = Object.keys(stageTitles) as ShownStage[];

/** The values of a stage, [ss, fs]. */
export function stagePicture(stage: StageName, frame: FrameData, stages: PeakStages): FrameData {
  if (stage !== 'snr') return stages[stage];
  const { background, noise } = stages;
  const above = (value: number, i: number): number => (value - (background[i] as number)) / (noise[i] as number);
  return mapInto(new Float32Array(frame.length), frame, above);
}

/** The range of values of a stage that are drawn; values outside it are drawn as masked. */
export const stageRange = (stage: StageName): Limits => (stage === 'marks' ? [1, 4] : [-3e38, 3e38]);

/** Limits of the contrast; undefined: automatic. */
export function stageLimits(stage: StageName): Limits | undefined {
  if (stage === 'marks') return [1, 4];
  return stage === 'snr' ? [0, 10] : undefined;
}

/** The meanings of the marks, in words. */
export const markWords = ['excluded', 'below its limit', 'window varies', 'strong, in no peak', 'in a peak'] as const;
