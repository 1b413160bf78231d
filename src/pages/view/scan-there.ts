/** The operations on a scan that the server of the page computes: the same as those on one in memory. */
import { type ComputeHead, imageOf, type Stacked, sentBytes } from '../../entries/pages.js';
import { fourierMagnitude, robustLimits, vectorsToRgba } from '../../entries/udf.js';
import type { FrameData } from './contrast.js';
import { pictureBytes, wheel } from './field-wheel.js';
import type { OpenDataset } from './open-dataset.js';
import type {
  ImagePlane,
  LoadedScan,
  LoadingReport,
  Optics,
  ScanImage,
  ScanImageRequest,
  ScanLoading,
  ScanRegion,
  VirtualShape,
} from './protocol.js';
import { quantities, type ScanQuantity, type ScanUnits, wholeAnalysis } from './scan-quantities.js';
import { shownCalibration, statedBy } from './shown-calibration.js';

/** Bytes of a picture while a detector is dragged: more where the picture before has come within this time, ms. */
const [leastMoving, mostMoving, quickMs] = [20_000, 100_000, 60];

interface Answer {
  readonly head: ComputeHead;
  readonly images: readonly Float64Array[];
}

/** What of an analysis a page asks for. */
interface Question {
  readonly analysis: string;
  readonly channel: string;
  readonly shape?: VirtualShape;
  readonly optics?: Optics | undefined;
  readonly exact: boolean;
}

/** The open file, whose head alone is read here. */
interface OpenFile {
  readonly dataset: OpenDataset;
  readonly calibration?: unknown;
  /** Aborted when another file is opened. */
  readonly closing: AbortController;
}

export class ScanThere {
  readonly #of: OpenFile;
  readonly #address: string;
  readonly #client = Math.random().toString(36).slice(2);
  #moving = new AbortController();
  #movingBytes = leastMoving;
  #still = new AbortController();
  /** Optics with which the calibration that is used was made; undefined: there is none. */
  #optics: Optics | undefined;

  constructor(of: OpenFile, address: string) {
    [this.#of, this.#address] = [of, address];
    if (of.calibration !== undefined) this.#optics = {};
  }

  get #units(): ScanUnits {
    return statedBy(this.#of.dataset).units;
  }

  async load({ shape }: ScanLoading, report: LoadingReport): Promise<LoadedScan> {
    const { dataset, calibration } = this.#of;
    const [height = 1, width = 1] = dataset.shape.sig;
    const show = ({ head: { isWhole, done, every }, images: [image] }: Answer): void => {
      // All that is read of a scan that stays in its file are these positions.
      const share = isWhole ? 0 : done;
      if (image) report({ share, every, image: { image, rgba: undefined, wheel: undefined, ms: 0 } });
    };
    const answer = await this.#ask('load', { shape }, { room: this.#movingBytes }, show);
    show(answer);
    const { head } = answer;
    const known = calibration === undefined ? undefined : shownCalibration(calibration, this.#units);
    const isResident = head.isResident === true;
    return { bin: 1, width, height, fileBytes: 0, bytes: 0, isResident, ...statedBy(dataset), calibration: known };
  }

  /** Ends the wait for an image that follows the detector. */
  giveUp(): void {
    this.#moving.abort();
    this.#still.abort();
  }

  /** An image that follows the detector: rounded while it moves. */
  async virtual(request: ScanImageRequest, report: (part: ScanImage) => void): Promise<ScanImage> {
    const { shape, quantity, exact = false } = request;
    const start = performance.now();
    const { analysis, channel } = quantities[quantity];
    const question: Question = {
      analysis: analysis === 'detector' ? 'sum' : analysis,
      ...{ channel, shape, exact, optics: this.#optics },
    };
    const how = exact ? {} : { room: this.#movingBytes };
    const shown = (answer: Answer): ScanImage => ({ ...this.#drawn(answer, request), ms: performance.now() - start });
    // The numbers of a detector that moves on are not waited for: they would take the room of its pictures.
    this.#still.abort();
    const moving = new AbortController();
    if (exact) this.#still = moving;
    else this.#moving = moving;
    try {
      const slot = exact ? `exact ${quantity}` : 'image';
      const told = (part: Answer): void => {
        if (part.images.length > 0) report(shown(part));
      };
      return shown(await this.#ask('image', question, { ...how, slot, signal: moving.signal }, told));
    } catch (error) {
      if (!moving.signal.aborted) throw error;
      return { image: new Float64Array(0), rgba: undefined, wheel: undefined, isGivenUp: true, ms: 0 };
    }
  }

  #drawn({ head, images: [y, x] }: Answer, { quantity, fourier, rim }: ScanImageRequest): ScanImage {
    if (!y) throw new Error('The server of this page has computed no image.');
    const numbers = x ? y.map((value, i) => Math.hypot(value, x[i] as number)) : y;
    const image = fourier ? fourierMagnitude(numbers, this.#of.dataset.shape.nav) : numbers;
    const isField = x !== undefined && quantity === 'field' && !fourier;
    const most = isField ? (rim ?? robustLimits(image)[1]) : undefined;
    const vectors = isField
      ? Float64Array.from({ length: 2 * y.length }, (_, i) => (i % 2 ? x : y)[i >> 1] as number)
      : undefined;
    return {
      ...{ image, vectors, rim: most, ms: 0, notes: head.notes },
      progress: progressOf(head),
      rgba: vectors && most !== undefined ? pictureBytes(vectorsToRgba(vectors, { most })) : undefined,
      wheel: isField ? wheel() : undefined,
    };
  }

  async calibrate(optics: Optics) {
    const { head } = await this.#ask('calibration', { optics }, { slot: 'calibration' });
    this.#optics = optics;
    return shownCalibration(head.calibration, this.#units);
  }

  async analysed(quantity: ScanQuantity, optics: Optics) {
    const start = performance.now();
    const analysis = wholeAnalysis(quantity) as string;
    const { channel } = quantities[quantity];
    const calibration = await this.calibrate(this.#of.calibration === undefined ? optics : {});
    const used = this.#of.calibration === undefined || analysis === 'ssb' ? optics : {};
    const { head, images } = await this.#ask(
      'image',
      { analysis, channel, optics: used, exact: true },
      { slot: quantity },
    );
    const [{ shape: [rows = 0, columns = 0] = [], scales } = {}] = head.images;
    const plane = scales && { rows, columns, axes: scales as unknown as ImagePlane['axes'] };
    return {
      ...{ image: images[0] as Float64Array, plane, notes: head.notes, calibration },
      ...{ rgba: undefined, wheel: undefined, ms: performance.now() - start },
    };
  }

  async pattern(region: ScanRegion | undefined): Promise<{ readonly data: FrameData }> {
    const { x = 0, y = 0, w = 1, h = 1 } = region ?? {};
    const { images } = await this.#ask('pattern', region ? { region: [y, x, h, w] } : {}, { slot: 'pattern' });
    return { data: Float32Array.from(images[0] as Float64Array) };
  }

  /** Frames that are combined into one. */
  async stack(stacked: Stacked): Promise<Float32Array> {
    const { images } = await this.#ask('stack', stacked, {});
    return Float32Array.from(images[0] as Float64Array);
  }

  /** Asks until all is there; parts are told. Throws an Error with the words of the server. */
  async #ask(
    name: string,
    question: object,
    { room, slot = name, signal }: { readonly room?: number; readonly slot?: string; readonly signal?: AbortSignal },
    tell: (part: Answer) => void = () => undefined,
  ): Promise<Answer> {
    for (let after = 0; ; ) {
      // It has the entry of a folder that the page is of.
      const asked = new URL(this.#address, location.href);
      asked.pathname += `/${name}`;
      const given = { client: this.#client, slot, after: String(after), q: JSON.stringify(question) };
      for (const [key, value] of Object.entries(given)) asked.searchParams.set(key, value);
      if (room !== undefined) asked.searchParams.set('room', String(room));
      const begun = performance.now();
      const answer = await fetch(asked, {
        signal: AbortSignal.any([this.#of.closing.signal, ...(signal ? [signal] : [])]),
      });
      if (!answer.ok) throw new Error(await answer.text());
      const found = read(new Uint8Array(await answer.arrayBuffer()));
      if (room !== undefined) this.#movingBytes = performance.now() - begun < quickMs ? mostMoving : leastMoving;
      if (found.head.problem !== undefined) throw new Error(found.head.problem);
      if (found.head.isWhole) return found;
      if (found.head.version > after) tell(found);
      after = found.head.version;
    }
  }
}

/** What the images of an answer are not yet. */
function progressOf({ isWhole, done, images }: ComputeHead): string {
  const [error, block] = [
    Math.max(0, ...images.map((image) => image.error)),
    Math.max(1, ...images.map((image) => image.block)),
  ];
  return [
    ...(isWhole ? [] : [`${Math.round(100 * done)} % of the frames`]),
    ...(block > 1 ? [`means of ${block} × ${block} positions while it moves`] : []),
    ...(error > 0 ? [`rounded to ± ${Number(error.toPrecision(2))}${block > 1 ? '' : ' while it moves'}`] : []),
  ].join(', ');
}

/** The line of an answer, and its images. */
function read(bytes: Uint8Array): Answer {
  const end = bytes.indexOf(10);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end))) as Answer['head'];
  let from = end + 1;
  const images = head.images.map((image) => {
    const length = sentBytes(image);
    from += length;
    return imageOf(image, bytes.subarray(from - length, from));
  });
  return { head, images };
}
