/** Lists of frames: one file per line, `file //3` for a single frame of it, `file tag-1//` for one of a group. */
import { EwaldError } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import { Pace } from '../../util/pace.js';
import type { FrameSpec } from './source.js';

/**
 * Reads a list. `name` identifies it in messages, `opens` gives what a name in the list opens. Throws `Format` with the
 * line, and what `opens` throws.
 */
export async function parseFrameList(
  text: string,
  { name, opens }: { readonly name: string; readonly opens: (file: string) => string },
  signal?: PlatformSignal,
): Promise<FrameSpec[]> {
  // A list may have millions of lines.
  const pace = new Pace(signal);
  const wanted: FrameSpec[] = [];
  for (const [i, raw] of text.split(/\r\n|\n|\r/).entries()) {
    if (pace.due) await pace.rest();
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: no name holds them
    if (line.length > 4096 || /[\u0000-\u0008]/.test(line))
      throw new EwaldError(
        'Format',
        `${name}:${i + 1}: "${line.slice(0, 20)}…" is not the name of a file; ` +
          'expected a list of files of frames, one per line',
      );
    const [, listed = '', event] = /^(.*?)(?:\s+(\/\/\S*|\S+\/\/[\d/]*))?$/.exec(line) ?? [];
    const isTag = event !== undefined && /^[^/]\S*\/\/\d*$/.test(event);
    const number = event === undefined ? undefined : Number(/^\/\/(\d+)$/.exec(event)?.[1] ?? 'x');
    if (Number.isNaN(number) && !isTag)
      throw new EwaldError(
        'Format',
        `${name}:${i + 1}: "${event}" is not an event; expected //N, the number of a frame, or GROUP//`,
      );
    const file = opens(listed);
    const last = wanted.at(-1);
    if (isTag) {
      if (last?.file === file && last.events) last.events.push(event);
      else wanted.push({ file, frames: [], events: [event] });
    } else if (number !== undefined && last?.file === file && last.frames && !last.events) last.frames.push(number);
    else wanted.push({ file, frames: number === undefined ? undefined : [number] });
  }
  if (wanted.length === 0) throw new EwaldError('Format', `${name}: the list is empty`);
  return wanted;
}
