/** Counts of a live scan in words. */
import type { LiveStatus } from './acquisition.js';

/** Each count in a few words; frames that are lost or skipped only if there are any. */
export const liveCounts = ({ received, waiting, lost, dropped }: LiveStatus): string[] => [
  `${received} received`,
  `${waiting} waiting`,
  ...(lost > 0 ? [`${lost} lost`] : []),
  ...(dropped > 0 ? [`${dropped} skipped`] : []),
];
