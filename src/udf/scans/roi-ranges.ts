/** Rectangles of a scan as users write them: `3,17`, `0:10,5:20`. */
import { EwaldError } from '../../util/errors.js';

/** First and end of each axis. Throws `Argument` for text that is no rectangle within the scan; `what` names it. */
export function rangesOf(
  what: string,
  text: string,
  nav: readonly number[],
  others = '',
): [first: number, end: number][] {
  const parts = text.split(',');
  return parts.map((part, axis) => {
    const match = /^(\d*)(?:(:)(\d*))?$/.exec(part.trim());
    const length = nav[axis] ?? 0;
    const low = Number(match?.[1] || 0);
    const high = match?.[2] ? Number(match[3] || length) : low + 1;
    if (!match || part.trim() === '' || low >= high || high > length || parts.length !== nav.length)
      throw new EwaldError(
        'Argument',
        `${what} is "${text}"; the scan is ${nav.join(' × ')}; expected a position or first:end of each axis, such ` +
          `as ${nav.map((n) => `0:${n}`).join(',')}${others}`,
      );
    return [low, high];
  });
}
