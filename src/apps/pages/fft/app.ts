/**
 * The page: an image, its spectrum, a filter, and the filtered image.
 *
 * A single loop does the work and serves only the latest request: while a slider moves, outdated filters are skipped.
 */

import { type BackendName, devices, fftfreq, rfftfreq } from '../../../entries/fft.js';
import { breathe, messageOf } from '../../../entries/pages.js';
import { byId } from '../by-id.js';
import { bindBrush, drawMarks } from './brush.js';
import { Engine, type Picture } from './engine.js';
import { bindFiles } from './files.js';
import { energyKept, fillMask } from './filter.js';
import { form, labelControls, listBackends, presetControls, readSettings, type Settings } from './form.js';
import { Painting } from './painting.js';

import { type SampleName, samples } from './samples.js';
import { channelsOf, drawSample, fillPixels, readImage, type Source } from './source.js';
import { colourTable, describeBin, drawSpectrum, levelsOf } from './view.js';

/** State of the image that is shown. */
interface Shown {
  readonly source: Source;
  readonly picture: Picture;
  readonly colour: boolean;
  readonly engine: Engine;
  readonly rows: Float64Array;
  readonly columns: Float64Array;
  readonly power: Float32Array;
  readonly levels: Uint8Array;
  readonly mask: Float32Array;
  readonly painting: Painting;
  readonly back: readonly Float32Array[];
  readonly result: ImageData;
  readonly spectrum: ImageData;
}

const canvases = {
  image: byId<HTMLCanvasElement>('image'),
  spectrum: byId<HTMLCanvasElement>('spectrum'),
  result: byId<HTMLCanvasElement>('result'),
};
let settings: Settings = readSettings();
let shown: Shown | undefined;
/** The requested image; if `shown` is missing, its transform has failed. */
let current: Source | undefined;
let engine: Engine | undefined;
let brushAt: readonly [number, number] | undefined;
// Requests that the loop has not handled yet.
let nextSource: (() => Promise<Source>) | undefined;
let nextBackend: BackendName | undefined;
let dirty = false;
let running = false;
/** Whether the user changed the controls or painted; settings that came with a sample do not count. */
let touched = false;

const root = document.documentElement;

function say(text: string, wrong = false): void {
  const line = byId('status');
  line.textContent = text;
  line.className = wrong ? 'wrong' : 'quiet';
}

function write(id: string, text: string): void {
  byId(id).textContent = text;
}

const put = (canvas: HTMLCanvasElement, pixels: ImageData): void => {
  if (canvas.width !== pixels.width || canvas.height !== pixels.height)
    Object.assign(canvas, { width: pixels.width, height: pixels.height });
  // A small image is shown with visible pixels.
  canvas.style.imageRendering = pixels.width < 200 ? 'pixelated' : 'auto';
  canvas.getContext('2d')?.putImageData(pixels, 0, 0);
};

/** Requests an update with the current settings of the controls. */
function wish(): void {
  dirty = true;
  if (!running) void work();
}

async function work(): Promise<void> {
  running = true;
  root.dataset.state = 'busy';
  while (dirty) {
    dirty = false;
    await new Promise((resolve) => requestAnimationFrame(resolve));
    try {
      if (nextBackend !== undefined || !engine) await openBackend();
      if (engine && (nextSource || !shown || shown.engine !== engine || shown.colour !== settings.colour))
        await load(engine);
      if (shown) await filter(shown);
    } catch (error) {
      say(messageOf(error), true);
    }
  }
  running = false;
  root.dataset.state = engine ? 'ready' : 'error';
}

async function openBackend(): Promise<void> {
  const name = nextBackend;
  nextBackend = undefined;
  try {
    const opened = await Engine.open(name);
    await engine?.dispose();
    engine = opened;
  } finally {
    const box = form.querySelector<HTMLInputElement>(`input[name=backend][value=${engine?.backend}]`);
    if (box) box.checked = true;
  }
  write('device', engine.device);
}

/** Loads the requested image, or the same one again for another backend or number of channels. */
async function load(on: Engine): Promise<void> {
  const bring = nextSource;
  nextSource = undefined;
  const source = bring ? await bring() : current;
  if (!source) return;
  const painting = !bring && shown ? shown.painting : paintingOf(source);
  current = source;
  const { width, height } = source.pixels;
  const { colour } = settings;
  byId('controls').parentElement?.style.setProperty('--ratio', String(width / height));
  say(`transforming ${source.name}, ${width} × ${height}`);
  await breathe();
  const picture = channelsOf(source.pixels, colour);
  // From here on the engine holds another image.
  shown = undefined;
  const ms = await on.load(picture);
  await breathe();
  const power = on.power();
  await breathe();
  const levels = levelsOf(power);
  await breathe();
  const half = (width >> 1) + 1;
  shown = {
    source,
    picture,
    colour,
    engine: on,
    rows: fftfreq(height),
    columns: rfftfreq(width),
    power,
    levels,
    mask: new Float32Array(height * half),
    painting,
    back: picture.channels.map(() => new Float32Array(width * height)),
    result: new ImageData(width, height),
    spectrum: new ImageData(width, height),
  };
  const before = new ImageData(width, height);
  fillPixels(before, picture.channels, false);
  put(canvases.image, before);
  write('size', `${width} × ${height}${colour ? ', 3 channels' : ''}`);
  write('half', `${half} × ${height} complex numbers`);
  write('forward', `${ms.toFixed(1)} ms`);
  say(source.note);
  await breathe();
}

function paintingOf({ pixels, spots }: Source): Painting {
  const painting = new Painting(pixels.width, pixels.height);
  for (const [x, y] of spots) painting.begin(x, y, settings.brush, false);
  return painting;
}

/** Computes the mask and the filtered image, and shows both. */
async function filter({
  mask,
  rows,
  columns,
  painting,
  power,
  levels,
  back,
  result,
  spectrum,
  picture,
  engine: on,
}: Shown): Promise<void> {
  const { palette, stretch, filter: wanted } = settings;
  const { width, height } = picture;
  fillMask(mask, rows, columns, wanted, painting.empty && wanted.painted === 'remove' ? undefined : painting.coverage);
  await breathe();
  drawSpectrum(new Uint32Array(spectrum.data.buffer), levels, mask, colourTable(palette), width, height);
  put(canvases.spectrum, spectrum);
  showMarks();
  await breathe();
  const { all, contrast } = energyKept(power, mask, width);
  const ms = await on.filter(mask, back);
  await breathe();
  fillPixels(result, back, stretch);
  put(canvases.result, result);
  write('backward', `${ms.toFixed(1)} ms`);
  write('energy', `${(100 * all).toFixed(2)} %`);
  write('contrast', `${(100 * contrast).toFixed(2)} %`);
  byId<HTMLButtonElement>('undo').disabled = painting.empty;
  byId<HTMLButtonElement>('clear').disabled = painting.empty;
}

/** Draws the overlays; fast enough for every mouse move. */
function showMarks(): void {
  if (!shown) return;
  const { width, height } = shown.picture;
  const { kind, from, to, wedge } = settings.filter;
  const rings = { all: [], low: [to], high: [from], band: [from, to], stop: [from, to] }[kind];
  const angles = wedge ? [wedge.angle - wedge.width, wedge.angle + wedge.width] : [];
  drawMarks({ width, height, rings, angles, brush: brushAt && { at: brushAt, radius: settings.brush } });
  byId('pad').style.setProperty('--zoom', String(settings.zoom));
  write('readout', brushAt ? describeBin(brushAt, shown.power, shown.picture) : 'Point at the spectrum to read it.');
}

function stroke(change: (painting: Painting) => void): void {
  if (!shown) return;
  change(shown.painting);
  touched = true;
  wish();
}

async function save(canvas: HTMLCanvasElement, suffix: string): Promise<void> {
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (!blob) {
    say('the browser could not create a PNG; the image may be too large for its memory', true);
    return;
  }
  const name = `${shown?.source.name.replace(/\.[a-z0-9]+$/i, '') ?? 'image'}-${suffix}.png`;
  const link = Object.assign(document.createElement('a'), { download: name, href: URL.createObjectURL(blob) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function bring(file: Blob | undefined, name: string): void {
  if (!file) {
    say('no file was supplied; drop or paste an image', true);
    return;
  }
  byId<HTMLSelectElement>('sample').value = '';
  nextSource = async () => {
    say(`reading ${name}`);
    const source = await readImage(file, name);
    // The filter of a sample does not apply to another image.
    if (!touched) {
      presetControls({});
      settings = readSettings();
      labelControls(settings);
    }
    return source;
  };
  wish();
}

function takeSample(name: SampleName): void {
  byId<HTMLSelectElement>('sample').value = name;
  const sample = samples[name]();
  presetControls(sample.preset);
  touched = false;
  nextSource = () => drawSample(name, sample);
  refresh();
}

function refresh(): void {
  settings = readSettings();
  labelControls(settings);
  wish();
}

function bind(): void {
  form.addEventListener('input', ({ target }) => {
    const { name, value } = target as HTMLInputElement;
    if (name === 'backend') nextBackend = value as BackendName;
    else touched = true;
    refresh();
  });
  form.addEventListener('submit', (event) => event.preventDefault());
  byId<HTMLSelectElement>('sample').addEventListener('change', ({ target }) => {
    const { value } = target as HTMLSelectElement;
    if (value) takeSample(value as SampleName);
  });
  bindFiles(bring);
  byId('save-result').addEventListener('click', () => save(canvases.result, 'filtered'));
  byId('save-spectrum').addEventListener('click', () => save(canvases.spectrum, 'spectrum'));
  byId('undo').addEventListener('click', () => stroke((painting) => painting.undo()));
  byId('clear').addEventListener('click', () => stroke((painting) => painting.clear()));
  byId('start-over').addEventListener('click', () => {
    presetControls({});
    shown?.painting.clear();
    refresh();
  });
  bindBrush(canvases.spectrum, {
    hover: (place) => {
      brushAt = place;
      showMarks();
    },
    begin: (x, y, erase) =>
      stroke((painting) => painting.begin(x, y, settings.brush, erase ?? settings.tool === 'erase')),
    extend: (x, y) => stroke((painting) => painting.extend(x, y)),
    undo: () => stroke((painting) => painting.undo()),
    zoom: (step) => {
      const slider = byId<HTMLInputElement>('zoom');
      slider.value = String(Number(slider.value) + step);
      refresh();
    },
  });
}

async function start(): Promise<void> {
  labelControls(settings);
  bind();
  listBackends(await devices());
  // fft.html?sample=print&backend=wasm starts with another image and on a given backend.
  const query = new URLSearchParams(location.search);
  nextBackend = (query.get('backend') as BackendName | null) ?? undefined;
  const name = query.get('sample') ?? 'lattice';
  takeSample(name in samples ? (name as SampleName) : 'lattice');
}

start().catch((error) => {
  say(messageOf(error), true);
  root.dataset.state = 'error';
});
