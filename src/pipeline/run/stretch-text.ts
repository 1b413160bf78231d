/** Frames of a run in words. */
import { eventText, type FrameOrigin } from '../streams/chunk.js';

/** Frames from one to another, as the stream names them. */
export function stretchText(first: FrameOrigin, last: FrameOrigin): string {
  const whole = (origin: FrameOrigin): string => {
    const event = eventText(origin);
    return event === undefined ? origin.filename : `${event} of ${origin.filename}`;
  };
  if (first.serial === last.serial) return `frame ${whole(first)}`;
  const isOneFile = first.filename === last.filename;
  return `frames ${isOneFile ? (eventText(first) ?? first.filename) : whole(first)} to ${whole(last)}`;
}
