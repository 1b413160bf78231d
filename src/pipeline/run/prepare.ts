/** What a run determines before it searches its frames one after another: parameters, cells and geometry. */

import { largestInverseD } from '../../crystal/geometry/edge.js';
import { formatGeometry } from '../../crystal/geometry/write.js';
import { geometryFromFile } from '../../frames/detector/from-file.js';
import { geometryRemarks, unsettledDistance, warningsOf } from '../../frames/detector/geometry-remarks.js';
import { abortable } from '../../util/aborted.js';
import { awaited } from '../../util/callbacks.js';
import { startOfRun } from '../first-frames/start-of-run.js';
import { profileBinsOf } from '../profile/frame-profiles.js';
import { beyondTexts, spansOf } from '../regions/spans.js';
import { commandLineOf } from '../run-options.js';
import type { SearchSettings } from '../settings.js';
import { streamHead } from '../sinks/stream-head.js';
import type { OpenRun, PreparedRun } from './run-state.js';

/** Determines what the options leave open, on the first frames. Throws what it refuses, before any warning. */
export async function preparedRun(run: OpenRun): Promise<PreparedRun> {
  const { context, source, geometry, cells, own, options, events } = run;
  const { isDistanceOpen, farWavelength } = await checkAndWarn(run);
  const { settings, refined, isDoubtful, fitted } = await startOfRun(context, own, { ...run, onEvent: events.report });
  events.report({ kind: 'prepared', cells: settings.cells ?? [], refined, isDoubtful, fitted });
  if (isDistanceOpen && !fitted?.isDistanceKnown) events.report(unsettledDistance);
  const given = refined?.geometry ?? geometry?.geometry;
  const used = given ?? geometryFromFile(source.first);
  const text = refined?.text ?? geometry?.text ?? formatGeometry(used);
  if (refined) {
    await own.moveTo(used);
    if (options.rois.length > 0) spansOf(await own.detector(), options.rois);
  }
  const commandLine = options.commandLine ?? commandLineOf(options.given);
  return {
    settings,
    geometry: { given, used, text, isRefined: refined !== undefined, isCellGiven: cells !== undefined, fitted },
    commandLine,
    head: streamHead(text, settings, commandLine, source.identities, isDoubtful),
    farWavelength,
  };
}

/** What a file contradicts that only the crystals settle. */
interface OpenQuestions {
  /** Whether the distance is in doubt unless the crystals tell it. */
  readonly isDistanceOpen: boolean;
  /** The contradiction of a wavelength that is far from that of the file. */
  readonly farWavelength: string | undefined;
}

/** Refuses what the detector cannot give, then warns of what is unusual about the inputs. */
async function checkAndWarn(run: OpenRun): Promise<OpenQuestions> {
  const { source, geometry, cells, own, grid, options, events } = run;
  const { rois, settings } = options;
  // Warnings before a refusal would hide what it says.
  if (rois.length > 0) spansOf(await own.detector(), rois);
  for (const sink of options.sinks ?? []) {
    if (cells) sink.checkCells?.(cells);
    if (!sink.checkReach) continue;
    // The position of the detector may still be refined.
    const detector = await own.detector();
    sink.checkReach(largestInverseD(detector.geometry, detector.beam));
  }
  const questions = await abortable(warnOfGeometry(run), options.signal);
  for (const warning of geometry?.geometry.warnings ?? []) events.warn(`${geometry?.name}: ${warning}`);
  for (const text of source.warnings) events.warn(text);
  for (const text of run.warnings) events.warn(text, true);
  if (rois.length > 0) for (const text of beyondTexts(await own.detector(), rois)) events.warn(text);
  if (grid?.found.doubt !== undefined) events.warn(grid.found.doubt, true);
  // A range beyond the detector is refused before any frame is searched.
  if (settings.profile) profileBinsOf(await own.detector(), settings as SearchSettings);
  return questions;
}

/** Warns of what is wrong with a geometry. */
async function warnOfGeometry({ geometry, source, cells, events, options }: OpenRun): Promise<OpenQuestions> {
  // The numbers that the geometry names are where the caller's function opens them.
  const openOther = awaited('pipeline: openOther', options.openOther) ?? source.openOther;
  const find = async () => (geometry ? geometryRemarks(geometry.geometry, { first: source.first, openOther }) : []);
  const remarks = await (source.patient?.(find) ?? find());
  // Without a known cell, nothing tells the wavelength.
  const untold = cells ? [] : (['wavelength', 'pixel size'] as const);
  for (const event of warningsOf(geometry?.name, remarks, untold)) events.report(event);
  return {
    isDistanceOpen: !cells && remarks.some(({ contradicts }) => contradicts === 'distance'),
    farWavelength: remarks.find(({ isFar }) => isFar)?.text,
  };
}
