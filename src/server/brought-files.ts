/** Files that a page made and a run is told of: the text of its geometry, and its calibration. They name no other file. */
import { parseGeometry } from '../crystal/geometry/parse.js';
import { argumentError } from '../options/parameters.js';
import { checkCalibration } from '../stem/calibrate/calibration.js';
import { inspect } from '../util/options.js';

/** A file that is written before a run begins. */
export interface BroughtFile {
  readonly what: 'geometry' | 'calibration';
  /** What follows the name of the run. */
  readonly ending: 'geom' | 'cal.json';
  readonly text: string;
}

/** The files of what a page has sent. Throws `Argument`, and what reading them throws. */
export function broughtFiles(
  kind: 'index' | 'run',
  { geometry, calibration }: { readonly geometry?: unknown; readonly calibration?: unknown },
): readonly BroughtFile[] {
  const stray = kind === 'index' ? calibration : geometry;
  if (stray !== undefined)
    throw argumentError('', () => `ewald ${kind} takes no ${kind === 'index' ? 'calibration' : 'geometry'} of a page`);
  if (calibration !== undefined) {
    const found = checkCalibration('the calibration of the page', calibration);
    return [{ what: 'calibration', ending: 'cal.json', text: `${JSON.stringify(found, null, 2)}\n` }];
  }
  if (geometry === undefined) return [];
  if (typeof geometry !== 'string')
    throw argumentError('', () => `the geometry is ${inspect(geometry)}; expected the text of a .geom file`);
  const { panels } = parseGeometry(geometry, 'the geometry of the page');
  const file = panels.flatMap(({ masks }) => masks).find((mask) => mask.file !== undefined)?.file;
  if (file !== undefined)
    throw argumentError(
      '',
      () =>
        `the geometry of the page names the file ${file}, which a page cannot: save it, and start the server with it`,
    );
  return [{ what: 'geometry', ending: 'geom', text: geometry }];
}
