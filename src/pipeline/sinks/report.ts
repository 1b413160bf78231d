/** `--html report.html`: the results of a run as a page with images; the frames shown are read again. */

import { anglesOf, lengthsOf } from '../../crystal/cell.js';
import type { KnownCell } from '../../crystal/cell-file.js';
import type { Geometry } from '../../crystal/geometry/geometry.js';
import { positionOf } from '../../crystal/geometry/pixels.js';
import { readStream } from '../../crystal/stream/read.js';
import type { Dataset } from '../../frames/dataset.js';
import type { Detector } from '../../frames/detector/detector.js';
import { openDetector } from '../../frames/detector/detector.js';
import type { Output } from '../../frames/files/write.js';
import type { KeptFrames } from '../../frames/streams/kept.js';
import type { Frame } from '../../peaks/contract.js';
import { Assembly, type ImagePoint } from '../../report/assembly.js';
import { type FrameRow, maxRows } from '../../report/frame-table.js';
import { drawnBy, exactly, type ShownNumbers, storedPage, storedWithin } from '../../report/numbers-page.js';
import { type Report, reportPage, type ShownFrame } from '../../report/page.js';
import { counted } from '../../util/amounts.js';
import { messageOf } from '../../util/errors.js';
import { median } from '../../util/median.js';
import { version } from '../../util/version.js';
import type { FrameRecord } from '../record.js';
import type { Region } from '../regions/region.js';
import { readFrame } from '../stages/read-frame.js';
import { eventText, type FrameOrigin } from '../streams/chunk.js';
import { ProfileSection } from './profile-section.js';
import { RegionMedians } from './report-rois.js';
import { closeOutput, type FrameSink } from './sink.js';

/** Information for the report that is known before the run. */
interface ReportOptions {
  readonly file: string;
  readonly title: string;
  readonly commandLine: string;
  /** Whether the stream has chunks of frames that are no hits. */
  readonly nonHitsInStream: boolean;
  /** Frames per second of this session, requested at the end. */
  readonly rate: () => number;
  readonly geometry: Geometry | undefined;
  readonly cell: KnownCell | undefined;
  /** Opens a file of the run again. */
  readonly reopen: (file: string) => Promise<Dataset>;
  readonly letGo: (dataset: Dataset) => Promise<void>;
  /** The detector of the run. */
  readonly detector: () => Promise<Detector>;
  /** Frames that could only be read once; undefined if files are read again. */
  readonly kept: KeptFrames | undefined;
  /** Receives the reasons why the report is incomplete. */
  readonly warn: (text: string) => void;
  /** Remarks for the report, requested at the end. */
  readonly remarks: () => readonly string[];
  /** Regions of the frames, whose medians are shown. */
  readonly regions: readonly Region[];
  /** The results of other sinks as HTML, requested at the end. */
  readonly sections: () => readonly string[];
  /** Further numbers with pictures, such as the maps of a chip, requested at the end. */
  readonly numbers: () => readonly ShownNumbers[];
  /** The script that draws numbers; undefined where a page has pictures alone. */
  readonly script: (() => Promise<string>) | undefined;
}

/** A frame that may be shown. */
interface Candidate {
  readonly record: FrameRecord;
  /** Peaks that belong to a crystal. */
  readonly explained: number;
}

/** Number of frames from which typical ones are chosen and the powder pattern is computed. */
const sampled = 24;
/** The same for frames that are kept in memory until the end of the run. */
const sampledOfKept = 6;
/** Largest size of the numbers in a page, bytes: a mail takes them. */
const maxNumbers = 15e6;

/** Collects a run for its report. */
export function reportSink(output: Output, options: ReportOptions): FrameSink {
  const timeline: { hit: boolean; indexed: boolean; peaks: number }[] = [];
  const cells: number[][] = [];
  const axes: (readonly (readonly number[])[])[] = [];
  const resolutions: number[] = [];
  const rows: FrameRow[] = [];
  const profiles = new ProfileSection();
  const stages: Record<string, number> = {};
  const most = options.kept ? sampledOfKept : sampled;
  const best: Candidate[] = [];
  const worst: Candidate[] = [];
  const sample: Candidate[] = [];
  const regions = new RegionMedians(options.regions);
  let [failed, hits, indexed, seen, chunks] = [0, 0, 0, 0, 0];

  const add = async (record: FrameRecord): Promise<void> => {
    const { hit, peaks, crystals, ms } = record;
    timeline.push({ hit, indexed: crystals.length > 0, peaks: peaks.count });
    profiles.add(record);
    const number = hit || options.nonHitsInStream ? chunks++ : undefined;
    if (rows.length < maxRows) rows.push({ number, ...rowOf(record) });
    if (hit) hits++;
    regions.add(record);
    if (crystals.length > 0) indexed++;
    for (const [stage, took] of Object.entries(ms)) stages[stage] = (stages[stage] ?? 0) + took;
    for (const { lengths, angles, reciprocal, resolution } of crystals) {
      cells.push([...lengths, ...angles]);
      axes.push(reciprocal);
      resolutions.push(1 / resolution);
    }
    const candidate = { record, explained: crystals.reduce((sum, crystal) => sum + crystal.peaks.length, 0) };
    best.push(candidate);
    best.sort((a, b) => b.explained - a.explained);
    best.length = Math.min(best.length, 2);
    if (candidate.explained > 0) worst.push(candidate);
    worst.sort((a, b) => shareOf(a) - shareOf(b));
    worst.length = Math.min(worst.length, 1);
    // The sample is evenly distributed over a run of any length: every n-th frame, where n is doubled whenever there
    // are too many.
    if (seen++ % stride === 0) sample.push(candidate);
    if (sample.length >= 2 * most) {
      sample.splice(0, sample.length, ...sample.filter((_, i) => i % 2 === 0));
      stride *= 2;
    }
    const wanted = [...best, ...worst, ...sample].map(({ record: { origin } }) => origin.event ?? 0);
    options.kept?.only(new Set(wanted), record.origin.event ?? 0);
  };
  let stride = 1;

  const close = async (isWhole: boolean): Promise<string> => {
    const pictures = await picturesOf(options, { best, worst, sample }).catch((error) => {
      options.warn(`the report shows no frames: ${messageOf(error)}`);
      return undefined;
    });
    const frames = timeline.length + failed;
    const numbers = [...(pictures?.numbers ?? []), ...options.numbers()];
    const report: Report = {
      title: options.title,
      commandLine: options.commandLine,
      generator: `ewald ${version}`,
      frames,
      hits,
      indexed,
      failed,
      rate: options.rate(),
      cells,
      axes,
      resolutions,
      timeline,
      rows,
      crystals: cells.length,
      stages: Object.fromEntries(
        Object.entries(stages).map(([stage, ms]) => [stage, ms / Math.max(1, timeline.length)]),
      ),
      target: options.cell && [...lengthsOf(options.cell.cell), ...anglesOf(options.cell.cell)],
      shown: pictures?.shown ?? [],
      powder: pictures?.powder,
      picture: pictures?.picture ?? { size: 1, beam: { x: 0, y: 0 }, rings: [] },
      remarks: options.remarks(),
      sections: [profiles.html(), ...regions.sections(), ...options.sections()].filter((one) => one !== undefined),
    };
    await output.write(reportPage(report, await drawnNumbers(options, numbers)));
    return `report in ${await closeOutput(output, options.file, isWhole)}`;
  };
  return { isOfWholeRun: true, add, close, discard: () => output.discard(), fail: () => void failed++ };
}

/** What draws the numbers of a page; undefined without any. */
async function drawnNumbers(
  { script, title, commandLine, warn, file }: ReportOptions,
  numbers: readonly ShownNumbers[],
): Promise<string | undefined> {
  if (!script || numbers.length === 0) return undefined;
  const { stored, lacks } = await storedWithin(numbers, maxNumbers, maxNumbers);
  for (const text of lacks) warn(`${file}: ${text}`);
  return drawnBy(storedPage({ about: { input: title }, notes: [], command: commandLine }, stored), await script());
}

/** Share of the peaks of a frame that belong to a crystal. */
const shareOf = ({ record, explained }: Candidate): number => explained / Math.max(1, record.peaks.count);

/** The name of a frame without its folder. */
const nameOf = (origin: FrameOrigin): string =>
  [origin.filename.replace(/^.*\//, ''), eventText(origin) ?? []].flat().join(' ');

/** A frame in the table: of several crystals the one with the highest resolution. */
function rowOf({ origin, peaks, crystals }: FrameRecord): Omit<FrameRow, 'number'> {
  const [best] = crystals.toSorted((a, b) => b.resolution - a.resolution);
  return {
    name: nameOf(origin),
    peaks: peaks.count,
    crystals: crystals.length,
    resolutionA: best && 1 / best.resolution,
    residual: best?.residual,
  };
}

/** The frames from which those that are shown are chosen. */
interface Candidates {
  readonly best: readonly Candidate[];
  readonly worst: readonly Candidate[];
  readonly sample: readonly Candidate[];
}

async function picturesOf(options: ReportOptions, { best, worst, sample }: Candidates) {
  const [any] = [...best, ...sample];
  if (!any) return undefined;
  const { kept } = options;
  const opened = new Map<string, Promise<Dataset>>();
  const datasetOf = async ({ filename: file, event = 0 }: FrameOrigin): Promise<Dataset> => {
    if (kept) return kept.dataset(event);
    const dataset = opened.get(file) ?? options.reopen(file);
    opened.set(file, dataset);
    return dataset;
  };
  try {
    // Frames that were received live are kept with their pixels.
    const detector = kept
      ? await openDetector(await datasetOf(any.record.origin), { geometry: options.geometry }, async (file, path) =>
          kept.value(file, path),
        )
      : await options.detector();
    const assembly = new Assembly(detector);
    const numbersOf = async ({ record: { origin } }: Candidate, into?: Frame) =>
      readFrame(await datasetOf(origin), kept ? 0 : (origin.event ?? 0), detector, undefined, into);
    const shown: ShownFrame[] = [];
    const pictured: Pictured[] = [];
    const gathered = new Map<FrameRecord, Float64Array>();
    for (const { candidate, title } of chosen({ best, worst, sample })) {
      const values = assembly.gather(await numbersOf(candidate));
      gathered.set(candidate.record, values);
      const marks = await marksOf(candidate, assembly);
      shown.push({ ...marks, title, image: await assembly.picture(values) });
      pictured.push({ name: title, desc: marks.about, values, marks });
    }
    const few = sample.filter((_, i) => i % Math.ceil(sample.length / sampled) === 0);
    // A frame that is shown is not read again; the others are placed in the image together.
    let powder: Float64Array | undefined;
    let brightest: Frame | undefined;
    let next: Frame | undefined;
    for (const candidate of few) {
      const values = gathered.get(candidate.record);
      if (values) powder = assembly.merge(values, powder);
      else if (!brightest) brightest = await numbersOf(candidate);
      else {
        next = await numbersOf(candidate, next);
        addBrighter(next, brightest, detector.validRange);
      }
    }
    if (brightest) powder = assembly.gather(brightest, powder);
    const { beam } = any.record;
    const [panel] = detector.geometry.panels;
    const rings = panel ? ringsOf(assembly, beam.wavelengthA, positionOf(panel, beam, 0, 0)[2] * panel.resolution) : [];
    const about = `maximum of every pixel over ${counted(few.length, 'frame')}`;
    if (powder) pictured.push({ name: 'Powder', desc: about, values: powder });
    return {
      shown,
      powder: powder && { image: await assembly.picture(powder), about },
      numbers: pictured.map((one) => picturedNumbers(one, assembly, rings)),
      picture: { size: assembly.size, beam: assembly.beam, rings },
    };
  } finally {
    for (const opening of opened.values()) {
      const dataset = await opening.catch(() => undefined);
      if (dataset) await options.letGo(dataset);
    }
  }
}

/** A picture whose numbers the page has. */
interface Pictured {
  readonly name: string;
  readonly desc: string;
  readonly values: Float64Array;
  readonly marks?: Pick<ShownFrame, 'peaks' | 'predictions'>;
}

/** A picture as numbers, with places in pixels of the detector from the beam, and its marks. */
function picturedNumbers(
  { name, desc, values, marks }: Pictured,
  { size, beam, scale }: Assembly,
  rings: Report['picture']['rings'],
): ShownNumbers {
  const data = exactly(values);
  const round = (value: number): number => Math.round(100 * value) / 100;
  const marked = (places: readonly ImagePoint[]) => ({
    x: places.map(({ x }) => round(x)),
    y: places.map(({ y }) => round(y)),
  });
  const axis = (name: 'x' | 'y', sign: number) => ({
    ...{ name, length: size, unit: 'px' },
    ...{ first: round((sign * (0.5 - beam[name])) / scale), step: sign / scale },
  });
  const predictions = marks?.predictions ?? [];
  const centres = rings.map(() => beam);
  return {
    ...{ name, desc, data, unit: 'counts' },
    type: data instanceof Float32Array ? '<f4' : '<f8',
    axes: [axis('y', -1), axis('x', 1)],
    marks: [
      ...(marks ? [{ name: 'peaks', shape: 'circle' as const, size: 5, ...marked(marks.peaks) }] : []),
      ...(marks
        ? [
            {
              ...marked(predictions),
              name: 'reflections',
              shape: 'square' as const,
              size: 3.5,
              texts: predictions.map(({ hkl }) => hkl),
            },
          ]
        : []),
      ...(rings.length > 0
        ? [
            {
              ...marked(centres),
              name: `rings of ${rings.map(({ label }) => label).join(', ')}`,
              shape: 'ring' as const,
              size: rings.map(({ radius }) => round(radius)),
            },
          ]
        : []),
    ],
  };
}

/** Sets each pixel to its larger count of two frames; a value that is no count is replaced by any other. */
function addBrighter(frame: Frame, into: Frame, [least, greatest]: readonly [number, number]): void {
  for (let i = 0; i < frame.length; i++) {
    const value = frame[i] as number;
    const most = into[i] as number;
    if (value <= most && most <= greatest) continue;
    const isCount = value >= least && value <= greatest;
    if (isCount && (value > most || !(most >= least && most <= greatest))) into[i] = value;
  }
}

/** The best frame, a typical indexed one, the one of whose peaks a crystal explains least, a hit without a lattice. */
function chosen({ best, worst, sample }: Candidates) {
  const middle = (all: readonly Candidate[], of: (one: Candidate) => number): Candidate | undefined =>
    [...all].sort((a, b) => of(a) - of(b))[all.length >> 1];
  const found: { candidate: Candidate; title: string }[] = [];
  const put = (candidate: Candidate | undefined, title: string): void => {
    if (candidate && !found.some((one) => one.candidate.record === candidate.record)) found.push({ candidate, title });
  };
  const [first] = best;
  if (first && first.explained > 0) put(first, 'The best frame');
  put(
    middle(
      sample.filter(({ explained }) => explained > 0),
      ({ explained }) => explained,
    ),
    'A typical frame',
  );
  put(worst[0], 'The worst indexed frame');
  const lost = sample.filter(({ record }) => record.hit && record.peaks.count > 0 && record.crystals.length === 0);
  const most = Math.max(0, ...lost.map(({ record }) => record.peaks.count));
  put(
    lost.find(({ record }) => record.peaks.count === most),
    'Not indexed',
  );
  return found;
}

/** Peaks and predictions of a frame in the image. */
async function marksOf(
  { record, explained }: Candidate,
  assembly: Assembly,
): Promise<Omit<ShownFrame, 'image' | 'title'>> {
  const { origin, peaks, crystals, chunk } = record;
  const head = 'CrystFEL stream format 2.3\nGenerated by ewald\n\n';
  const reader = await readStream(`${head}${chunk}`.replace(/\n$/, '').split('\n'), origin.filename);
  const predictions: ShownFrame['predictions'][number][] = [];
  // Streams count rows within the module, images within the frame.
  const firstRows = new Map(assembly.geometry.panels.map(({ name, firstRow = 0 }) => [name, firstRow]));
  for await (const streamChunk of reader.chunks())
    for (const { reflections = [] } of streamChunk.crystals)
      for (const { h, k, l, fs, ss, panel } of reflections) {
        const place = assembly.place(fs, ss + (firstRows.get(panel) ?? 0));
        if (place) predictions.push({ ...place, hkl: `${h} ${k} ${l}` });
      }
  const places = Array.from({ length: peaks.count }, (_, i) => assembly.place(peaks.fs[i] ?? 0, peaks.ss[i] ?? 0));
  const name = nameOf(origin);
  const lattices = crystals.length > 1 ? ` of ${crystals.length} lattices` : '';
  const about =
    crystals.length > 0
      ? `${name}: ${counted(peaks.count, 'peak')}, ${explained} explained${lattices}, ` +
        `to ${median(crystals.map(({ resolution }) => 1 / resolution)).toFixed(2)} Å`
      : `${name}: ${counted(peaks.count, 'peak')}, no lattice`;
  return { about, peaks: places.filter((place) => place !== undefined), predictions };
}

/** Rings at round resolutions that fit into the image. */
function ringsOf({ size, scale, beam }: Assembly, wavelengthA: number, distancePx: number) {
  const most = Math.min(beam.x, beam.y, size - beam.x, size - beam.y);
  return [50, 20, 10, 7, 5, 4, 3, 2.5, 2, 1.7, 1.5, 1.2, 1, 0.8, 0.6, 0.5, 0.4]
    .map((d) => ({ d, sine: wavelengthA / (2 * d) }))
    .filter(({ sine }) => sine < 0.7)
    .map(({ d, sine }) => ({ label: `${d} Å`, radius: distancePx * Math.tan(2 * Math.asin(sine)) * scale }))
    .filter(({ radius }) => radius > 40 && radius < most)
    .filter(({ radius }, i, all) => i === 0 || radius - (all[i - 1]?.radius ?? 0) > 36);
}
