/** The parameters of a run, settled as the library settles them, and what was found said as the flags that repeat it. */
import type { Geometry } from '../crystal/geometry/geometry.js';
import { openDetector } from '../detector/detector.js';
import { flagsOf, saidOf } from '../peaks/guess.js';
import { prepare, type RunEvent, type RunSettings } from '../pipeline/run.js';
import type { SearchSettings } from '../pipeline/settings.js';
import type { RunSource } from '../pipeline/sources/files.js';
import { backendOption, type CliDeps, dim, note, Progress, yellow } from './output.js';

/** Settles what a run is searched with. */
export async function settle(
  source: RunSource,
  geometry: Geometry | undefined,
  settings: RunSettings,
  backend: string | undefined,
  { createContext, signal }: CliDeps,
): Promise<SearchSettings> {
  const openOther = source.openOther.bind(source);
  const detector = await openDetector(source.first, { geometry, maxInverseD: settings.maxInverseD, openOther });
  const context = await createContext(backendOption(backend));
  const progress = new Progress('cell');
  const onEvent = (event: RunEvent): void => {
    if (event.kind === 'progress') progress.report(event.share);
    else progress.end();
    const text = eventText(event);
    if (text !== '') note(text);
  };
  try {
    const run = await prepare(context, detector, { ...settings, signal, onEvent }, (most) => source.firstFrames(most));
    await run.searcher.dispose();
    return run.settings;
  } finally {
    progress.end();
    await context.dispose();
  }
}

/** What a run found out about itself; empty where it has nothing to say. */
function eventText(event: RunEvent): string {
  if (event.kind === 'tuned') {
    if (!event.facts) return '';
    const radii = event.rings ? ` --int-radius=${event.rings}` : '';
    return dim(
      `peaks: from the first ${event.frames} frames${saidOf(event.facts)} ${flagsOf(event.finder, event.peaks)}${radii}`,
    );
  }
  if (event.kind !== 'cell') return '';
  const { cell, lattice, images, frames } = event;
  if (!cell || !lattice)
    return (
      `${yellow('cell:')} no cell explains the first ${frames} frames, of which ${images} have enough peaks; ` +
      'frames are searched for peaks alone'
    );
  const numbers = lattice.parameters.map((x) => x.toFixed(2)).join(',');
  const plain = cell.centring === 'P' ? `-p ${numbers}` : `${numbers} with centring ${cell.centring}`;
  return dim(`cell: from ${images} of the first ${frames} frames ${plain} (${lattice.type})`);
}
