/** Files that another one refers to, and that do not exist. */
import { EwaldError, isEwaldError } from '../util/errors.js';

/** Whether a file that a link or a virtual dataset leads to does not exist, or lacks what it leads to. */
export const isMissing = (error: unknown): error is EwaldError =>
  isEwaldError(error) && (error.detail.absent === true || error.detail.target !== undefined);

export const missingName = ({ detail }: EwaldError): string => String(detail.file ?? detail.path ?? 'a file');

const advice = 'allowMissing (--allow-missing) reads the others';

/** A few names of files, and how many there are besides. */
export const namesInText = (names: readonly string[]): string =>
  names.length > 8 ? `${names.slice(0, 8).join(', ')} and ${names.length - 8} more` : names.join(', ');

/** The error of several parts of a file: that of the first one, and the names of all others. */
export function allMissing([first, ...others]: readonly EwaldError[]): unknown {
  if (!first || others.length === 0) return orWithout(first);
  const { tag, message, detail } = first;
  const text = `${message}; also missing: ${namesInText(others.map(missingName))}`;
  return orWithout(new EwaldError(tag, text, { cause: first, detail }));
}

/** Tells how the other files of a master or a virtual dataset are read; once, also where one leads to the other. */
export const orWithout = (error: unknown): unknown =>
  isMissing(error) && !error.message.includes(advice)
    ? new EwaldError(error.tag, `${error.message}; ${advice}`, { cause: error, detail: error.detail })
    : error;
