/** Counts, rates, durations and progress as messages state them. */

/** "1 spot", "2 spots". */
export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** A measured number in six digits: computed ones have digits of rounding, such as 59.00000000000001. */
export const sixDigits = (x: number): string => String(Number(x.toPrecision(6)));

/** "frame 99", "frames 3 … 7", "0 frames from 3 on". */
export function framesText(first: number, count: number): string {
  if (count === 1) return `frame ${first}`;
  return count > 1 ? `frames ${first} … ${first + count - 1}` : `${count} frames from ${first} on`;
}

/** "the first frame", "the first 25 frames". */
export const formatFirstFrames = (count: number): string =>
  count === 1 ? 'the first frame' : `the first ${count} frames`;

/** "the first 25 frames, of which 2 have enough peaks"; "the first frame, which has too few peaks". */
export function framesWithPeaks(frames: number, usable: number): string {
  if (frames === 1) return `the first frame, which has ${usable === 1 ? 'enough' : 'too few'} peaks`;
  return `${formatFirstFrames(frames)}, of which ${usable} ${usable === 1 ? 'has' : 'have'} enough peaks`;
}

/** A rate in the unit in which it is one or more: "2.31 GB/s", "41.0 MB/s". */
export function rateText(bytes: number, seconds: number): string {
  const rate = bytes / Math.max(seconds, 1e-9);
  if (rate >= 1e9) return `${(rate / 1e9).toFixed(2)} GB/s`;
  return rate >= 1e6 ? `${(rate / 1e6).toFixed(1)} MB/s` : `${(rate / 1e3).toFixed(1)} kB/s`;
}

/** A long time in words, rounded: `40 s`, `3 hours`, `160 days`. */
export function roughly(seconds: number): string {
  const units = [
    ['s', 1, 120],
    ['minutes', 60, 7200],
    ['hours', 3600, 172_800],
    ['days', 86_400, 63_115_200],
    ['years', 31_557_600, Number.POSITIVE_INFINITY],
  ] as const;
  const [unit, length] = units.find(([, , most]) => seconds < most) ?? units[4];
  const count = seconds / length;
  return `${Number(count.toPrecision(2)).toLocaleString('en-GB', { useGrouping: false, maximumFractionDigits: 0 })} ${unit}`;
}

/** A duration as hours, minutes and seconds; … for one that is longer than 100 hours or unknown. */
export function clock(seconds: number): string {
  if (!(seconds < 360_000)) return '…';
  const whole = Math.ceil(seconds);
  const two = (n: number): string => String(n).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** The columns of a table in groups that fit side by side; each group after the first one repeats the first column. */
export function columnGroups(widths: readonly number[], columns: number): number[][] {
  const groups: number[][] = [[]];
  let used = 0;
  for (const [i, width] of widths.entries()) {
    const isFull = used > 0 && used + 2 + width > columns;
    if (isFull && i > 1) {
      groups.push([0]);
      used = widths[0] ?? 0;
    }
    groups.at(-1)?.push(i);
    used += width + (used > 0 ? 2 : 0);
  }
  return groups;
}

const characterCount = (text: string): number => [...text].length;

/** A line of progress that fits into `columns`: a longer one could not be erased, and would fill the screen. */
export function progressLine(what: string, done: number, detail: string, columns: number): string {
  const [start, end] = [`${what} `, `${(done * 100).toFixed(0)} % ${detail}`];
  const room = Math.min(24, columns - characterCount(start) - characterCount(end) - 1);
  // A bar of a few characters shows nothing.
  const length = room < 8 ? 0 : room;
  const bar = length === 0 ? '' : `${'█'.repeat(Math.round(done * length)).padEnd(length, '░')} `;
  const line = `${start}${bar}${end}`.trimEnd();
  return characterCount(line) <= columns ? line : `${[...line].slice(0, columns - 1).join('')}…`;
}
