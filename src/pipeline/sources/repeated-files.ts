/** Files and frames of a run that are given twice. */

import { givenOnce } from '../../util/without-repeats.js';
import type { RunPlace } from '../inputs/place.js';
import type { FrameSpec } from './source.js';

/** Maximum number of remarks. */
const maxRemarks = 4;

/**
 * Leaves out whole files that are given again, by whatever names, and finds frames that are named twice, which are
 * searched as often as they are named. Returns the files and what to say of them.
 */
export async function withoutRepeatedFiles(
  files: readonly FrameSpec[],
  place: RunPlace,
): Promise<{ readonly files: FrameSpec[]; readonly remarks: string[] }> {
  const identities = new Map<string, string>();
  for (const { file, dataset, input } of files)
    if (!dataset && input === undefined && !identities.has(file))
      identities.set(file, (await place.files?.identityOf(file)) ?? file);
  const names = new Map<unknown, string>();
  const found = await givenOnce(
    files,
    ({ file }) => file,
    (wanted) => {
      const { file, frames, dataset, input } = wanted;
      const given = dataset ?? input;
      if (frames || typeof given === 'string') return wanted;
      if (given === undefined) return identities.get(file);
      // Under another name its frames are meant to be others.
      if (!names.has(given)) names.set(given, file);
      return names.get(given) === file ? given : wanted;
    },
  );
  const once = [...found.once];
  const remarks = found.remarks.slice(0, maxRemarks);
  const further = found.remarks.length - maxRemarks;
  if (further > 0) remarks.push(`${further} further files are given twice; each is read once`);
  return { files: once, remarks: [...remarks, ...repeatedFrames(once, identities, maxRemarks - remarks.length)] };
}

/** What to say of frames that are given twice; at most about `most` texts, and one for each file. */
function repeatedFrames(
  files: readonly FrameSpec[],
  identities: ReadonlyMap<string, string>,
  most: number,
): readonly string[] {
  const remarks: string[] = [];
  const names = new Map<string, string>();
  const whole = new Set<string>();
  const named = new Set<string>();
  const single = new Map<string, Set<number>>();
  for (const { file, frames, dataset, input } of files) {
    if (remarks.length >= most) break;
    if (dataset || input !== undefined) continue;
    const identity = identities.get(file) ?? file;
    const other = names.get(identity);
    names.set(identity, other ?? file);
    const known = single.get(identity) ?? new Set();
    single.set(identity, known);
    const again = whole.has(identity) ? (frames ?? [undefined])[0] : frames?.find((frame) => known.has(frame));
    // One remark per file is enough.
    if (named.has(identity)) continue;
    const isRepeated = whole.has(identity) || again !== undefined || (!frames && known.size > 0);
    if (isRepeated) {
      named.add(identity);
      const what = again === undefined ? file : `${file} //${again}`;
      const which = other === undefined || other === file ? '' : `, which is ${other},`;
      remarks.push(`${what}${which} is given twice: its frames will be in the stream twice`);
    }
    if (!frames) whole.add(identity);
    const seen = new Set<number>();
    for (const frame of frames ?? []) {
      if (seen.has(frame) && !isRepeated)
        remarks.push(`${file} //${frame} is given twice: the frame will be in the stream twice`);
      seen.add(frame);
      known.add(frame);
    }
  }
  return remarks;
}
