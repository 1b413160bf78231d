// An image is transformed once, and back for each change of the filter. Bundlers resolve 'ewald/fft'; without one, the
// address of the browser build is imported as here.
import { createContext, fftfreq, rfftfreq } from '/node_modules/ewald/dist/fft.browser.js';

const byId = (id) => document.getElementById(id);
const form = byId('controls');
const backend = new URLSearchParams(location.search).get('backend');
const context = await createContext(backend ? { backend, strict: true } : {});

/** The image that is shown: its transform, and the painted spots, 1 where painted. */
let shown;
let [busy, wanted] = [false, false];

/** A lattice in noise, until an image is opened. */
function sample(size) {
  const pixels = Float32Array.from({ length: size * size }, (_, i) => {
    const [x, y] = [i % size, Math.floor(i / size)];
    const waves = Math.cos(0.9 * x + 0.25 * y) + Math.cos(-0.3 * x + 0.95 * y);
    return 128 + 25 * waves + 60 * (Math.random() - 0.5);
  });
  return { name: 'a lattice in noise', width: size, height: size, pixels };
}

/** An image file in grey; a transform of more than 2048² would keep the page from drawing. */
async function read(file) {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, 2048 / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [bitmap.width, bitmap.height].map((n) => Math.max(1, Math.round(n * scale)));
  const drawing = new OffscreenCanvas(width, height).getContext('2d');
  drawing.drawImage(bitmap, 0, 0, width, height);
  const { data } = drawing.getImageData(0, 0, width, height);
  const grey = (_, i) => 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2];
  return { name: file.name, width, height, pixels: Float32Array.from({ length: width * height }, grey) };
}

/** Transforms another image. */
async function show({ name, width, height, pixels }) {
  const before = shown;
  shown = undefined;
  await before?.plan.dispose();
  const plan = await context.fft({ shape: [height, width], kind: 'r2c' });
  const started = performance.now();
  const spectrum = await plan.forward(pixels);
  const ms = performance.now() - started;
  const half = Math.floor(width / 2) + 1;
  const power = Float32Array.from({ length: height * half }, (_, i) => spectrum[2 * i] ** 2 + spectrum[2 * i + 1] ** 2);
  const frequencies = { rows: fftfreq(height), columns: rfftfreq(width) };
  const painted = new Float32Array(height * half);
  shown = { name, width, height, half, plan, spectrum, power, frequencies, painted, ms };
  draw(byId('image'), width, height, (i) => [pixels[i], pixels[i], pixels[i]]);
  await update();
}

/** From 1 at x ≤ 0 to 0 at x ≥ 1 along a cosine, which rings less than a straight line. */
const fade = (x) => (x <= 0 ? 1 : x >= 1 ? 0 : 0.5 + 0.5 * Math.cos(Math.PI * x));

/** The settings of the form, as numbers where they are. */
const settings = () => {
  const given = Object.fromEntries(new FormData(form));
  for (const name of ['from', 'to', 'edge', 'angle', 'spread', 'brush']) given[name] = Number(given[name]);
  return given;
};

/** What each frequency of the half spectrum is multiplied by, 0 to 1. */
function maskOf({ frequencies: { rows, columns }, painted }, { kind, from, to, edge, ...others }) {
  const above = (f) => fade((from - f) / edge);
  const below = (f) => fade((f - to) / edge);
  const passes = {
    all: () => 1,
    low: below,
    high: above,
    band: (f) => above(f) * below(f),
    stop: (f) => 1 - above(f) * below(f),
  }[kind];
  const mask = new Float32Array(painted.length);
  for (const [y, fy] of rows.entries())
    for (const [x, fx] of columns.entries()) {
      const i = y * columns.length + x;
      mask[i] = passes(Math.sqrt(fx * fx + fy * fy));
      if (others.wedge && i > 0) {
        // Opposite directions are one; rows count downwards.
        const turned = Math.abs((Math.atan2(-fy, fx) * 180) / Math.PI - others.angle) % 180;
        mask[i] *= fade((Math.min(turned, 180 - turned) - others.spread) / 4);
      }
      mask[i] *= others.painted === 'keep' ? painted[i] : 1 - painted[i];
    }
  if (others.mean) mask[0] = 1;
  return mask;
}

/** Filters with the present settings; of requests that come meanwhile only the last one counts. */
async function update() {
  wanted = true;
  if (busy) return;
  busy = true;
  try {
    while (wanted && shown) {
      wanted = false;
      await filter(shown);
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
  } finally {
    busy = false;
  }
}

async function filter(image) {
  const { name, width, height, half, plan, spectrum, power, ms } = image;
  const mask = maskOf(image, settings());
  const product = spectrum.map((value, i) => value * mask[i >> 1]);
  const started = performance.now();
  const back = await plan.backward(product, undefined, { scale: 'full' });
  const took = performance.now() - started;
  const [low, high] = back.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [Infinity, -Infinity]);
  draw(byId('result'), width, height, (i) => {
    const value = (255 * (back[i] - low)) / (high - low || 1);
    return [value, value, value];
  });
  drawSpectrum(image, mask);
  // All but two columns of a half spectrum have a mirror image.
  const energy = (weight) =>
    power.reduce((sum, value, i) => {
      const copies = i % half === 0 || 2 * (i % half) === width ? 1 : 2;
      return i === 0 ? sum : sum + copies * weight(i) * value;
    }, 0);
  const kept = energy((i) => mask[i] ** 2) / (energy(() => 1) || 1);
  const [first] = context.backends;
  byId('status').textContent =
    `${name}, ${width} × ${height}, on ${first.name}: forward ${ms.toFixed(1)} ms, backward ${took.toFixed(1)} ms; ` +
    `${(100 * kept).toFixed(2)} % of the contrast is kept`;
  document.documentElement.dataset.kept = String(kept);
}

/** The bin of a pixel of the spectrum, whose middle is the frequency 0; the other half mirrors the one that is known. */
function binOf({ width, height, half }, px, py) {
  let [x, y] = [px - (width >> 1), py - (height >> 1)];
  if (x < 0 || x >= half) [x, y] = [-x, -y];
  return ((y + height) % height) * half + x;
}

/** The logarithm of the power; what the filter takes out is blue. */
function drawSpectrum(image, mask) {
  const { width, height, power } = image;
  const most = Math.log1p(power.reduce((most, value, i) => (i > 0 ? Math.max(most, value) : most), 0)) || 1;
  draw(byId('spectrum'), width, height, (i) => {
    const bin = binOf(image, i % width, Math.floor(i / width));
    const level = (255 * Math.log1p(power[bin])) / most;
    return [level * mask[bin], level * mask[bin], level];
  });
}

function draw(canvas, width, height, colour) {
  Object.assign(canvas, { width, height });
  const picture = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) picture.data.set([...colour(i), 255], 4 * i);
  canvas.getContext('2d').putImageData(picture, 0, 0);
}

/** Paints a spot and its mirror image. */
function paint({ offsetX, offsetY, target, buttons }) {
  if (!shown || buttons === 0) return;
  const { width, height, painted } = shown;
  const { brush } = settings();
  const [x, y] = [(offsetX * width) / target.clientWidth, (offsetY * height) / target.clientHeight].map(Math.floor);
  for (let dy = -brush; dy <= brush; dy++)
    for (let dx = -brush; dx <= brush; dx++) {
      const inside = x + dx >= 0 && x + dx < width && y + dy >= 0 && y + dy < height;
      if (!inside || dx * dx + dy * dy > brush * brush) continue;
      // The columns of the frequency 0 and of the highest one hold both halves.
      const [px, py] = [x + dx, y + dy];
      painted[binOf(shown, px, py)] = 1;
      const mirrored = [2 * (width >> 1) - px, 2 * (height >> 1) - py];
      if (mirrored.every((n, i) => n >= 0 && n < [width, height][i])) painted[binOf(shown, ...mirrored)] = 1;
    }
  report(update());
}

/** Errors are shown, as of files that are no images. */
const report = (work) => work.catch((error) => Object.assign(byId('status'), { textContent: error.message }));
const open = async (file) => file && show(await read(file));

form.addEventListener('input', () => report(update()));
form.addEventListener('submit', (event) => event.preventDefault());
byId('file').addEventListener('change', ({ target }) => report(open(target.files[0])));
byId('spectrum').addEventListener('pointerdown', paint);
byId('spectrum').addEventListener('pointermove', paint);
byId('clear').addEventListener('click', () => {
  shown?.painted.fill(0);
  report(update());
});
document.addEventListener('dragover', (event) => event.preventDefault());
document.addEventListener('drop', (event) => {
  event.preventDefault();
  report(open(event.dataTransfer.files[0]));
});
await report(show(sample(256)));
