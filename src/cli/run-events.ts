/** Describes the findings of a run, as the flags that repeat them. */
import {
  cellText,
  errorText,
  oddsText,
  preferenceText,
  type RunEvent,
  tunedFacts,
  tunedFlags,
} from '../entries/pipeline.node.js';
import { dim, formatFirstFrames, framesWithPeaks, yellow } from './output.js';

/** Why the user must look at a determined cell. */
export function cellDoubts(event: Extract<RunEvent, { readonly kind: 'cell' }>): string[] {
  const longer = event.doubt === undefined ? [] : [`an axis may be longer: ${event.doubt}`];
  return [...longer, (event.lattice && preferenceText(event.lattice, event, event.images)) ?? []].flat();
}

/** The text of an event; empty if there is nothing to print. */
export function eventText(event: RunEvent): string {
  if (event.kind === 'detector') return event.doubts.map((text) => `${yellow('warning:')} ${text}`).join('\n');
  if (event.kind === 'warning') return `${yellow('warning:')} ${event.text}`;
  if (event.kind === 'tuned') {
    if (!event.facts) return '';
    const radii = event.intRadius ? ` --int-radius=${event.intRadius}` : '';
    return dim(
      `peaks: from ${formatFirstFrames(event.frames)}${tunedFacts(event.facts)} ${tunedFlags(event.finder as 'peakfinder8', event.peaks)}${radii}`,
    );
  }
  if (event.kind === 'geometry')
    return `${yellow('geometry:')} ${event.text}; --refined-geometry FILE writes it, --refine-geometry off undoes it`;
  if (event.kind !== 'cell') return '';
  const { cell, lattice, errors, rivals, images, frames } = event;
  const warning = cellDoubts(event)
    .map((text) => `\n${yellow('warning:')} ${text}`)
    .join('');
  if (!cell || !lattice)
    return `${yellow('cell:')} no cell explains ${framesWithPeaks(frames, images)}; only peaks are searched for${warning}`;
  const known = [lattice.type, errors && `errors ${errorText(errors)}`, oddsText(rivals)].filter(Boolean).join('; ');
  const from = `${frames === 1 ? '' : `${images} of `}${formatFirstFrames(frames)}`;
  return dim(`cell: from ${from} -p ${cellText(lattice)} (${known})`) + warning;
}
