/** The operations of the worker, implemented with the public interface of ewald only. */
import { open } from '../../entries/data.js';
import {
  anglesOf,
  type Context,
  createContext,
  type Detector,
  type FrameCrystal,
  type FrameResult,
  type FrameSearcher,
  formatChunk,
  type KnownCell,
  lengthsOf,
  type PeakList,
  parseGeometry,
  readCell,
  type SearchSettings,
} from '../../entries/index.js';
import { masks, type ResidentScan, residentScan, VirtualDetector } from '../../entries/udf.js';
import type { FrameData, Limits } from './contrast.js';
import { arcOn, placedPanels } from './detector-plane.js';
import type {
  FinderParameters,
  FrameSummary,
  InputFile,
  Opened,
  OpenRequest,
  Operations,
  ShownCrystal,
  ShownPeaks,
  VirtualShape,
} from './protocol.js';
import { stackOf } from './stack.js';

type OpenDataset = Awaited<ReturnType<typeof open>>;

/** Number of frames from which the parameters are tuned. */
const tunedFrames = 4;
/** Initial values of the sliders if the parameters cannot be tuned. */
const usualParameters: FinderParameters = { threshold: 0, minSnr: 5, localBgRadius: 3 };

/** The tuned parameters, overridden by the page's. */
const settingsWith = ({ tuned }: Session, parameters: FinderParameters): SearchSettings => ({
  ...tuned,
  peaks: { ...tuned.peaks, ...parameters },
});

/** The open file and its state. */
interface Session {
  /** The name of the file in the stream. */
  readonly name: string;
  readonly dataset: OpenDataset;
  readonly detector: Detector | undefined;
  readonly cells: readonly KnownCell[];
  /** Planned once, when the first frame is searched. */
  searcher: Promise<FrameSearcher> | undefined;
  /** The frame that was read last, kept so that a search does not read it again. */
  latest: { readonly frame: number; readonly data: FrameData } | undefined;
  /** The crystals of the frame that was indexed last. */
  crystals: readonly FrameCrystal[];
  /** The scan in memory and its virtual detector, after the first request. */
  virtual: { readonly scan: ResidentScan; readonly detector: VirtualDetector } | undefined;
  /** Parameters tuned from the first frames; the page overrides some of them. */
  tuned: SearchSettings;
}

/** The operations; `report` is called for every frame of a run. */
export function operations(report: (summary: FrameSummary) => void): Operations {
  let context: Promise<Context> | undefined;
  let session: Session | undefined;
  let stopping = false;
  let streamParts: string[] = [];

  const current = (): Session => {
    if (!session) throw new Error('No file is open.');
    return session;
  };
  const detectorOf = ({ detector }: Session): Detector => {
    if (!detector) throw new Error('The detector is unknown: drop a .geom file beside the frames.');
    return detector;
  };
  // Frames are searched one at a time: WebAssembly responds at once, whereas WebGPU would compile its shaders first.
  const contextOf = (): Promise<Context> => {
    context ??= createContext({ backend: 'wasm' });
    return context;
  };
  const searcherOf = (of: Session): Promise<FrameSearcher> => {
    const detector = detectorOf(of);
    of.searcher ??= contextOf().then((opened) => opened.frameSearcher({ detector, cells: of.cells }));
    return of.searcher;
  };
  const frameOf = async (of: Session, frame: number): Promise<FrameData> => {
    if (of.latest?.frame === frame) return of.latest.data;
    const data = showable(await of.dataset.read(frame, 1));
    of.latest = { frame, data };
    return data;
  };

  return {
    async open(request) {
      const next = await openSession(request, contextOf);
      const before = session;
      session = next.session;
      streamParts = [];
      await (await before?.searcher)?.dispose();
      await before?.dataset.dispose();
      return next.opened;
    },

    async frame(frame) {
      return { data: (await frameOf(current(), frame)).slice() };
    },

    async stack({ first, count, kind }) {
      const { dataset } = current();
      return { data: await stackOf(dataset, first, count, kind) };
    },

    async tune() {
      const of = current();
      const { dataset, detector } = of;
      if (!detector) return usualParameters;
      const frames = Array.from({ length: Math.min(tunedFrames, dataset.frames) }, (_, i) => i);
      const items = (await contextOf()).pipeline({
        inputs: [{ dataset, frames }],
        geometry: detector.geometry,
        cells: [],
        onEvent: (event) => {
          if (event.kind !== 'tuned') return;
          of.tuned = { peaks: event.peaks, ...(event.intRadius === undefined ? {} : { intRadius: event.intRadius }) };
        },
      });
      for await (const _first of items) break;
      const { threshold, minSnr, localBgRadius } = { ...usualParameters, ...of.tuned.peaks };
      return { threshold, minSnr, localBgRadius };
    },

    async peaks({ frame, parameters }) {
      const of = current();
      const searcher = await searcherOf(of);
      const data = await frameOf(of, frame);
      const start = performance.now();
      const list = await searcher.peaks(data, settingsWith(of, parameters));
      return shownPeaks(frame, list, performance.now() - start);
    },

    async index({ frame, parameters }) {
      const of = current();
      const searcher = await searcherOf(of);
      const data = await frameOf(of, frame);
      const start = performance.now();
      const result = await searcher.search(data, settingsWith(of, parameters));
      of.crystals = result.crystals;
      return {
        peaks: shownPeaks(frame, result.peaks, result.ms.peaks),
        crystals: result.crystals.map((crystal) => shownCrystal(crystal, searcher.detector)),
        ms: performance.now() - start,
      };
    },

    async run({ parameters }) {
      const of = current();
      const { dataset, cells } = of;
      const { geometry } = detectorOf(of);
      const start = performance.now();
      stopping = false;
      streamParts = [];
      const items = (await contextOf()).pipeline({
        inputs: [{ dataset, filename: of.name }],
        geometry,
        cells,
        ...(settingsWith(of, parameters) as Pick<SearchSettings, 'intRadius'> & { peaks: FinderParameters }),
      });
      for await (const { origin, result, chunk, error } of items) {
        if (chunk) streamParts.push(formatChunk(chunk));
        report(summaryOf(origin.event ?? 0, result, error?.message));
        if (stopping) break;
      }
      return { ms: performance.now() - start, stopped: stopping };
    },

    async stop() {
      stopping = true;
    },

    async stream() {
      return new Blob(streamParts, { type: 'text/plain' });
    },

    async loadScan() {
      const of = current();
      of.virtual = undefined;
      const scan = await residentScan(of.dataset);
      of.virtual = { scan, detector: new VirtualDetector(scan) };
    },

    async virtual(shape) {
      const { scan, detector } = virtualOf(current());
      const start = performance.now();
      const image = Float32Array.from(detector.set(maskOf(shape, scan)));
      return { image, ms: performance.now() - start };
    },

    async pattern(position) {
      const { scan } = virtualOf(current());
      if (position !== undefined) return { data: showable(scan.frame(position)) };
      return { data: Float32Array.from(scan.sum, (value) => value / scan.positions) };
    },

    async pixel({ fs, ss }) {
      const { detector, crystals } = current();
      const q = detector?.reciprocalOf(fs, ss);
      if (!q) return { resolutionA: undefined, hkl: undefined };
      const [crystal] = crystals;
      const along = (axis: readonly [number, number, number]): number =>
        axis[0] * q[0] + axis[1] * q[1] + axis[2] * q[2];
      const hkl = crystal && ([along(crystal.cell[0]), along(crystal.cell[1]), along(crystal.cell[2])] as const);
      return { resolutionA: 1 / Math.hypot(...q), hkl };
    },

    async rings({ resolutionsA }) {
      const { detector } = current();
      if (!detector) return [];
      const panels = placedPanels(detector.geometry);
      return resolutionsA.map((resolutionA) => ({
        resolutionA,
        arcs: detector.ring(resolutionA).flatMap((arc) => arcOn(panels[arc.panel], arc)),
      }));
    },
  };
}

async function openSession(
  { frames, geometry, cell }: OpenRequest,
  contextOf: () => Promise<Context>,
): Promise<{ readonly session: Session; readonly opened: Opened }> {
  const [first] = frames;
  if (!first) throw new Error('There are no frames among these files.');
  const known = cell && readCell(await textOf(cell), cell.name);
  const given = geometry && parseGeometry(await textOf(geometry), geometry.name);
  const inputs = frames.map(inputOf);
  const dataset = await open(inputs.length > 1 ? inputs : (inputs[0] as Blob | string));
  try {
    const signal = dataset.shape.signal;
    if (signal.length < 2 || /^c/.test(dataset.dtype))
      throw new Error(`${dataset.name} holds no frames of real numbers that could be shown.`);
    let detector: Detector | undefined;
    let withoutDetector: string | undefined;
    try {
      detector = await (await contextOf()).detector(dataset, { geometry: given });
    } catch (error) {
      // Without a geometry, a file that does not describe its detector is shown anyway. A given geometry has to fit.
      if (given) throw error;
      withoutDetector = error instanceof Error ? error.message : String(error);
    }
    const [width, height] = detector ? [detector.width, detector.height] : sizeOf(signal);
    const { meta } = dataset;
    const bad = detector ? detector.bad : await dataset.mask?.().catch(() => undefined);
    const session: Session = {
      name: first.name,
      dataset,
      detector,
      cells: known ? [known] : [],
      searcher: undefined,
      latest: undefined,
      crystals: [],
      virtual: undefined,
      tuned: {},
    };
    const opened: Opened = {
      ...{ name: first.name, format: dataset.format, dtype: dataset.dtype, frames: dataset.frames, width, height },
      navigation: dataset.shape.navigation,
      notes: dataset.notes.map(({ text }) => text),
      panels: detector && placedPanels(detector.geometry),
      withoutDetector,
      bad: bad?.slice(),
      validRange: (detector?.validRange ?? [meta.underload ?? -3e38, meta.saturation ?? 3e38]) as Limits,
      wavelengthA: detector?.beam.wavelengthA ?? meta.wavelengthA,
      cell: known && [...lengthsOf(known.cell), ...anglesOf(known.cell)],
      electrons: meta.voltageV !== undefined || (meta.wavelengthA ?? 1) < 0.1,
    };
    return { session, opened };
  } catch (error) {
    await dataset.dispose();
    throw error;
  }
}

function virtualOf({ virtual }: Session): NonNullable<Session['virtual']> {
  if (!virtual) throw new Error('The scan is not in memory.');
  return virtual;
}

/**
 * The mask of a virtual detector. The origin of masks is the centre of the first pixel, that of the page its corner.
 */
function maskOf({ kind, cx, cy, outer, inner }: VirtualShape, size: MaskSize): Uint8Array {
  const { width, height } = size;
  const at = { width, height, cx: cx - 0.5, cy: cy - 0.5 };
  if (kind === 'disk') return masks.circular({ ...at, r: outer });
  if (kind === 'ring') return masks.ring({ ...at, ri: inner, ro: outer });
  if (kind === 'square')
    return masks.rectangular({ width, height, x: at.cx - outer, y: at.cy - outer, w: 2 * outer, h: 2 * outer });
  const inside = (value: number, end: number): number => Math.min(end - 1, Math.max(0, Math.floor(value)));
  return masks.point({ width, height, cx: inside(cx, width), cy: inside(cy, height) });
}

interface MaskSize {
  readonly width: number;
  readonly height: number;
}

const inputOf = (file: InputFile): Blob | string => ('blob' in file ? file.blob : file.address);

const textOf = async (file: InputFile): Promise<string> =>
  'blob' in file ? file.blob.text() : (await fetch(file.address)).text();

/** Width and height of a frame; the modules of a frame with more axes are stacked vertically. */
function sizeOf(signal: readonly number[]): [number, number] {
  const width = signal.at(-1) ?? 1;
  return [width, signal.slice(0, -1).reduce((product, n) => product * n, 1)];
}

/** Converts data to a type that textures support. */
function showable(data: Awaited<ReturnType<OpenDataset['read']>>): FrameData {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array || data instanceof Float64Array)
    return Float32Array.from(data as ArrayLike<number | bigint>, Number);
  return data as FrameData;
}

/** Copies of the columns of a peak list: the worker transfers what it answers with. */
const shownPeaks = (frame: number, { count, fs, ss, intensity, snr }: PeakList, ms: number): ShownPeaks => ({
  frame,
  count,
  fs: fs.slice(),
  ss: ss.slice(),
  intensity: intensity.slice(),
  snr: snr.slice(),
  ms,
});

function shownCrystal(crystal: FrameCrystal, { geometry }: Detector): ShownCrystal {
  const list = crystal.reflections ?? [];
  const hkl = new Int16Array(3 * list.length);
  const columns = () => new Float32Array(list.length);
  const [fs, ss, intensity, sigma] = [columns(), columns(), columns(), columns()];
  for (const [i, reflection] of list.entries()) {
    const panel = geometry.panels[reflection.panel];
    hkl.set([reflection.h, reflection.k, reflection.l], 3 * i);
    fs[i] = reflection.fs + (panel?.minFs ?? 0);
    ss[i] = reflection.ss + (panel?.minSs ?? 0);
    intensity[i] = reflection.intensity;
    sigma[i] = reflection.sigma;
  }
  return {
    lengths: [...crystal.lengths],
    angles: [...crystal.angles],
    probability: crystal.probability,
    explained: crystal.peaks.length,
    resolutionA: 1 / crystal.resolution,
    axes: crystal.cell.flat(),
    reflections: { count: list.length, hkl, fs, ss, intensity, sigma },
  };
}

function summaryOf(frame: number, result: FrameResult | undefined, error: string | undefined): FrameSummary {
  const [first] = result?.crystals ?? [];
  return {
    frame,
    peaks: result?.peaks.count ?? 0,
    hit: result?.hit ?? false,
    crystals: result?.crystals.length ?? 0,
    cell: first && [...first.lengths, ...first.angles],
    resolutionA: first && 1 / first.resolution,
    error,
  };
}
