/** Frames of a run in words. */
import { eventText, type FrameOrigin } from '../streams/chunk.js';

/** Frames from one to another, as the stream names them. */
export function framesText(first: FrameOrigin, last: FrameOrigin): string {
  const nameOf = (origin: FrameOrigin): string => eventText(origin) ?? origin.filename;
  const isOne = first.serial === last.serial;
  const isSame = first.filename === last.filename;
  const full = (origin: FrameOrigin): string =>
    eventText(origin) === undefined ? origin.filename : `${eventText(origin)} of ${origin.filename}`;
  if (isOne) return `frame ${full(first)}`;
  return `frames ${isSame ? nameOf(first) : full(first)} to ${full(last)}`;
}
