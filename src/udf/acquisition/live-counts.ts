/** Counts of a live scan in words. */
import type { LiveStatus } from './acquisition.js';

/** Each count in a few words; frames that are lost or skipped only if there are any. */
const countsOf = ({ received, waiting, lost, dropped }: LiveStatus, isOpen: boolean): string[] => [
  `${received} received`,
  ...(isOpen ? [`${waiting} waiting`] : []),
  ...(lost > 0 ? [`${lost} lost`] : []),
  ...(dropped > 0 ? [`${dropped} skipped`] : []),
];

/** Milliseconds over which a rate is taken. */
const span = 3000;

/** What a live scan has done so far in words: its counts, and until its end the row that it has reached and its rate. */
export function liveWords(
  live: { readonly status: LiveStatus; readonly open: boolean },
  nav: readonly number[],
  now: () => number = () => performance.now(),
): () => string[] {
  const seen: { readonly at: number; readonly frames: number }[] = [];
  return () => {
    const { status, open } = live;
    if (!open) return countsOf(status, false);
    const frames = status.received + status.lost;
    seen.push({ at: now(), frames });
    while (seen.length > 2 && now() - (seen[0]?.at ?? 0) > span) seen.shift();
    const [rows = 1, columns = 1] = nav;
    const row = Math.min(rows, Math.max(1, Math.ceil(frames / columns)));
    const [from] = seen;
    const seconds = (now() - (from?.at ?? 0)) / 1000;
    return [
      ...countsOf(status, true),
      ...(nav.length === 2 ? [`row ${row} of ${rows}`] : []),
      ...(seconds > 0 ? [`${Math.round((frames - (from?.frames ?? 0)) / seconds)} frames/s`] : []),
    ];
  };
}
