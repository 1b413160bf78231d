/** Describes the findings of a run, as the flags that repeat them. */
import { type RunEvent, tunedFacts, tunedFlags } from '../entries/pipeline.node.js';
import { dim, firstFrames, yellow } from './output.js';

/** The text of an event; empty if there is nothing to print. */
export function eventText(event: RunEvent): string {
  if (event.kind === 'warning') return `${yellow('warning:')} ${event.text}`;
  if (event.kind === 'tuned') {
    if (!event.facts) return '';
    const radii = event.intRadius ? ` --int-radius=${event.intRadius}` : '';
    return dim(
      `peaks: from ${firstFrames(event.frames)}${tunedFacts(event.facts)} ${tunedFlags(event.finder as 'peakfinder8', event.peaks)}${radii}`,
    );
  }
  if (event.kind === 'geometry')
    return `${yellow('geometry:')} ${event.text}; --refine-geometry off keeps the given one`;
  if (event.kind !== 'cell') return '';
  const { cell, lattice, images, frames, doubt } = event;
  const warning = doubt === undefined ? '' : `\n${yellow('warning:')} the cell may be longer: ${doubt}`;
  if (!cell || !lattice)
    return (
      `${yellow('cell:')} no cell explains ${firstFrames(frames)}, of which ${images} ` +
      `${images === 1 ? 'has' : 'have'} enough peaks; ` +
      `only peaks are searched for${warning}`
    );
  const numbers = lattice.parameters.map((x) => x.toFixed(2)).join(',');
  const plain = cell.centring === 'P' ? `-p ${numbers}` : `${numbers} with centring ${cell.centring}`;
  return (
    dim(`cell: from ${frames === 1 ? '' : `${images} of `}${firstFrames(frames)} ${plain} (${lattice.type})`) + warning
  );
}
