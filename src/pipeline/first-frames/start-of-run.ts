/**
 * What a run determines on its first frames: the parameters of the search, the cell, and the geometry, of which the
 * given one is tried first and, if its crystals explain too little, the one whose beam is at the centre of the
 * background.
 */
import { formatGeometry } from '../../crystal/geometry/write.js';
import { geometryFromFile } from '../../frames/detector/from-file.js';
import { type RunEvent, startEvent } from '../events.js';
import type { Plans } from '../frame-searcher.js';
import { type Beforehand, type LearntBeforehand, refinedBeforehand } from '../geometry/beforehand.js';
import type { GivenGeometry } from '../inputs/given.js';
import { listedBy } from '../stages/listed-by.js';
import { type OwnSearch, prepare } from './prepare.js';

/** If crystals explain this fraction of the peaks of the first frames, the geometry is right. */
const rightShare = 0.75;

/**
 * Determines what the first frames tell. A displaced geometry replaces the given one only if its crystals show that it
 * is right. Throws the errors of `prepare` and `refinedBeforehand`.
 */
export async function startOfRun(
  context: Plans,
  own: OwnSearch,
  run: Omit<Beforehand, 'settings'>,
): Promise<LearntBeforehand> {
  const { geometry, source, cells, options, onEvent } = run;
  const { signal, prepared, cellSearch, settings: given } = options;
  const firstFrames = source.firstFrames.bind(source);
  if (given.finder === 'stream') {
    const { halfPixelShift, minRes, maxRes } = given;
    const { refuseOffsetSpots } = await import('./stream-spots.js');
    await refuseOffsetSpots(context, await own.detector(), { halfPixelShift, minRes, maxRes }, firstFrames, signal);
  }
  const learn = async (
    search: OwnSearch,
    used: GivenGeometry | undefined,
    report: (event: RunEvent) => void,
  ): Promise<LearntBeforehand> => {
    const listed = listedBy(given, used?.geometry);
    const preparation = { settings: listed, cells: prepared?.cells ?? cells, cellSearch, signal };
    const onStart = (text: string): void => report(startEvent(text, source));
    const settings = await prepare(context, search, { ...preparation, onEvent: report, onStart }, firstFrames);
    if (prepared) return { ...prepared, settings };
    // Geometry and names of axes are those of the orientations.
    if (given.knownLattices !== undefined) return { settings, refined: undefined, isDoubtful: false };
    return refinedBeforehand(context, search, { ...run, settings, geometry: used, onEvent: report });
  };
  // Doubts about the given geometry are void if another one is used.
  const warnings: RunEvent[] = [];
  const learnt = await learn(own, geometry, (event) =>
    event.kind === 'warning' ? warnings.push(event) : onEvent(event),
  );
  const { explained } = learnt;
  const kept = (): LearntBeforehand => {
    for (const warning of warnings) onEvent(warning);
    return learnt;
  };
  if (explained === undefined || explained >= rightShare) return kept();
  const { displacedAs, displacedDetector, isConvincing, keptText, usedText } = await import('../geometry/displaced.js');
  const tried = geometry?.geometry ?? geometryFromFile(source.first);
  const displaced = await displacedDetector(await own.detector(), tried, firstFrames, signal);
  if (!displaced) return kept();
  // Its events are reported only if it is used, except for the progress, which the user waits for.
  const events: RunEvent[] = [];
  const search = own.at(displaced.geometry);
  try {
    const text = formatGeometry(displaced.geometry);
    const other = await learn(
      search,
      { name: 'displaced', ...geometry, geometry: displaced.geometry, text },
      (event) => (event.kind === 'progress' ? onEvent(event) : events.push(event)),
    );
    if (!isConvincing(other.explained, explained)) {
      kept();
      onEvent({ kind: 'warning', text: keptText(displaced, other.explained ?? 0) });
      return learnt;
    }
    onEvent({ kind: 'warning', text: usedText(displaced, other.explained ?? 0, explained) });
    for (const event of events) onEvent(event);
    return { ...other, refined: displacedAs(displaced, other.refined) };
  } finally {
    await search.dispose();
  }
}
